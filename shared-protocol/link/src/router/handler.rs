//! Running one handler once: arguments decoded, the function called, its answer encoded. Which task it runs on,
//! and what becomes of the answer, is the dispatcher's.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll, Waker};

use farcall_protocol::codec::Codec;
use farcall_protocol::{Answer, CallError, Failed, NotExecuted, RouteError};
use serde::de::DeserializeOwned;

use super::States;
use crate::context::Current;
use crate::shared::Shared;

/// A call or message about to be handled.
#[derive(Debug)]
pub struct Invocation<'a> {
    pub(crate) shared: &'a Arc<Shared>,
    pub(crate) current: Current,
    pub(crate) body: &'a [u8],
    /// Where an answer that is ready at once goes.
    pub(crate) reply: &'a mut Vec<u8>,
}

/// How far a handler got at once.
pub struct Step(pub(crate) Progress);

pub(crate) enum Progress {
    /// It is done; the value or the handler's error stands in the invocation's reply buffer.
    Done(Ended),
    /// It has been polled once and goes on as a task.
    Running(HandlerFuture),
}

/// How a handler ended; the bytes of a value or an error are elsewhere.
pub(crate) type Ended = Result<(), CallError<()>>;
/// How a handler ended, with the bytes.
pub(crate) type Encoded = Result<Vec<u8>, CallError<Vec<u8>>>;
/// The rest of an asynchronous handler.
pub(crate) type HandlerFuture = Pin<Box<dyn Future<Output = Encoded> + Send>>;

impl std::fmt::Debug for Step {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self.0 {
            Progress::Done(_) => "Done",
            Progress::Running(_) => "Running",
        })
    }
}

impl Invocation<'_> {
    pub(crate) const fn shared(&self) -> &Arc<Shared> {
        self.shared
    }

    pub(crate) const fn current(&self) -> Current {
        self.current
    }

    pub(crate) fn states(&self) -> &States {
        self.shared.router.states()
    }

    /// Runs a plain function, here and now.
    pub fn run<A: DeserializeOwned, R: Answer>(self, handler: impl FnOnce(A) -> R) -> Step {
        let codec = self.shared.codec;
        let arguments = match codec.decode::<A>(self.body) {
            Ok(arguments) => arguments,
            Err(_) => return Step::bad_arguments(),
        };
        let answer = self.current.scope(|| handler(arguments));
        Step(Progress::Done(encode(answer, codec, self.reply)))
    }

    /// Runs an asynchronous function: polled once here, so that one that does not wait costs no task.
    pub fn run_async<A, R, F>(self, handler: impl FnOnce(A) -> F) -> Step
    where
        A: DeserializeOwned,
        R: Answer,
        F: Future<Output = R> + Send + 'static,
    {
        let codec = self.shared.codec;
        let arguments = match codec.decode::<A>(self.body) {
            Ok(arguments) => arguments,
            Err(_) => return Step::bad_arguments(),
        };
        let current = self.current;
        let mut future = Box::pin(current.scope(|| handler(arguments)));
        // A waker that does nothing is enough: whatever is spawned is polled again at once.
        let first = current.scope(|| future.as_mut().poll(&mut TaskContext::from_waker(Waker::noop())));
        Step(match first {
            Poll::Ready(answer) => Progress::Done(encode(answer, codec, self.reply)),
            Poll::Pending => Progress::Running(Box::pin(Scoped { future, current, codec })),
        })
    }
}

/// Runs an asynchronous handler, whose future must be `Send`: it may be moved between threads. A function of its own
/// so that the compiler's message for one that is not says so by this name.
pub fn handler_future_must_be_send<A, R, F>(call: Invocation<'_>, handler: impl FnOnce(A) -> F) -> Step
where
    A: DeserializeOwned,
    R: Answer,
    F: Future<Output = R> + Send + 'static,
{
    call.run_async(handler)
}

impl Step {
    const fn bad_arguments() -> Self {
        Self(Progress::Done(Err(CallError::NotExecuted(NotExecuted::BadArguments))))
    }
}

/// A handler's future that knows within which call it runs.
struct Scoped<F> {
    future: Pin<Box<F>>,
    current: Current,
    codec: Codec,
}

impl<R: Answer, F: Future<Output = R>> Future for Scoped<F> {
    type Output = Encoded;

    fn poll(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Encoded> {
        let this = &mut *self;
        let answer = std::task::ready!(this.current.scope(|| this.future.as_mut().poll(cx)));
        let mut bytes = Vec::new();
        Poll::Ready(match encode(answer, this.codec, &mut bytes) {
            Ok(()) => Ok(bytes),
            Err(error) => Err(error.map_handler(|()| bytes)),
        })
    }
}

fn encode<R: Answer>(answer: R, codec: Codec, into: &mut Vec<u8>) -> Ended {
    let encoded = match answer.into_result() {
        Ok(value) => codec.encode(&value, into).map(|()| Ok(())),
        Err(error) => error.encode(codec, into).map(|()| Err(CallError::Handler(()))),
    };
    encoded.unwrap_or(Err(CallError::Failed(Failed::BadReply)))
}
