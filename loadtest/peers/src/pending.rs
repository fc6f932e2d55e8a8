//! The calls in flight on one connection, as everybody writes them by hand: a map from ids to whoever waits. Knows no
//! wire.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use farcall_load::Failure;
use tokio::sync::oneshot;

/// Calls that wait for their replies.
#[derive(Debug, Default)]
pub struct Pending(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    next: u32,
    waiting: HashMap<u32, oneshot::Sender<Bytes>>,
    /// The connection is gone: nobody will answer.
    lost: bool,
}

impl Pending {
    /// A new call's id, and where its reply will arrive. [`Failure::Lost`] once the connection is.
    pub fn begin(&self) -> Result<(u32, oneshot::Receiver<Bytes>), Failure> {
        let mut state = self.state();
        if state.lost {
            return Err(Failure::Lost);
        }
        let id = state.next;
        state.next = id.wrapping_add(1);
        let (answer, reply) = oneshot::channel();
        state.waiting.insert(id, answer);
        Ok((id, reply))
    }

    /// `body` is the reply to `id`. A reply to nobody is dropped.
    pub fn answer(&self, id: u32, body: Bytes) {
        let waiting = self.state().waiting.remove(&id);
        // Who no longer waits wants no reply.
        let _ = waiting.map(|waiting| waiting.send(body));
    }

    /// The connection is gone: everybody who waits is told, and whoever calls from now on.
    pub fn lose(&self) {
        let mut state = self.state();
        state.lost = true;
        state.waiting.clear();
    }

    /// The table, for a moment: never held across an await.
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a call came to: its own bytes, or not.
pub fn same(sent: &[u8], reply: &[u8]) -> Result<usize, Failure> {
    if sent == reply { Ok(reply.len()) } else { Err(Failure::WrongReply) }
}
