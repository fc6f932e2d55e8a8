//! Making calls, and answering the peer's.

use std::time::{Duration, Instant};

use bytes::Bytes;

use super::inbound::CANCELS;
use super::incoming::Parked;
use super::outgoing::Withdrawal;
use super::{Body, Event, Message, Outcome, Session, Sink, Stop, Ticket};
use crate::error::{CallError, Failed, NotExecuted};
use crate::ids::CallId;
use crate::limits::Limits;
use crate::wire::{Ending, Frame, HEADER_BYTES, Target};

/// A call to be made.
#[derive(Debug, Clone, Copy)]
pub struct NewCall<'a> {
    /// What is called.
    pub to: Target,
    /// When its caller gives up.
    pub deadline: Instant,
    /// The peer's call within whose handling it is made.
    pub parent: Option<CallId>,
    /// The arguments.
    pub body: Message<'a>,
}

/// Why a call was not made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CannotCall {
    /// No permit or no room yet: keep a waker at the ticket, and try again with it.
    Wait(Ticket),
    /// It will not be made.
    Never(NotExecuted),
}

/// Fields of a Call around its body: ids, deadline, parent, a trace id.
const CALL_FIELDS_BYTES: usize = HEADER_BYTES + 28 + 8 + 17;
/// Fields of a Result around its body.
const RESULT_FIELDS_BYTES: usize = HEADER_BYTES + 8 + 17;

impl<W> Session<W> {
    /// Makes a call. `ticket` is what an earlier attempt was given.
    ///
    /// Calls of depth 0 wait for a permit of the peer and for room in the log, in the order in which they came;
    /// nested calls wait for neither (they would wait for what waits for them) and are refused instead.
    ///
    /// # Errors
    /// [`CannotCall`].
    pub fn call(
        &mut self,
        call: NewCall<'_>,
        ticket: Option<Ticket>,
        now: Instant,
    ) -> Result<CallId, CannotCall> {
        match self.admit(&call, ticket, now) {
            Ok((depth, deadline)) => {
                self.leave_queue(ticket);
                Ok(self.start(NewCall { deadline, ..call }, depth, now))
            }
            Err(why) => {
                if matches!(why, CannotCall::Never(_)) {
                    self.leave_queue(ticket);
                }
                Err(why)
            }
        }
    }

    /// Whether a call may be made now: its depth, and its deadline, which is at most its parent's (P-32).
    fn admit(
        &mut self,
        call: &NewCall<'_>,
        ticket: Option<Ticket>,
        now: Instant,
    ) -> Result<(u8, Instant), CannotCall> {
        let refuse = |why| Err(CannotCall::Never(why));
        if self.closed.is_some() {
            return refuse(NotExecuted::NeverSent);
        }
        let (bytes, max) = (call.body.bytes().len(), self.peer.body_bytes_max);
        if bytes > max as usize {
            return refuse(NotExecuted::TooLarge { bytes: u32::try_from(bytes).unwrap_or(u32::MAX), max });
        }
        let parent = call.parent.and_then(|parent| self.incoming.depth_and_deadline_of(parent));
        let (depth, deadline) = parent.map_or((0, call.deadline), |(depth, deadline)| {
            (depth.saturating_add(1), deadline.min(call.deadline))
        });
        if depth > Limits::DEPTH_MAX {
            return refuse(NotExecuted::TooDeep);
        }
        if ticket.is_some_and(|ticket| !self.waiting.is_queued(ticket)) {
            return refuse(NotExecuted::Busy);
        }
        if deadline <= now {
            return refuse(if ticket.is_some() { NotExecuted::Busy } else { NotExecuted::NeverSent });
        }
        let has_room = self.log.has_room_for_call(bytes + CALL_FIELDS_BYTES);
        if depth > 0 {
            return match (has_room, self.outgoing.has_permit(&self.peer, true)) {
                (true, true) => Ok((depth, deadline)),
                (true, false) => refuse(NotExecuted::TooManyInFlight),
                (false, _) => refuse(NotExecuted::Busy),
            };
        }
        let may_pass = has_room && !self.incoming.has_parked() && self.waiting.may_pass(ticket);
        if may_pass && self.outgoing.has_permit(&self.peer, false) {
            return Ok((depth, deadline));
        }
        match ticket.or_else(|| self.waiting.join(deadline)) {
            Some(ticket) => {
                self.wake_by(deadline);
                Err(CannotCall::Wait(ticket))
            }
            None => refuse(NotExecuted::Busy),
        }
    }

    fn leave_queue(&mut self, ticket: Option<Ticket>) {
        if let Some(ticket) = ticket {
            self.waiting.leave(ticket);
        }
    }

    fn start(&mut self, call: NewCall<'_>, depth: u8, now: Instant) -> CallId {
        let NewCall { to, deadline, parent, body } = call;
        // A parent that has been answered no longer exists for the peer.
        let parent = parent.filter(|_| depth > 0);
        let remaining_ms = remaining_ms(deadline, now);
        self.wake_by(deadline);
        let log = &mut self.log;
        log.reserve();
        self.counts.calls_made += 1;
        self.outgoing.start(self.peer.slots_max, depth, deadline, |id| {
            log.append_with(body, |body| Frame::Call { id, to, remaining_ms, parent, body }, now)
        })
    }

    /// Keeps what wakes a caller that waits with a ticket. False if its deadline has passed meanwhile. To be done
    /// under the lock under which the ticket was given: a wake in between would find nobody.
    pub fn wait(&mut self, ticket: Ticket, waiter: W) -> bool {
        self.waiting.wait(ticket, waiter)
    }

    /// A waiting caller gave up. Whom to wake instead, if anybody.
    pub fn leave(&mut self, ticket: Ticket) -> Option<W> {
        self.waiting.leave(ticket);
        self.wake_next()
    }

    /// The next waiting caller, if a call could be made now. Ask after every call that waited, whether it got
    /// through or was refused.
    pub fn wake_next(&mut self) -> Option<W> {
        let could = !self.waiting.is_empty()
            && self.outgoing.has_permit(&self.peer, false)
            && self.log.has_room_for_call(CALL_FIELDS_BYTES)
            && !self.incoming.has_parked();
        if could { self.waiting.wake_front() } else { None }
    }

    /// The outcome of a call, if it has ended; else `waiter` is woken when it has. To be asked until it answers.
    pub fn poll_call(&mut self, id: CallId, waiter: impl FnOnce() -> W) -> Option<Outcome> {
        self.outgoing.poll(id, waiter)
    }

    /// Lets `waiter` be handed back with the outcome, as an event. At once, if it has ended already.
    pub fn detach_call(&mut self, id: CallId, waiter: W) -> Option<(W, Outcome)> {
        self.outgoing.detach(id, waiter)
    }

    /// Nobody wants the call's outcome any more: the peer is told, if it has got the call. The slot stays taken
    /// until the terminal frame comes. Whom to wake, if that made room for anybody. Harmless for a call that has
    /// ended.
    #[must_use = "a caller may be waiting for what this frees"]
    pub fn abandon_call(&mut self, id: CallId, now: Instant) -> Option<W> {
        let log = &self.log;
        let withdrawal = self.outgoing.abandon(id, |position| log.is_sent(position));
        self.withdraw(withdrawal, now);
        self.wake_next()
    }

    pub(super) fn withdraw(&mut self, withdrawal: Withdrawal, now: Instant) {
        match withdrawal {
            Withdrawal::Void(place) => {
                self.log.void(place);
                self.log.release();
            }
            Withdrawal::Cancel(id) if self.closed.is_none() => {
                self.log.release();
                self.log.append(&Frame::Cancel { id }, now);
            }
            Withdrawal::Cancel(_) | Withdrawal::Nothing => {}
        }
    }

    /// Answers a call of the peer. False if it has been answered already, or the session is over.
    ///
    /// A reply too large for the peer fails the call as a bad reply. A reply that finds no room keeps the call's
    /// slot and goes out when there is.
    pub fn reply(&mut self, id: CallId, ending: Ending<'_>, now: Instant) -> bool {
        if self.closed.is_some() || !self.incoming.is_open(id) {
            return false;
        }
        let ending = if body_of(&ending).len() > self.peer.body_bytes_max as usize {
            Err(CallError::Failed(Failed::BadReply))
        } else {
            ending
        };
        let has_room = self.log.has_room_for_reply(body_of(&ending).len() + RESULT_FIELDS_BYTES);
        if has_room && !self.incoming.has_parked() {
            self.finish(id, ending, now);
        } else {
            let ending = ending.map(Body::from_slice).map_err(|e| e.map_handler(Body::from_slice));
            self.incoming.park(Parked { id, ending });
        }
        true
    }

    /// Answers a call of the peer with a value whose bytes are kept where they are; worth it for large ones. Else as
    /// [`reply`](Self::reply).
    pub fn reply_shared(&mut self, id: CallId, body: Bytes, now: Instant) -> bool {
        let fits = body.len() <= self.peer.body_bytes_max as usize
            && self.log.has_room_for_reply(body.len() + RESULT_FIELDS_BYTES);
        if self.closed.is_some() || !self.incoming.is_open(id) || !fits || self.incoming.has_parked() {
            return self.reply(id, Ok(&body), now);
        }
        self.log.append_shared(&Frame::Result { id, ending: Ok(&[]) }, body, now);
        self.finished(id, true);
        true
    }

    /// Whether a call of the peer still waits for its answer: not answered, not cancelled, not expired.
    pub fn is_wanted(&self, id: CallId) -> bool {
        self.closed.is_none() && self.incoming.is_wanted(id)
    }

    /// Answers a call whose handler was stopped or went away: with why it was stopped, else as `otherwise` says.
    pub fn reply_stopped(&mut self, id: CallId, otherwise: Failed, now: Instant) -> bool {
        let error = match self.incoming.stopped(id) {
            Some(Stop::Cancelled) => CallError::Cancelled,
            Some(Stop::Expired) => CallError::DeadlineExceeded,
            None => CallError::Failed(otherwise),
        };
        self.reply(id, Err(error), now)
    }

    /// There may be room again: lets out parked replies, and wakes a waiting caller.
    pub(super) fn room_freed<'a>(&mut self, now: Instant, events: &mut impl Sink<Event<'a, W>>) {
        while let Some(Parked { ending, .. }) = self.incoming.parked().front() {
            if !self.log.has_room_for_reply(body_of(&borrowed(ending)).len() + RESULT_FIELDS_BYTES) {
                return;
            }
            if let Some(Parked { id, ending }) = self.incoming.parked().pop_front() {
                self.finish(id, borrowed(&ending), now);
            }
        }
        events.put_all(self.wake_next().map(Event::Wake));
    }

    /// Logs a call's terminal frame.
    fn finish(&mut self, id: CallId, ending: Ending<'_>, now: Instant) {
        let ran = !matches!(ending, Err(CallError::NotExecuted(_)));
        self.log.append(&Frame::Result { id, ending }, now);
        self.finished(id, ran);
    }

    /// A call's terminal frame has been logged.
    fn finished(&mut self, id: CallId, ran: bool) {
        if ran && self.incoming.stopped(id) != Some(Stop::Cancelled) {
            self.inbound.cancels.earn(CANCELS);
        }
        self.incoming.finish(id);
    }
}

/// What an ending carries, if anything.
const fn body_of<'a>(ending: &Ending<'a>) -> &'a [u8] {
    match ending {
        Ok(body) | Err(CallError::Handler(body)) => body,
        Err(_) => &[],
    }
}

fn borrowed(ending: &Outcome) -> Ending<'_> {
    match ending {
        Ok(body) => Ok(body),
        Err(CallError::Handler(body)) => Err(CallError::Handler(body)),
        // Only a handler's own error has a body to borrow.
        Err(other) => Err(other.clone().map_handler(|_| &[][..])),
    }
}

/// What is left of a deadline as the wire says it (P-39): rounded up, so that a live call never says 0.
#[inline]
pub(super) fn remaining_ms(deadline: Instant, now: Instant) -> u32 {
    let left = deadline.saturating_duration_since(now) + Duration::from_nanos(999_999);
    // Not `as_millis`, which divides 128 bits, for every call.
    u32::try_from(left.as_secs().saturating_mul(1_000) + u64::from(left.subsec_millis())).unwrap_or(u32::MAX)
}
