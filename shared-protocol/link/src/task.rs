//! An asynchronous handler that goes on as a task.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::task::{Context as TaskContext, Poll};

use farcall_protocol::{CallError, Failed};

use crate::answering::Answering;
use crate::router::HandlerFuture;

/// A running handler. Dropping it (abort, a session's end, a runtime's) answers its call.
pub(crate) struct HandlerTask {
    future: HandlerFuture,
    answering: Answering,
}

impl HandlerTask {
    pub(crate) const fn new(future: HandlerFuture, answering: Answering) -> Self {
        Self { future, answering }
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
        this.answering.finish(&encoded);
        Poll::Ready(())
    }
}
