//! From a frame to its handler: finds it, runs it inline or lets it go on as a task, and keeps calls that have no
//! handler slot yet, in arrival order. Belongs to the driver; nobody else touches it.

use std::cell::Cell;
use std::collections::{HashMap, VecDeque};
use std::ops::Range;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context as TaskContext, Poll};
use std::time::Instant;

use bytes::Bytes;
use farcall_protocol::session::{Event, Stop};
use farcall_protocol::wire::Target;
use farcall_protocol::{CallError, CallId, CloseCode, CloseReason, Delivery, Failed, Limits, NotExecuted};
use tokio::task::{AbortHandle, JoinSet};
use tracing::{Instrument, debug};

use crate::answering::Answering;
use crate::context::Current;
use crate::encoded::LARGE_BODY_BYTES;
use crate::inbox::{FrameWork, Item};
use crate::router::{Ended, Entry, Invocation, Progress, Router, Step};
use crate::shared::{Shared, Waiter, hand, now, wake};
use crate::slow::SlowHandlers;
use crate::task::HandlerTask;
use crate::trace::{self, Started};

/// Runs what the peer asks for.
pub(crate) struct Dispatcher {
    shared: Arc<Shared>,
    /// Calls and messages waiting for a handler slot. Those of one session start in arrival order, so once one
    /// waits, everything behind it does; only calls nested in our own pass.
    queue: VecDeque<Queued>,
    queue_bytes: usize,
    tasks: JoinSet<()>,
    /// How to stop the handler of a slot; an entry may be stale, its generation tells.
    aborts: HashMap<u32, (u32, AbortHandle)>,
    /// Answers that were ready at once, sent together.
    replies: Vec<ReadyReply>,
    reply_bytes: Vec<u8>,
    /// The inbox of the game's loop has more than it should.
    is_full: bool,
    slow: SlowHandlers,
    /// When the events came that are being handled.
    came_at: Instant,
    router: Arc<Router>,
    limits: Arc<Limits>,
}

/// Whose answer it is, how the handler ended, and where its body is.
type ReadyReply = (CallId, Ended, ReplyBody);

/// The body of an answer.
enum ReplyBody {
    /// Among the bytes of all that are sent together.
    Among(Range<usize>),
    /// A value by itself: of so many bytes that to copy them costs more than another piece in a write.
    Large(Bytes),
}

thread_local! {
    /// Space for answers: one for each thread, since between batches it holds nothing.
    static ANSWERS: Cell<(Vec<ReadyReply>, Vec<u8>)> = const { Cell::new((Vec::new(), Vec::new())) };
}

struct Queued {
    arrived: Arrived,
    body: Vec<u8>,
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
        let limits = shared.peek(|session| session.limits().clone());
        Self {
            router: shared.router.clone(),
            limits,
            shared,
            queue: VecDeque::new(),
            queue_bytes: 0,
            tasks: JoinSet::new(),
            aborts: HashMap::new(),
            replies: Vec::new(),
            reply_bytes: Vec::new(),
            is_full: false,
            slow: SlowHandlers::default(),
            came_at: now(),
        }
    }

    /// Events are about to be handled that came at this time.
    pub(crate) fn begin(&mut self, now: Instant) {
        if self.replies.is_empty() {
            (self.replies, self.reply_bytes) = ANSWERS.take();
        }
        self.came_at = now;
        self.slow.begin(now);
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
                let deadline = self.came_at + self.limits.deadline_default;
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
        if nested || (self.queue.is_empty() && self.has_slot()) {
            return self.start(arrived, body);
        }
        self.queue_bytes += body.len();
        self.queue.push_back(Queued { arrived, body: body.to_vec() });
        self.shared.queued.store(true, Ordering::Release);
        if self.queue.len() > self.limits.inbox_items_max || self.queue_bytes > self.limits.inbox_bytes_max {
            let message = format!("{} messages wait for a handler", self.queue.len());
            self.shared.close(CloseReason::ours(CloseCode::InboundOverflow, message));
        }
    }

    #[inline]
    fn has_slot(&self) -> bool {
        self.shared.running.load(Ordering::Acquire) < self.limits.handlers_running_max as usize
    }

    /// Starts what waited, as far as there are slots, and reaps tasks that have ended.
    pub(crate) fn resume(&mut self, cx: &mut TaskContext<'_>) {
        while let Poll::Ready(Some(_)) = self.tasks.poll_join_next(cx) {}
        while !self.queue.is_empty() && self.has_slot() {
            let Some(Queued { arrived, body }) = self.queue.pop_front() else { break };
            let now = now();
            self.slow.begin(now);
            self.queue_bytes -= body.len();
            if now >= arrived.deadline {
                // It waited too long and never started (P-32).
                self.refuse(arrived, NotExecuted::Expired);
            } else {
                self.start(arrived, &body);
            }
        }
        if self.queue.is_empty() {
            self.shared.queued.store(false, Ordering::Release);
        }
        self.flush();
    }

    fn start(&mut self, arrived: Arrived, body: &[u8]) {
        let Arrived { call, to, deadline, .. } = arrived;
        let Some(entry) = self.router.find(to.route) else {
            debug!(target: "farcall", uid = %self.shared.uid, session = %self.shared.id, route = %to.route, "no such route");
            return self.refuse(arrived, NotExecuted::UnknownRoute);
        };
        if !entry.takes(to.signature, call.is_some(), self.shared.codec) {
            debug!(target: "farcall", uid = %self.shared.uid, session = %self.shared.id, route = %entry.name, "the peers' contracts differ");
            let (ours, theirs) = (to.signature, entry.signature);
            return self.refuse(arrived, NotExecuted::SignatureMismatch { ours, theirs });
        }
        trace::arguments(&self.shared, self.shared.side.other(), &entry.name, || {
            entry.arguments_in_words(self.shared.codec, body)
        });
        let current = Current { session: self.shared.id, call, deadline, trace: to.trace };
        let handling = Handling::new(entry, body.len(), current);
        let from = self.reply_bytes.len();
        let invocation = Invocation { shared: &self.shared, to, current, body, reply: &mut self.reply_bytes };
        // Only the user's function can panic in here, and what it leaves half-written is cut off below.
        let step = std::panic::catch_unwind(AssertUnwindSafe(|| (entry.handler)(invocation)));
        self.slow.ran(&self.shared, to.route);
        match step {
            Ok(Step(Progress::Done(ended))) => self.done(call, ended, from, &handling),
            Ok(Step(Progress::Running(future))) => {
                let answering = Answering::in_a_slot(self.shared.clone(), call, handling);
                let task = HandlerTask::new(future, answering);
                let abort = self.tasks.spawn(task.in_current_span());
                if let Some(id) = call {
                    self.aborts.insert(id.slot, (id.generation, abort));
                }
            }
            Ok(Step(Progress::Later(give))) => {
                let answering = Answering::later(self.shared.clone(), call, handling);
                // A panic drops the reply, which answers as abandoned; it ends nothing else.
                let _ = std::panic::catch_unwind(AssertUnwindSafe(|| give(answering)));
            }
            Ok(Step(Progress::OnFrame(make))) => {
                let answering = Answering::later(self.shared.clone(), call, handling);
                self.queue_for_frame(arrived, body.len(), make(answering));
            }
            Err(_) => {
                self.reply_bytes.truncate(from);
                self.done(call, Err(CallError::Failed(Failed::Panicked)), from, &handling);
            }
        }
    }

    /// Puts work into the inbox of the game's loop. One that is full means that nobody polls.
    fn queue_for_frame(&mut self, arrived: Arrived, bytes: usize, run: FrameWork) {
        let latest = (arrived.delivery == Delivery::Latest).then_some(arrived.to.route);
        let (session, call) = (self.shared.id, arrived.call);
        let item = Item { session, call, latest, bytes: Some(bytes), run };
        self.is_full |=
            self.shared.inbox.push(item, self.limits.inbox_items_max, self.limits.inbox_bytes_max).is_err();
    }

    #[inline]
    fn done(&mut self, call: Option<CallId>, ended: Ended, from: usize, handling: &Handling) {
        handling.finished(&self.shared, ended.clone().map_err(|error| error.map_handler(|()| &[][..])));
        match call {
            Some(id) => {
                let body = match ended {
                    Ok(()) => self.take_body(from),
                    Err(_) => ReplyBody::Among(from..self.reply_bytes.len()),
                };
                self.replies.push((id, ended, body));
            }
            None => self.reply_bytes.truncate(from),
        }
    }

    /// What a handler has written behind all others.
    #[inline]
    fn take_body(&mut self, from: usize) -> ReplyBody {
        let to = self.reply_bytes.len();
        if to - from < LARGE_BODY_BYTES {
            return ReplyBody::Among(from..to);
        }
        // The first of a batch is moved, and leaves the next in first place again.
        let large =
            if from == 0 { std::mem::take(&mut self.reply_bytes) } else { self.reply_bytes.split_off(from) };
        ReplyBody::Large(large.into())
    }

    fn refuse(&mut self, arrived: Arrived, why: NotExecuted) {
        if let Some(id) = arrived.call {
            let at = self.reply_bytes.len();
            self.replies.push((id, Err(CallError::NotExecuted(why)), ReplyBody::Among(at..at)));
        }
    }

    fn stop(&mut self, id: CallId, why: Stop) {
        if let Some(at) = self.queue.iter().position(|queued| queued.arrived.call == Some(id))
            && let Some(Queued { arrived, body }) = self.queue.remove(at)
        {
            self.queue_bytes -= body.len();
            return match why {
                Stop::Expired => self.refuse(arrived, NotExecuted::Expired),
                Stop::Cancelled => {
                    let at = self.reply_bytes.len();
                    self.replies.push((id, Err(CallError::Cancelled), ReplyBody::Among(at..at)));
                }
            };
        }
        if let Some((generation, abort)) = self.aborts.remove(&id.slot)
            && generation == id.generation
            && !abort.is_finished()
        {
            return abort.abort();
        }
        // It waits in the inbox, or somebody holds its reply: it is answered here and now.
        let waited = self.shared.inbox.withdraw(self.shared.id, id);
        if waited.is_some() && why == Stop::Expired {
            self.shared.reply(id, Err(CallError::NotExecuted(NotExecuted::Expired)));
        }
        self.shared.reply_stopped(id, Failed::Abandoned);
    }

    /// Sends the answers that were ready at once, under one lock.
    pub(crate) fn flush(&mut self) {
        let (mut replies, mut bytes) =
            (std::mem::take(&mut self.replies), std::mem::take(&mut self.reply_bytes));
        if !replies.is_empty() || self.slow.has_run() {
            let at = now();
            self.slow.end(&self.shared, at);
            self.answer(&mut replies, &bytes, at);
        }
        bytes.clear();
        let is_any = replies.capacity() > 0 || bytes.capacity() > 0;
        if is_any && bytes.capacity() <= REPLY_BYTES_KEPT {
            ANSWERS.set((replies, bytes));
        }
    }

    fn answer(&self, replies: &mut Vec<ReadyReply>, bytes: &[u8], at: Instant) {
        if replies.is_empty() {
            return;
        }
        self.shared.act(|session| {
            for (id, ended, body) in replies.drain(..) {
                match (ended, body) {
                    (_, ReplyBody::Large(value)) => session.reply_shared(id, value, at),
                    (Ok(()), ReplyBody::Among(range)) => session.reply(id, Ok(&bytes[range]), at),
                    (Err(error), ReplyBody::Among(range)) => {
                        session.reply(id, Err(error.map_handler(|()| &bytes[range])), at)
                    }
                };
            }
        });
    }

    /// Stops every handler and waits until they have.
    pub(crate) async fn shut_down(&mut self) {
        self.queue.clear();
        self.shared.inbox.forget(self.shared.id);
        self.tasks.shutdown().await;
        // One that the game's loop is running now cannot be stopped, only waited for.
        self.shared.inbox.idle(self.shared.id).await;
    }
}

/// Space for answers' bytes that a thread keeps for its next batch.
const REPLY_BYTES_KEPT: usize = 64 << 10;

/// What is told of a handler's run when it ends.
pub(crate) struct Handling {
    /// Only while calls are logged.
    logged: Option<(Arc<str>, usize, Current, Started)>,
}

impl Handling {
    fn new(entry: &Entry, bytes: usize, current: Current) -> Self {
        Self { logged: Started::now().map(|started| (entry.name.clone(), bytes, current, started)) }
    }

    pub(crate) fn finished(&self, shared: &Shared, ended: Result<(), CallError<&[u8]>>) {
        if let Some((name, bytes, current, started)) = &self.logged {
            let ended = ended.map_err(|error| error.map_handler(|_| ()));
            trace::handled(shared, name, *bytes, current.trace, *started, ended);
        }
    }
}
