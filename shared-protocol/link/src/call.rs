//! A call on its way: the future that a stub returns, and the handle that a detached call leaves.

use std::any::{Any, type_name};
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::task::{Context as TaskContext, Poll, Waker};
use std::time::{Duration, Instant};

use farcall_protocol::codec::Codec;
use farcall_protocol::session::{CannotCall, NewCall, Outcome, Session, Ticket};
use farcall_protocol::wire::Target;
use farcall_protocol::{
    Answer, CallError, CallId, Failed, NotExecuted, RouteDescriptor, RouteError, show_arguments,
};

use crate::context::Current;
use crate::encoded::Encoded;
use crate::inbox::{FrameWork, Item};
use crate::router::ARGUMENTS_SHOWN_BYTES;
use crate::shared::{Shared, Waiter};
use crate::trace::{self, CallName};

/// A call prepared by a stub. Awaiting it gives the handler's answer, or how the call ended without one.
///
/// It is sent when first polled, or by [`then`](Self::then) or [`send`](Self::send); that is also the order in
/// which calls arrive. Dropping it unsent does nothing. Dropping it after it was polled cancels the call at the
/// other end. Each call ends at its deadline at the latest: [`within`](Self::within), else the session's default
/// of 10 s, and never later than the call within whose handler it is made.
#[must_use = "a call is sent when it is awaited, or by `.then(callback)` or `.send()`; dropped before that, it does nothing"]
pub struct Call<R: Answer> {
    shared: Arc<Shared>,
    name: CallName,
    target: Target,
    body: Encoded,
    within: Option<Duration>,
    current: Option<Current>,
    state: State,
    _answer: PhantomData<fn() -> R>,
}

enum State {
    New,
    /// No permit or no room yet.
    Waiting(Ticket, Instant),
    Sent(CallId, Option<trace::Started>),
    /// It cannot be made.
    Never(NotExecuted),
    Done,
}

/// What a call gives.
pub(crate) type Reply<R> = Result<<R as Answer>::Ok, CallError<<R as Answer>::Err>>;

// Nothing in a call points into itself.
impl<R: Answer> Unpin for Call<R> {}

impl<R: Answer> Call<R> {
    pub(crate) fn new(
        shared: Arc<Shared>,
        name: CallName,
        target: Target,
        body: Result<Encoded, NotExecuted>,
        current: Option<Current>,
    ) -> Self {
        let (body, state) = match body {
            Ok(body) => (body, State::New),
            Err(why) => (Encoded::copied(&[]), State::Never(why)),
        };
        Self { shared, name, target, body, within: None, current, state, _answer: PhantomData }
    }

    /// Logs what it carries, where that is logged.
    pub(crate) fn showing(self, route: &'static RouteDescriptor) -> Self {
        trace::arguments(&self.shared, self.shared.side, route.name, || {
            show_arguments(self.shared.codec, route.arguments, self.body.bytes(), ARGUMENTS_SHOWN_BYTES)
        });
        self
    }

    /// Gives up after this time, counted from when the call is sent. Ends as
    /// [`DeadlineTooLong`](NotExecuted::DeadlineTooLong) if that is over the session's maximum of 120 s.
    pub fn within(mut self, time: Duration) -> Self {
        self.within = Some(time);
        self
    }

    /// Sends it now and gives its outcome to `callback`, which runs on the connection's task and must be short.
    /// The call no longer depends on anybody holding anything: only its deadline or the returned handle ends it.
    pub fn then(mut self, callback: impl FnOnce(Reply<R>) + Send + 'static) -> Detached {
        let codec = self.shared.codec;
        let finish = self.finish_trace();
        let started = match self.start(None) {
            Ok(id) => {
                let waiter = Waiter::Then(Box::new(move |outcome| {
                    let reply = decode::<R>(codec, outcome);
                    finish(&reply);
                    callback(reply);
                }));
                self.detach(id, waiter)
            }
            Err(None) => return self.wait_in_a_task(callback),
            Err(Some(why)) => {
                callback(Err(CallError::NotExecuted(why)));
                None
            }
        };
        Detached::of(&self.shared, started)
    }

    /// Like [`then`](Self::then), with the callback run by the game's loop, on the thread that polls: it gets the
    /// frame, in order with the frame handlers. A poll with another type of frame drops it.
    pub fn then_on_frame<F: 'static>(
        self,
        callback: impl FnOnce(&mut F, Reply<R>) + Send + 'static,
    ) -> Detached {
        let (inbox, session) = (self.shared.inbox.clone(), self.shared.id);
        self.then(move |reply| {
            let run: FrameWork = Box::new(move |frame: &mut dyn Any| {
                match frame.downcast_mut::<F>() {
                    Some(frame) => callback(frame, reply),
                    None => {
                        tracing::error!(target: "farcall", takes = type_name::<F>(), "a call's callback takes another frame than was polled with, and does not run");
                    }
                }
            });
            // Never full: what counts nothing has no bound here, this end's own calls are it.
            let _ = inbox.push(Item { session, call: None, latest: None, bytes: None, run }, 0, 0);
        })
    }

    /// Sends it now and lets its outcome be. Only its deadline or the returned handle ends it.
    pub fn send(mut self) -> Detached {
        let started = match self.start(None) {
            Ok(id) => self.detach(id, Waiter::Nobody),
            Err(None) => return self.wait_in_a_task(|_| ()),
            Err(Some(_)) => None,
        };
        Detached::of(&self.shared, started)
    }

    fn detach(&mut self, id: CallId, waiter: Waiter) -> Option<CallId> {
        self.state = State::Done;
        let ended = self.shared.with(|session, _| session.detach_call(id, waiter));
        if let Some((waiter, outcome)) = ended {
            crate::shared::hand(waiter, outcome);
        }
        Some(id)
    }

    /// A detached call that must wait for a permit waits in a task of its own.
    fn wait_in_a_task(self, callback: impl FnOnce(Reply<R>) + Send + 'static) -> Detached {
        let shared = Arc::downgrade(&self.shared);
        let task = self.shared.runtime.clone().spawn(async move { callback(self.await) });
        Detached { shared, call: None, task: Some(task.abort_handle()) }
    }

    /// Tries to send. `Err(None)`: it must wait. A waker is left with the session for whatever comes next.
    fn start(&mut self, waker: Option<&Waker>) -> Result<CallId, Option<NotExecuted>> {
        let (ticket, waited) = match self.state {
            State::New => (None, None),
            State::Waiting(ticket, deadline) => (Some(ticket), Some(deadline)),
            State::Never(why) => return Err(Some(why)),
            State::Sent(..) | State::Done => return Err(Some(NotExecuted::NeverSent)),
        };
        let ((deadline, made), next) = self.shared.speak(|session, now| {
            let (deadline, made) = self.attempt(session, ticket, waited, now);
            match (&made, waker) {
                (Ok(id), Some(waker)) => {
                    session.poll_call(*id, || Waiter::Task(waker.clone()));
                }
                (Err(CannotCall::Wait(ticket)), Some(waker)) => {
                    session.wait(*ticket, Waiter::Task(waker.clone()));
                }
                _ => {}
            }
            // Whoever got through after waiting lets the next one try.
            let next = if ticket.is_some() { session.wake_next() } else { None };
            ((deadline, made), next)
        });
        if let Some(waiter) = next {
            crate::shared::wake(waiter);
        }
        let (state, result) = match made {
            Ok(id) => (State::Sent(id, trace::Started::now()), Ok(id)),
            Err(CannotCall::Wait(ticket)) => (State::Waiting(ticket, deadline), Err(None)),
            Err(CannotCall::Never(why)) => (State::Done, Err(Some(why))),
        };
        self.state = state;
        result
    }

    /// One attempt, under the session's lock: when the call must have ended, and whether it was made.
    fn attempt(
        &self,
        session: &mut Session<Waiter>,
        ticket: Option<Ticket>,
        waited: Option<Instant>,
        now: Instant,
    ) -> (Instant, Result<CallId, CannotCall>) {
        let limits = session.limits();
        let asked = self.within.unwrap_or(limits.deadline_default);
        if asked > limits.deadline_max {
            let max = limits.deadline_max;
            return (now, Err(CannotCall::Never(NotExecuted::DeadlineTooLong { asked, max })));
        }
        let mut deadline = waited.unwrap_or(now + asked);
        if let Some(current) = self.current {
            deadline = deadline.min(current.deadline);
        }
        let parent = self.current.filter(|current| current.session == self.shared.id).and_then(|c| c.call);
        let call = NewCall { to: self.target, deadline, parent, body: self.body.message() };
        (deadline, session.call(call, ticket, now))
    }

    /// What logs the call's end, if calls are logged.
    fn finish_trace(&self) -> impl FnOnce(&Reply<R>) + Send + 'static {
        let logged = trace::Started::now().map(|started| (started, self.name.clone(), self.shared.clone()));
        let (bytes, trace) = (self.body.bytes().len(), self.target.trace);
        move |reply| {
            if let Some((started, name, shared)) = logged {
                trace::made(&shared, &name, bytes, trace, &started, reply);
            }
        }
    }
}

impl<R: Answer> Future for Call<R> {
    type Output = Reply<R>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        if matches!(this.state, State::New | State::Waiting(..) | State::Never(_)) {
            return match this.start(Some(cx.waker())) {
                Ok(_) | Err(None) => Poll::Pending,
                Err(Some(why)) => {
                    this.state = State::Done;
                    Poll::Ready(Err(CallError::NotExecuted(why)))
                }
            };
        }
        let State::Sent(id, _) = this.state else {
            // Polled after it was ready: a bug of the poller, answered without a panic.
            return Poll::Ready(Err(CallError::Cancelled));
        };
        let outcome = this.shared.act(|session| session.poll_call(id, || Waiter::Task(cx.waker().clone())));
        match outcome {
            Some(outcome) => {
                let reply = decode::<R>(this.shared.codec, outcome);
                if let State::Sent(_, Some(started)) = std::mem::replace(&mut this.state, State::Done) {
                    trace::made(
                        &this.shared,
                        &this.name,
                        this.body.bytes().len(),
                        this.target.trace,
                        &started,
                        &reply,
                    );
                }
                Poll::Ready(reply)
            }
            None => Poll::Pending,
        }
    }
}

impl<R: Answer> Drop for Call<R> {
    fn drop(&mut self) {
        let next = match self.state {
            // The race with a reply on its way is the session's: whichever is first decides (P-34).
            State::Sent(id, _) => self.shared.with(|session, now| session.abandon_call(id, now)),
            State::Waiting(ticket, _) => self.shared.with(|session, _| session.leave(ticket)),
            State::New | State::Never(_) | State::Done => None,
        };
        if let Some(waiter) = next {
            crate::shared::wake(waiter);
        }
    }
}

impl<R: Answer> std::fmt::Debug for Call<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Call").field("route", &self.name).finish_non_exhaustive()
    }
}

/// An outcome with its value and error decoded.
fn decode<R: Answer>(codec: Codec, outcome: Outcome) -> Reply<R> {
    match outcome {
        Ok(body) => R::read(codec, &body).map_err(|_| CallError::Failed(Failed::BadReply)),
        Err(CallError::Handler(body)) => Err(match R::Err::decode(codec, &body) {
            Ok(error) => CallError::Handler(error),
            Err(_) => CallError::Failed(Failed::BadReply),
        }),
        Err(CallError::NotExecuted(why)) => Err(CallError::NotExecuted(why)),
        Err(CallError::Failed(how)) => Err(CallError::Failed(how)),
        Err(CallError::DeadlineExceeded) => Err(CallError::DeadlineExceeded),
        Err(CallError::Cancelled) => Err(CallError::Cancelled),
        Err(CallError::Indeterminate) => Err(CallError::Indeterminate),
    }
}

/// A call that runs by itself. Dropping this changes nothing.
#[derive(Debug, Clone)]
pub struct Detached {
    shared: Weak<Shared>,
    call: Option<CallId>,
    task: Option<tokio::task::AbortHandle>,
}

impl Detached {
    fn of(shared: &Arc<Shared>, call: Option<CallId>) -> Self {
        Self { shared: Arc::downgrade(shared), call, task: None }
    }

    /// Cancels the call at the other end, if it has not ended. Its callback is dropped, not called.
    pub fn cancel(&self) {
        if let Some(task) = &self.task {
            task.abort();
        }
        if let (Some(shared), Some(id)) = (self.shared.upgrade(), self.call) {
            let next = shared.with(|session, now| session.abandon_call(id, now));
            if let Some(waiter) = next {
                crate::shared::wake(waiter);
            }
        }
    }
}
