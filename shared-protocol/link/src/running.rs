//! A session's life as a future: it begins, is driven, ends. What the driver does meanwhile is its own business.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll, ready};

use farcall_protocol::{CloseCode, CloseReason};
use tracing::Span;

use crate::driver::Driver;
use crate::shared::Shared;

/// A session that is being run; ready when nothing of it runs any more. Part of a server's task for every player, and therefore
/// written by hand: a compiled one keeps a place for each thing in each place it is moved from.
#[must_use = "a session does nothing until it is polled"]
pub struct Running {
    stage: Stage,
    shared: Arc<Shared>,
    /// Of the task that runs it, and so of its first poll: whoever made it is about something else.
    span: Option<Span>,
}

enum Stage {
    Runs(Box<Driver>),
    /// In a box: what the end needs would be held from the beginning.
    Ends(Pin<Box<dyn Future<Output = CloseReason> + Send>>),
    Over,
}

impl Running {
    pub(crate) const fn new(driver: Box<Driver>, shared: Arc<Shared>) -> Self {
        Self { stage: Stage::Runs(driver), shared, span: None }
    }

    fn begin(&mut self) -> Span {
        let Self { stage, shared, .. } = self;
        let span = tracing::info_span!(target: "farcall", "session", uid = %shared.uid, id = %shared.id);
        if let Stage::Runs(driver) = stage {
            span.in_scope(|| driver.begin());
        }
        span
    }
}

impl fmt::Debug for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Running").field(&self.shared).finish()
    }
}

impl Future for Running {
    type Output = CloseReason;

    fn poll(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<CloseReason> {
        if self.span.is_none() {
            self.span = Some(self.begin());
        }
        let Self { stage, span, .. } = &mut *self;
        let _entered = span.as_ref().map(Span::enter);
        if let Stage::Runs(driver) = stage {
            let reason = ready!(driver.poll(cx));
            if let Stage::Runs(driver) = std::mem::replace(stage, Stage::Over) {
                *stage = Stage::Ends(Box::pin(driver.end(reason)));
            }
        }
        match stage {
            Stage::Ends(end) => {
                let reason = ready!(end.as_mut().poll(cx));
                *stage = Stage::Over;
                Poll::Ready(reason)
            }
            _ => Poll::Pending,
        }
    }
}

impl Drop for Running {
    /// Ends the session also when its task is dropped in mid-run: nobody is left waiting.
    fn drop(&mut self) {
        let _entered = self.span.as_ref().map(Span::enter);
        self.stage = Stage::Over;
        self.shared.close(CloseReason::ours(CloseCode::ConnectionLost, "its task was dropped"));
        self.shared.end();
    }
}
