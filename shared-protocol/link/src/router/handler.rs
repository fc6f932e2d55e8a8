//! Running one handler once: arguments decoded, the function called, its answer encoded. Which task it runs on,
//! and what becomes of the answer, is the dispatcher's.

use std::any::Any;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::task::{Context as TaskContext, Poll, Waker};

use farcall_protocol::wire::Target;
use farcall_protocol::{Answer, CallError, Failed, Failure, NotExecuted, RouteError};
use serde::de::DeserializeOwned;

use super::States;
use crate::answering::Answering;
use crate::context::Current;
use crate::inbox::FrameWork;
use crate::reply::Reply;
use crate::shared::Shared;
use crate::trace;

/// A call or message about to be handled.
#[derive(Debug)]
pub struct Invocation<'a> {
    pub(crate) shared: &'a Arc<Shared>,
    pub(crate) to: Target,
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
    /// It waits for the game's loop; what it makes is given the call to answer.
    OnFrame(Box<dyn FnOnce(Answering) -> FrameWork + Send>),
    /// It took the right to answer with it.
    Later(Box<dyn FnOnce(Answering) + Send>),
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
            Progress::OnFrame(_) => "OnFrame",
            Progress::Later(_) => "Later",
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

    /// What the session belongs to, if it is of this type.
    pub fn owner<T: Send + Sync + 'static>(&self) -> Option<Arc<T>> {
        self.shared.owner.clone().downcast().ok()
    }

    pub(crate) fn states(&self) -> &States {
        self.shared.router.states()
    }

    /// Runs a plain function, here and now.
    pub fn run<A: DeserializeOwned, R: Answer>(self, handler: impl FnOnce(A) -> R) -> Step {
        let arguments = match self.arguments() {
            Ok(arguments) => arguments,
            Err(step) => return step,
        };
        let answer = self.current.scope(|| handler(arguments));
        Step(Progress::Done(encode(answer, self.shared, self.reply)))
    }

    /// Runs a plain function that answers later, by the [`Reply`] it is given.
    pub fn run_replying<A, R>(self, handler: impl FnOnce(Reply<R>, A) + Send + 'static) -> Step
    where
        A: DeserializeOwned + Send + 'static,
        R: Answer,
    {
        let arguments: A = match self.arguments() {
            Ok(arguments) => arguments,
            Err(step) => return step,
        };
        let current = self.current;
        Step(Progress::Later(Box::new(move |answering| {
            let reply = Reply::new(answering, current);
            current.scope(|| handler(reply, arguments));
        })))
    }

    /// Lets a function wait for the game's loop. Its arguments are read here, so what cannot be read never waits.
    pub fn run_on_frame<T, A, R>(self, handler: impl FnOnce(&mut T, A) -> R + Send + 'static) -> Step
    where
        T: 'static,
        A: DeserializeOwned + Send + 'static,
        R: Answer,
    {
        self.on_frame(move |frame: &mut T, mut answering: Answering, arguments: A| {
            let answer = std::panic::catch_unwind(AssertUnwindSafe(|| handler(frame, arguments)));
            let Ok(answer) = answer else { return answering.fail(Failed::Panicked) };
            let mut bytes = Vec::new();
            let encoded = match encode(answer, answering.shared(), &mut bytes) {
                Ok(()) => Ok(bytes),
                Err(error) => Err(error.map_handler(|()| bytes)),
            };
            answering.finish(&encoded);
        })
    }

    /// Lets a function wait for the game's loop that answers later still.
    pub fn run_on_frame_replying<T, A, R>(
        self,
        handler: impl FnOnce(&mut T, Reply<R>, A) + Send + 'static,
    ) -> Step
    where
        T: 'static,
        A: DeserializeOwned + Send + 'static,
        R: Answer,
    {
        let current = self.current;
        self.on_frame(move |frame: &mut T, answering: Answering, arguments: A| {
            handler(frame, Reply::new(answering, current), arguments);
        })
    }

    fn on_frame<T, A>(self, work: impl FnOnce(&mut T, Answering, A) + Send + 'static) -> Step
    where
        T: 'static,
        A: DeserializeOwned + Send + 'static,
    {
        let arguments: A = match self.arguments() {
            Ok(arguments) => arguments,
            Err(step) => return step,
        };
        let current = self.current;
        Step(Progress::OnFrame(Box::new(move |answering: Answering| {
            Box::new(move |frame: &mut dyn Any| {
                // Cancelled or expired while it waited: it never starts (P-32).
                if answering.call().is_some() && !answering.is_wanted() {
                    return;
                }
                // Polling checked the frame's type; one that is not it drops the work, which answers the call.
                if let Some(frame) = frame.downcast_mut::<T>() {
                    current.scope(|| work(frame, answering, arguments));
                }
            })
        })))
    }

    fn arguments<A: DeserializeOwned>(&self) -> Result<A, Step> {
        self.shared.codec.decode::<A>(self.body).map_err(|_| Step::bad_arguments())
    }

    /// Runs an asynchronous function: polled once here, so that one that does not wait costs no task.
    pub fn run_async<A, R, F>(self, handler: impl FnOnce(A) -> F) -> Step
    where
        A: DeserializeOwned,
        R: Answer,
        F: Future<Output = R> + Send + 'static,
    {
        let arguments = match self.arguments() {
            Ok(arguments) => arguments,
            Err(step) => return step,
        };
        let current = self.current;
        let mut future = Box::pin(current.scope(|| handler(arguments)));
        // A waker that does nothing is enough: whatever is spawned is polled again at once.
        let first = current.scope(|| future.as_mut().poll(&mut TaskContext::from_waker(Waker::noop())));
        Step(match first {
            Poll::Ready(answer) => Progress::Done(encode(answer, self.shared, self.reply)),
            Poll::Pending => {
                let shared = Arc::downgrade(self.shared);
                Progress::Running(Box::pin(Scoped { future, current, shared }))
            }
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
    /// Weak: a handler that never returns must not keep its session alive.
    shared: Weak<Shared>,
}

impl<R: Answer, F: Future<Output = R>> Future for Scoped<F> {
    type Output = Encoded;

    fn poll(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Encoded> {
        let this = &mut *self;
        let answer = std::task::ready!(this.current.scope(|| this.future.as_mut().poll(cx)));
        let Some(shared) = this.shared.upgrade() else { return Poll::Ready(Err(CallError::Cancelled)) };
        let mut bytes = Vec::new();
        Poll::Ready(match encode(answer, &shared, &mut bytes) {
            Ok(()) => Ok(bytes),
            Err(error) => Err(error.map_handler(|()| bytes)),
        })
    }
}

/// Encodes what a handler answered. An internal error is logged here, with its source, and travels as a reference.
pub(crate) fn encode<R: Answer>(answer: R, shared: &Shared, into: &mut Vec<u8>) -> Ended {
    let codec = shared.codec;
    let encoded = match answer.into_result() {
        Ok(value) => codec.encode(&value, into).map(|()| Ok(())),
        Err(Failure::Handler(error)) => error.encode(codec, into).map(|()| Err(CallError::Handler(()))),
        Err(Failure::Internal(source)) => {
            let reference = trace::internal(shared, &*source);
            Ok(Err(CallError::Failed(Failed::Internal { reference })))
        }
    };
    encoded.unwrap_or(Err(CallError::Failed(Failed::BadReply)))
}
