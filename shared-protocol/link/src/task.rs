//! An asynchronous handler that goes on as a task, and the promise that its call is answered exactly once,
//! whatever becomes of the task.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context as TaskContext, Poll};

use farcall_protocol::{CallError, CallId, Failed};

use crate::dispatch::Handling;
use crate::router::{Encoded, HandlerFuture};
use crate::shared::Shared;

/// A running handler. Dropping it (abort, a session's end, a runtime's) answers its call.
pub(crate) struct HandlerTask {
    future: HandlerFuture,
    guard: Guard,
}

/// Holds a handler slot until the handler has really stopped: a cancelled call counts as long as its handler runs
/// (the lesson of CVE-2023-44487).
struct Guard {
    shared: Arc<Shared>,
    call: Option<CallId>,
    handling: Handling,
}

impl HandlerTask {
    pub(crate) fn new(
        shared: Arc<Shared>,
        call: Option<CallId>,
        future: HandlerFuture,
        handling: Handling,
    ) -> Self {
        shared.running.fetch_add(1, Ordering::AcqRel);
        Self { future, guard: Guard { shared, call, handling } }
    }
}

impl Future for HandlerTask {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<()> {
        let this = &mut *self;
        let polled = std::panic::catch_unwind(AssertUnwindSafe(|| this.future.as_mut().poll(cx)));
        let encoded = match polled {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(encoded)) => encoded,
            Err(_) => Err(CallError::Failed(Failed::Panicked)),
        };
        this.guard.finish(&encoded);
        Poll::Ready(())
    }
}

impl Guard {
    fn finish(&mut self, encoded: &Encoded) {
        let ending = match encoded {
            Ok(body) => Ok(&body[..]),
            Err(error) => Err(match error {
                CallError::Handler(body) => CallError::Handler(&body[..]),
                other => other.clone().map_handler(|_| &[][..]),
            }),
        };
        if let Some(id) = self.call.take() {
            self.shared.reply(id, ending.clone());
        }
        self.handling.finished(&self.shared, ending.map(|_| ()));
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        if let Some(id) = self.call.take() {
            // Stopped before it answered: cancelled, expired, or its session is over.
            self.shared.reply_stopped(id, Failed::Abandoned);
        }
        self.shared.running.fetch_sub(1, Ordering::AcqRel);
        if self.shared.queued.load(Ordering::Acquire) {
            self.shared.wake_driver();
        }
    }
}
