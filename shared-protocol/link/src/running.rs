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
    span: Span,
}

enum Stage {
    Begins(Box<Driver>),
    Runs(Box<Driver>),
    /// In a box: what the end needs would be held from the beginning.
    Ends(Pin<Box<dyn Future<Output = CloseReason> + Send>>),
    Over,
}

impl Running {
    pub(crate) const fn new(driver: Box<Driver>, shared: Arc<Shared>, span: Span) -> Self {
        Self { stage: Stage::Begins(driver), shared, span }
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
        let Self { stage, span, .. } = &mut *self;
        let _entered = span.enter();
        if matches!(stage, Stage::Begins(_))
            && let Stage::Begins(mut driver) = std::mem::replace(stage, Stage::Over)
        {
            driver.begin();
            *stage = Stage::Runs(driver);
        }
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
        let _entered = self.span.enter();
        self.stage = Stage::Over;
        self.shared.close(CloseReason::ours(CloseCode::ConnectionLost, "its task was dropped"));
        self.shared.end();
    }
}
