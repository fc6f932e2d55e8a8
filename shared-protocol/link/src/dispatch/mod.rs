//! From a frame to its handler: finds it, runs it inline or lets it go on as a task, and keeps calls that have no
//! handler slot yet, in arrival order. Belongs to the driver; nobody else touches it.

mod batch;
mod handling;
mod queue;
mod tasks;

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::Context as TaskContext;
use std::time::Instant;

use farcall_protocol::session::{Event, Stop};
use farcall_protocol::wire::Target;
use farcall_protocol::{CallError, CallId, CloseCode, CloseReason, Delivery, Failed, NotExecuted};
use tracing::debug;

use crate::answering::Answering;
use crate::context::Current;
use crate::inbox::{FrameWork, Item};
use crate::router::{Invocation, Progress, Step};
use crate::shared::{Shared, Waiter, hand, now, wake};
use crate::slow::SlowHandlers;
use crate::task::HandlerTask;
use crate::trace;
use batch::Batch;
pub(crate) use handling::Handling;
use queue::Queue;
use tasks::Tasks;

/// Runs what the peer asks for.
pub(crate) struct Dispatcher {
    shared: Arc<Shared>,
    /// What comes of the events that are being handled; there while they are.
    batch: Option<Box<Batch>>,
    /// There once something has waited.
    queue: Option<Box<Queue>>,
    /// There once a handler has gone on as a task.
    tasks: Option<Box<Tasks>>,
    /// The inbox of the game's loop has more than it should.
    is_full: bool,
    slow: SlowHandlers,
}

/// A call or message without its body.
#[derive(Debug, Clone, Copy)]
struct Arrived {
    call: Option<CallId>,
    delivery: Delivery,
    to: Target,
    deadline: Instant,
}

impl Dispatcher {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self { shared, batch: None, queue: None, tasks: None, is_full: false, slow: SlowHandlers::default() }
    }

    /// Events are about to be handled that came at this time.
    pub(crate) fn begin(&mut self, now: Instant) {
        self.batch = Some(Batch::begin(now));
    }

    /// What comes of the present events; of those that time brings or that had waited, too, for which nothing has begun one.
    #[inline]
    fn batch(&mut self) -> &mut Batch {
        self.batch.get_or_insert_with(|| Batch::begin(now()))
    }

    /// Why no more of the peer can be taken now, where that is so.
    pub(crate) fn overflow(&mut self) -> Option<CloseReason> {
        let message = "the game's loop does not poll";
        std::mem::take(&mut self.is_full).then(|| CloseReason::ours(CloseCode::InboundOverflow, message))
    }

    /// Does what an event asks for.
    pub(crate) fn handle(&mut self, event: Event<'_, Waiter>) {
        match event {
            Event::Call { id, to, deadline, nested, body } => {
                self.arrive(Arrived { call: Some(id), delivery: Delivery::Call, to, deadline }, nested, body);
            }
            Event::Message { to, delivery, body } => {
                let deadline = self.batch().came_at() + self.shared.limits.deadline_default;
                self.arrive(Arrived { call: None, delivery, to, deadline }, false, body);
            }
            Event::Stop { id, why } => self.stop(id, why),
            Event::Wake(waiter) => wake(waiter),
            Event::Ended(waiter, outcome) => hand(waiter, outcome),
            // The connection's own business: the driver has seen to it.
            Event::TokenConfirmed => {}
        }
    }

    #[inline]
    fn arrive(&mut self, arrived: Arrived, nested: bool, body: &[u8]) {
        if nested || (!self.has_queued() && self.has_slot()) {
            return self.start(arrived, body);
        }
        let queue = self.queue.get_or_insert_default();
        queue.push(arrived, body);
        self.shared.queued.store(true, Ordering::Release);
        let limits = &self.shared.limits;
        if queue.len() > limits.inbox_items_max || queue.bytes() > limits.inbox_bytes_max {
            let message = format!("{} messages wait for a handler", queue.len());
            self.shared.close(CloseReason::ours(CloseCode::InboundOverflow, message));
        }
    }

    #[inline]
    fn has_queued(&self) -> bool {
        self.queue.as_ref().is_some_and(|queue| queue.len() > 0)
    }

    #[inline]
    fn has_slot(&self) -> bool {
        self.shared.running.load(Ordering::Acquire) < self.shared.limits.handlers_running_max as usize
    }

    /// Starts what waited, as far as there are slots, and reaps tasks that have ended.
    pub(crate) fn resume(&mut self, cx: &mut TaskContext<'_>) {
        if let Some(tasks) = &mut self.tasks {
            tasks.reap(cx);
        }
        if self.queue.is_some() {
            self.start_queued();
        }
    }

    fn start_queued(&mut self) {
        while self.has_slot() {
            let Some((arrived, body)) = self.queue.as_deref_mut().and_then(Queue::pop) else { break };
            let now = now();
            self.batch().timing.begin(now);
            if now >= arrived.deadline {
                // It waited too long and never started (P-32).
                self.batch().refuse(arrived.call, CallError::NotExecuted(NotExecuted::Expired));
            } else {
                self.start(arrived, &body);
            }
        }
        if !self.has_queued() {
            self.shared.queued.store(false, Ordering::Release);
        }
        self.flush();
    }

    /// Gives back the space of what has not been used of late.
    pub(crate) fn shrink(&mut self) {
        self.queue.take_if(|queue| queue.len() == 0);
        self.tasks.take_if(|tasks| tasks.is_empty());
    }

    fn start(&mut self, arrived: Arrived, body: &[u8]) {
        let Arrived { call, to, deadline, .. } = arrived;
        let shared = &self.shared;
        // As `batch` does, which would hold the shared session, too.
        let batch = self.batch.get_or_insert_with(|| Batch::begin(now()));
        let Some(entry) = shared.router.find(to.route) else {
            debug!(target: "farcall", uid = %shared.uid, session = %shared.id, route = %to.route, "no such route");
            return batch.refuse(call, CallError::NotExecuted(NotExecuted::UnknownRoute));
        };
        if !entry.takes(to.signature, call.is_some(), shared.codec) {
            debug!(target: "farcall", uid = %shared.uid, session = %shared.id, route = %entry.name, "the peers' contracts differ");
            let why = NotExecuted::SignatureMismatch { ours: to.signature, theirs: entry.signature };
            return batch.refuse(call, CallError::NotExecuted(why));
        }
        trace::arguments(shared, shared.side.other(), &entry.name, || {
            entry.arguments_in_words(shared.codec, body)
        });
        let current = Current { session: shared.id, call, deadline, trace: to.trace };
        let handling = Handling::new(entry, body.len(), current);
        let from = batch.bytes.len();
        let invocation = Invocation { shared, to, current, body, reply: &mut batch.bytes };
        // Only the user's function can panic in here, and what it leaves half-written is cut off below.
        let step = std::panic::catch_unwind(AssertUnwindSafe(|| (entry.handler)(invocation)));
        batch.timing.ran(to.route, &mut self.slow, shared);
        match step {
            Ok(Step(Progress::Done(ended))) => batch.done(shared, call, ended, from, &handling),
            Ok(Step(Progress::Running(future))) => {
                let answering = Answering::in_a_slot(shared.clone(), call, handling);
                self.tasks.get_or_insert_default().spawn(HandlerTask::new(future, answering), call);
            }
            Ok(Step(Progress::Later(give))) => {
                let answering = Answering::later(shared.clone(), call, handling);
                // A panic drops the reply, which answers as abandoned; it ends nothing else.
                let _ = std::panic::catch_unwind(AssertUnwindSafe(|| give(answering)));
            }
            Ok(Step(Progress::OnFrame(make))) => {
                let answering = Answering::later(shared.clone(), call, handling);
                self.queue_for_frame(arrived, body.len(), make(answering));
            }
            Err(_) => {
                batch.bytes.truncate(from);
                batch.done(shared, call, Err(CallError::Failed(Failed::Panicked)), from, &handling);
            }
        }
    }

    /// Puts work into the inbox of the game's loop. One that is full means that nobody polls.
    fn queue_for_frame(&mut self, arrived: Arrived, bytes: usize, run: FrameWork) {
        let shared = &self.shared;
        let latest = (arrived.delivery == Delivery::Latest).then_some(arrived.to.route);
        let item = Item { session: shared.id, call: arrived.call, latest, bytes: Some(bytes), run };
        let limits = &shared.limits;
        self.is_full |= shared.inbox.push(item, limits.inbox_items_max, limits.inbox_bytes_max).is_err();
    }

    fn stop(&mut self, id: CallId, why: Stop) {
        if self.queue.as_mut().is_some_and(|queue| queue.withdraw(id)) {
            let why = match why {
                Stop::Expired => CallError::NotExecuted(NotExecuted::Expired),
                Stop::Cancelled => CallError::Cancelled,
            };
            return self.batch().refuse(Some(id), why);
        }
        if self.tasks.as_mut().is_some_and(|tasks| tasks.abort(id)) {
            return;
        }
        // It waits in the inbox, or somebody holds its reply: it is answered here and now.
        let waited = self.shared.inbox.withdraw(self.shared.id, id);
        if waited.is_some() && why == Stop::Expired {
            self.shared.reply(id, Err(CallError::NotExecuted(NotExecuted::Expired)));
        }
        self.shared.reply_stopped(id, Failed::Abandoned);
    }

    /// All events of this time are handled: sends the answers that were ready at once.
    pub(crate) fn flush(&mut self) {
        let Some(mut batch) = self.batch.take() else { return };
        if batch.has_replies() || batch.timing.has_run() {
            let at = now();
            batch.timing.end(&mut self.slow, &self.shared, at);
            batch.send(&self.shared, at);
        }
        batch.give_back();
    }

    /// Stops every handler and waits until they have.
    pub(crate) async fn shut_down(&mut self) {
        self.queue = None;
        self.shared.inbox.forget(self.shared.id);
        if let Some(tasks) = &mut self.tasks {
            tasks.shut_down().await;
        }
        // One that the game's loop is running now cannot be stopped, only waited for.
        self.shared.inbox.idle(self.shared.id).await;
    }
}
