//! Handlers that run as tasks: how they are stopped, and that nothing of them is left at the end.

use std::collections::HashMap;
use std::task::{Context as TaskContext, Poll};

use farcall_protocol::CallId;
use tokio::task::{AbortHandle, JoinSet};
use tracing::Instrument;

use crate::task::HandlerTask;

/// One session's.
#[derive(Debug, Default)]
pub(super) struct Tasks {
    running: JoinSet<()>,
    /// How to stop the handler of a slot; an entry may be stale, its generation tells.
    aborts: HashMap<u32, (u32, AbortHandle)>,
}

impl Tasks {
    pub(super) fn spawn(&mut self, task: HandlerTask, call: Option<CallId>) {
        let abort = self.running.spawn(task.in_current_span());
        if let Some(id) = call {
            self.aborts.insert(id.slot, (id.generation, abort));
        }
    }

    /// Forgets those that have ended, and wakes this task when another does.
    pub(super) fn reap(&mut self, cx: &mut TaskContext<'_>) {
        while let Poll::Ready(Some(_)) = self.running.poll_join_next(cx) {}
    }

    /// Stops the handler of a call. False if there is none, or it has ended.
    pub(super) fn abort(&mut self, id: CallId) -> bool {
        let Some((generation, abort)) = self.aborts.remove(&id.slot) else { return false };
        let runs = generation == id.generation && !abort.is_finished();
        if runs {
            abort.abort();
        }
        runs
    }

    pub(super) fn is_empty(&self) -> bool {
        self.running.is_empty()
    }

    /// Stops all of them, and waits until they have.
    pub(super) async fn shut_down(&mut self) {
        self.running.shutdown().await;
    }
}
