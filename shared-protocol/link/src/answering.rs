//! The promise that a call of the peer is answered exactly once, whatever becomes of whoever was to answer it.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use farcall_protocol::{CallError, CallId, Failed};

use crate::dispatch::Handling;
use crate::router::Encoded;
use crate::shared::Shared;

/// A call that owes its answer. Dropped without one it answers by itself: with why it was stopped, else as
/// abandoned.
pub(crate) struct Answering {
    shared: Arc<Shared>,
    call: Option<CallId>,
    handling: Handling,
    /// Whether it holds one of the session's handler slots. A cancelled call holds it until its handler has really
    /// stopped (the lesson of CVE-2023-44487).
    holds_slot: bool,
}

impl Answering {
    /// For a handler that runs as a task, in a slot of its own.
    pub(crate) fn in_a_slot(shared: Arc<Shared>, call: Option<CallId>, handling: Handling) -> Self {
        shared.running.fetch_add(1, Ordering::AcqRel);
        Self { shared, call, handling, holds_slot: true }
    }

    /// For an answer that is waited for while nothing runs: a frame to come, a person to decide. It takes nobody's
    /// slot; the peer's permits bound how many there are.
    pub(crate) const fn later(shared: Arc<Shared>, call: Option<CallId>, handling: Handling) -> Self {
        Self { shared, call, handling, holds_slot: false }
    }

    pub(crate) const fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    pub(crate) const fn call(&self) -> Option<CallId> {
        self.call
    }

    /// Whether anybody still waits for the answer.
    pub(crate) fn is_wanted(&self) -> bool {
        self.call.is_some_and(|id| self.shared.peek(|session| session.is_wanted(id)))
    }

    /// Answers. False if it is too late: the call has been stopped, or the session is over.
    pub(crate) fn finish(&mut self, encoded: &Encoded) -> bool {
        let ending = match encoded {
            Ok(body) => Ok(&body[..]),
            Err(error) => Err(match error {
                CallError::Handler(body) => CallError::Handler(&body[..]),
                other => other.clone().map_handler(|_| &[][..]),
            }),
        };
        let in_time = match self.call.take() {
            Some(id) => self.shared.reply(id, ending.clone()),
            None => true,
        };
        self.handling.finished(&self.shared, ending.map(|_| ()));
        in_time
    }

    /// Ends it as failed.
    pub(crate) fn fail(&mut self, how: Failed) {
        self.finish(&Err(CallError::Failed(how)));
    }
}

impl Drop for Answering {
    fn drop(&mut self) {
        if let Some(id) = self.call.take() {
            // Dropped by a handler that panics with its `Reply` in hand: that is what its caller is told.
            let how = if std::thread::panicking() { Failed::Panicked } else { Failed::Abandoned };
            self.shared.reply_stopped(id, how);
        }
        if self.holds_slot {
            self.shared.running.fetch_sub(1, Ordering::AcqRel);
            if self.shared.queued.load(Ordering::Acquire) {
                self.shared.wake_driver();
            }
        }
    }
}
