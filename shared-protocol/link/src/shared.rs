//! The session behind its one short lock, shared by its driver and its callers. The lock is never held across an
//! await, user code or another session's lock; wakers are woken after unlocking.

use std::any::Any;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::time::Instant;

use farcall_protocol::codec::Codec;
use farcall_protocol::session::{Event, Outcome, Session};
use farcall_protocol::wire::Ending;
use farcall_protocol::{CallId, CloseReason, Failed, Limits, SessionId, Side, Uid};
use tokio::sync::Notify;

use crate::alone::Alone;
use crate::inbox::Inbox;
use crate::link::{Address, LinkConfig};
use crate::resume::{Arrival, Happened, Pass};
use crate::router::Router;

/// What a session wakes.
pub(crate) enum Waiter {
    /// A task that awaits a call.
    Task(Waker),
    /// A callback given to a detached call.
    Then(Box<dyn FnOnce(Outcome) + Send>),
    /// Nobody: the call was only sent.
    Nobody,
}

impl std::fmt::Debug for Waiter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Task(_) => "Task",
            Self::Then(_) => "Then",
            Self::Nobody => "Nobody",
        })
    }
}

/// One end of a session with everything that hangs on it.
pub(crate) struct Shared {
    core: Mutex<Core>,
    /// Connections this session has had before the present one. Changed under the lock only; read also without it.
    pub(crate) generation: AtomicU64,
    pub(crate) side: Side,
    pub(crate) uid: Uid,
    pub(crate) id: SessionId,
    pub(crate) codec: Codec,
    pub(crate) limits: Arc<Limits>,
    pub(crate) router: Arc<Router>,
    /// Where work for the game's loop waits.
    pub(crate) inbox: Arc<Inbox>,
    /// What the session belongs to: a server.
    pub(crate) owner: Arc<dyn Any + Send + Sync>,
    /// The session's own value, as admission made it.
    pub(crate) data: Arc<dyn Any + Send + Sync>,
    pub(crate) runtime: tokio::runtime::Handle,
    /// Asynchronous handlers running: L16's `handlers_running_max` bounds those of depth 0.
    pub(crate) running: AtomicUsize,
    /// Calls wait in the driver for a handler slot: whoever frees one wakes the driver.
    pub(crate) queued: AtomicBool,
    /// The session is over, its handlers have stopped and its connection is gone.
    ended: AtomicBool,
    changed: Notify,
    /// Senders that wait for room in the log: the driver tells them when some may have come up.
    room_waiters: AtomicUsize,
}

/// What stands behind the lock.
pub(crate) struct Core {
    pub(crate) session: Session<Waiter>,
    /// The driver, while it sleeps.
    pub(crate) driver: Option<Waker>,
    /// How a lone caller writes by itself.
    pub(crate) alone: Alone,
    /// A connection that has taken the session over, until the driver gets it: rare, and in a box.
    pub(crate) arrival: Option<Box<Arrival>>,
    /// By what a client comes back.
    pub(crate) pass: Pass,
    pub(crate) address: Address,
    pub(crate) happened: Happened,
}

/// The fixed facts of a session.
pub(crate) struct Identity {
    pub(crate) side: Side,
    pub(crate) uid: Uid,
    pub(crate) id: SessionId,
    pub(crate) codec: Codec,
    pub(crate) address: Address,
    pub(crate) pass: Pass,
}

/// What there is for a driver that has done what it could.
pub(crate) enum Rest {
    /// The session is over.
    Closed(CloseReason),
    /// Another connection has come.
    Arrival,
    /// Something to write.
    Output,
    /// Nothing, until then at the latest.
    Until(Option<Instant>),
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session")
            .field("side", &self.side)
            .field("uid", &self.uid)
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// Now, on the runtime's clock: tests move it.
#[inline]
pub(crate) fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

impl Shared {
    pub(crate) fn new(identity: Identity, session: Session<Waiter>, config: LinkConfig) -> Self {
        let LinkConfig { limits, router, inbox, owner, data } = config;
        let Identity { side, uid, id, codec, address, pass } = identity;
        Self {
            core: Mutex::new(Core {
                session,
                driver: None,
                alone: Alone::default(),
                arrival: None,
                pass,
                address,
                happened: Happened::default(),
            }),
            generation: AtomicU64::new(0),
            side,
            uid,
            id,
            codec,
            limits,
            router,
            inbox,
            owner,
            data,
            runtime: tokio::runtime::Handle::current(),
            running: AtomicUsize::new(0),
            queued: AtomicBool::new(false),
            ended: AtomicBool::new(false),
            changed: Notify::new(),
            room_waiters: AtomicUsize::new(0),
        }
    }

    #[inline]
    pub(crate) fn lock(&self) -> MutexGuard<'_, Core> {
        // Nothing under this lock runs user code, so a poisoned one can only come from a bug of ours; the
        // session's state is still the best there is for ending it.
        self.core.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks at the session.
    pub(crate) fn peek<R>(&self, look: impl FnOnce(&Session<Waiter>) -> R) -> R {
        look(&self.lock().session)
    }

    /// Does something that may give the driver work, and wakes it.
    pub(crate) fn with<R>(&self, act: impl FnOnce(&mut Session<Waiter>, Instant) -> R) -> R {
        let now = now();
        let (result, driver) = {
            let mut core = self.lock();
            let result = act(&mut core.session, now);
            (result, core.driver.take())
        };
        if let Some(driver) = driver {
            driver.wake();
        }
        result
    }

    /// The driver's own access on behalf of handlers: it needs no waking.
    #[inline]
    pub(crate) fn act<R>(&self, act: impl FnOnce(&mut Session<Waiter>) -> R) -> R {
        act(&mut self.lock().session)
    }

    /// The driver's own access on behalf of a connection. `None` if another has taken the session over (R5).
    pub(crate) fn drive<R>(&self, generation: u64, act: impl FnOnce(&mut Session<Waiter>) -> R) -> Option<R> {
        let mut core = self.lock();
        (!self.has_arrival(generation) || cfg!(mutant = "5")).then(|| act(&mut core.session))
    }

    /// The driver has done what it could. Either there is more to do, or it goes to sleep, and whoever gives it work wakes it.
    /// `blocked` says that the connection takes nothing more for now.
    pub(crate) fn rest(&self, waker: &Waker, blocked: bool, generation: u64, now: Instant) -> Rest {
        let mut core = self.lock();
        if let Some(reason) = core.session.closed() {
            return Rest::Closed(reason.clone());
        }
        if self.has_arrival(generation) {
            return Rest::Arrival;
        }
        if core.alone.has_left_over() || (!blocked && core.session.has_output(now)) {
            return Rest::Output;
        }
        match &mut core.driver {
            Some(known) => known.clone_from(waker),
            none => *none = Some(waker.clone()),
        }
        core.alone.driver_sleeps(blocked);
        Rest::Until(core.session.next_wake(now))
    }

    /// Whether the session is not over.
    pub(crate) fn is_open(&self) -> bool {
        self.peek(|session| session.closed().is_none())
    }

    /// Wakes the driver to look at its queue.
    pub(crate) fn wake_driver(&self) {
        let driver = self.lock().driver.take();
        if let Some(driver) = driver {
            driver.wake();
        }
    }

    /// Answers a call of the peer.
    pub(crate) fn reply(&self, id: CallId, ending: Ending<'_>) -> bool {
        self.speak(|session, now| session.reply(id, ending, now))
    }

    /// Answers a call whose handler went away.
    pub(crate) fn reply_stopped(&self, id: CallId, otherwise: Failed) -> bool {
        self.with(|session, now| session.reply_stopped(id, otherwise, now))
    }

    /// Ends the session from this end. The driver writes the last frames.
    pub(crate) fn close(&self, reason: CloseReason) {
        let mut events = Vec::new();
        self.with(|session, _| session.close(reason, &mut events));
        settle(events);
        self.tell();
    }

    /// Why the session is over, once it is.
    pub(crate) fn close_reason(&self) -> Option<CloseReason> {
        self.peek(|session| session.closed().cloned())
    }

    /// The driver is done: nothing of this session runs any more.
    pub(crate) fn end(&self) {
        // Whoever still holds a handle to the session must not hold its connection.
        self.lock().alone.disconnect();
        self.ended.store(true, Ordering::Release);
        self.changed.notify_waiters();
    }

    /// Waits until nothing of this session runs any more.
    pub(crate) async fn ended(&self) {
        self.wait(|shared| shared.ended.load(Ordering::Acquire).then_some(())).await;
    }

    /// Waits until the session is over.
    pub(crate) async fn closed(&self) -> CloseReason {
        self.wait(Self::close_reason).await
    }

    /// Waits until a message of that many bytes would find room; an error if the session ends first.
    pub(crate) async fn room_for(&self, bytes: usize) -> Result<(), CloseReason> {
        struct Waits<'a>(&'a AtomicUsize);
        impl Drop for Waits<'_> {
            fn drop(&mut self) {
                self.0.fetch_sub(1, Ordering::AcqRel);
            }
        }
        self.room_waiters.fetch_add(1, Ordering::AcqRel);
        let _waits = Waits(&self.room_waiters);
        self.wait(|shared| {
            shared.peek(|session| match session.closed() {
                Some(reason) => Some(Err(reason.clone())),
                None => session.has_room(bytes).then_some(Ok(())),
            })
        })
        .await
    }

    /// The peer has acknowledged something: whoever waits for room looks again.
    pub(crate) fn announce_room(&self) {
        if self.room_waiters.load(Ordering::Acquire) > 0 {
            self.changed.notify_waiters();
        }
    }

    pub(crate) async fn wait<R>(&self, mut look: impl FnMut(&Self) -> Option<R>) -> R {
        loop {
            let mut changed = std::pin::pin!(self.changed.notified());
            // Enabled before looking, so that a change in between is not missed.
            changed.as_mut().enable();
            if let Some(found) = look(self) {
                return found;
            }
            changed.await;
        }
    }

    /// Tells everybody who waits that the session has changed.
    pub(crate) fn tell(&self) {
        self.changed.notify_waiters();
    }
}

/// Wakes and calls whom a session's end, or the passing of time, concerns; never under the lock. Handlers to be
/// stopped are the driver's own business.
pub(crate) fn settle(events: Vec<Event<'static, Waiter>>) {
    for event in events {
        match event {
            Event::Wake(waiter) => wake(waiter),
            Event::Ended(waiter, outcome) => hand(waiter, outcome),
            Event::Call { .. } | Event::Message { .. } | Event::Stop { .. } | Event::TokenConfirmed => {}
        }
    }
}

/// Wakes a waiter that polls.
pub(crate) fn wake(waiter: Waiter) {
    if let Waiter::Task(waker) = waiter {
        waker.wake();
    }
}

/// Gives a detached call's outcome to its callback.
pub(crate) fn hand(waiter: Waiter, outcome: Outcome) {
    match waiter {
        // The game's code, on whatever task has ended the call: its panic must not end that.
        Waiter::Then(callback) => {
            if std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| callback(outcome))).is_err() {
                tracing::error!(target: "farcall", "a call's callback panicked");
            }
        }
        Waiter::Task(waker) => waker.wake(),
        Waiter::Nobody => {}
    }
}
