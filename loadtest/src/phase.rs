//! A task that is at work through a warm-up and a window: pushes, snapshots. Says when what it does counts, and when it is
//! over; what it does is its own.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::task::{JoinError, JoinHandle};
use tokio_util::sync::CancellationToken;

use crate::failure::Failure;
use crate::process::OwnChild;
use crate::round::{Account, Round};

/// What the task is told.
#[derive(Debug, Default)]
pub(crate) struct Phase {
    /// The warm-up is over: what happens now counts.
    measured: AtomicBool,
    /// The window is over.
    over: CancellationToken,
}

impl Phase {
    /// Whether what happens now counts.
    pub(crate) fn is_measured(&self) -> bool {
        self.measured.load(Ordering::Relaxed) && !self.over.is_cancelled()
    }

    /// A window that has begun.
    #[cfg(test)]
    pub(crate) fn measured() -> Phase {
        Phase { measured: AtomicBool::new(true), ..Phase::default() }
    }

    /// Until the window is over.
    pub(crate) async fn over(&self) {
        self.over.cancelled().await;
    }
}

/// Lets `task` work through the warm-up and the window of `round`, and says what the window cost. A failure that ends it early
/// is counted, and ends the window with it.
pub(crate) async fn work_through(
    mut task: JoinHandle<Result<(), Failure>>,
    phase: Arc<Phase>,
    child: Option<&OwnChild>,
    round: &Round<'_>,
) -> Account {
    let Round { plan, live, stop } = *round;
    let mut ended = pass(plan.warm_up(), &mut task, stop).await;
    phase.measured.store(true, Ordering::Relaxed);
    let window = async {
        if ended.is_none() {
            ended = pass(plan.window, &mut task, stop).await;
        }
    };
    let ((), account) = round.account(window, child).await;
    phase.over.cancel();
    let ended = match ended {
        Some(ended) => ended,
        None => task.await,
    };
    if let Err(why) = ended.unwrap_or(Err(Failure::Panicked)) {
        live.fail(why, 1);
    }
    account
}

/// Lets `length` pass, or less if the task has ended or the run is stopped; how the task ended, if it did.
async fn pass<T>(
    length: Duration,
    task: &mut JoinHandle<T>,
    stop: &CancellationToken,
) -> Option<Result<T, JoinError>> {
    tokio::select! {
        () = tokio::time::sleep(length) => None,
        () = stop.cancelled() => None,
        ended = task => Some(ended),
    }
}
