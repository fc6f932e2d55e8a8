//! The queue between whoever speaks on a connection and the task that writes to it, as the hand-written contenders have
//! it.

use farcall_load::Failure;
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;

/// Queues `item`; waits while there is no room. [`Failure::Lost`] when nobody takes from the queue any more.
///
/// Room is tried for first: waiting for what need not be waited for counts against a task's turn, and who pushes to
/// thousands would be sent to the back of the line every 128 clients.
pub async fn put<T>(queue: &mpsc::Sender<T>, item: T) -> Result<(), Failure> {
    match queue.try_send(item) {
        Ok(()) => Ok(()),
        Err(TrySendError::Full(item)) => queue.send(item).await.map_err(|_| Failure::Lost),
        Err(TrySendError::Closed(_)) => Err(Failure::Lost),
    }
}

/// Messages that wait for the task that writes them; when full, whoever sends waits. More than any workload has in
/// flight, which also keeps two readers from waiting for each other's room.
pub const QUEUE: usize = 2_048;
