//! One end of the session with what a link would do for it: callers that wait, are woken and look; handlers that run
//! until the simulation lets them end.

use std::time::{Duration, Instant};

use bytes::Bytes;
use farcall_protocol::session::{
    Batch, CannotCall, Event, LatestKey, Message, NewCall, Outcome, Session, Taken, Ticket,
};
use farcall_protocol::wire::Target;
use farcall_protocol::{CallError, CallId, CloseReason, Delivery, Failed, Notified, RouteId, Side};

use super::content::{body, number_of, target};
use super::coverage::{Coverage, Happening, State as Phase};
use super::history::{Answer, History};
use crate::chance::Chance;

/// One end.
#[derive(Debug)]
pub struct End {
    /// Which.
    pub side: Side,
    /// The engine under test.
    pub session: Session<usize>,
    /// Calls made here and not done with.
    asked: Vec<Ask>,
    /// Calls of the other end that wait for their answer.
    pub running: Vec<(CallId, usize)>,
    /// The connection takes no bytes just now.
    pub stuck: bool,
    /// The other end has confirmed its new token.
    pub token_confirmed: bool,
    /// Of the bodies made here.
    pub body_bytes_max: usize,
    /// The client has come back and has not confirmed its token.
    token_due: bool,
    /// What has met which state.
    pub coverage: Coverage,
    /// The last call made here, and the last one taken, whatever became of them.
    pub last_made: CallId,
    /// See above.
    pub last_taken: CallId,
}

#[derive(Debug)]
struct Ask {
    call: usize,
    /// Body and the rest, for another attempt.
    body: Bytes,
    deadline: Instant,
    parent: Option<CallId>,
    to: Target,
    state: State,
}

#[derive(Debug, Clone, Copy)]
enum State {
    Waiting(Option<Ticket>),
    Polled(CallId),
    Detached(CallId),
}

impl End {
    /// An end of a session that begins.
    pub const fn new(side: Side, session: Session<usize>) -> Self {
        Self {
            side,
            session,
            asked: Vec::new(),
            running: Vec::new(),
            stuck: false,
            token_confirmed: false,
            body_bytes_max: 3_000,
            token_due: false,
            coverage: Coverage::new(),
            last_made: CallId { slot: 0, generation: 0 },
            last_taken: CallId { slot: 0, generation: 0 },
        }
    }

    /// Where the session is, as its user can tell.
    pub fn state(&self) -> Phase {
        let session = &self.session;
        if session.closed().is_some() {
            Phase::Closed
        } else if !session.is_attached() {
            Phase::Detached
        } else if self.token_due {
            Phase::TokenDue
        } else if session.replaying() > 0 {
            Phase::Replaying
        } else {
            Phase::Attached
        }
    }

    /// This is done to the session next.
    pub fn count(&mut self, what: Happening) {
        self.coverage.count((self.side, self.state(), what));
    }

    /// Makes a call: sometimes on behalf of one that it is answering.
    pub fn call(&mut self, chance: &mut Chance, history: &mut History, now: Instant) {
        let within = if chance.percent(40) { chance.below(80) } else { chance.below(5_000) };
        let deadline = now + Duration::from_millis(within as u64);
        let parent = (chance.percent(40) && !self.running.is_empty())
            .then(|| self.running[chance.below(self.running.len())].0);
        let call = history.asks(self.side, deadline);
        let ask = Ask {
            call,
            body: body(call as u32, self.body_bytes_max, chance).into(),
            deadline,
            parent,
            to: target(chance),
            state: State::Waiting(None),
        };
        self.asked.push(ask);
        self.attempt(self.asked.len() - 1, history, now);
        // Some are left to end by themselves.
        if chance.percent(20)
            && let Some(at) = self.asked.iter().position(|ask| ask.call == call)
            && let State::Polled(id) = self.asked[at].state
        {
            match self.session.detach_call(id, call) {
                Some((_, outcome)) => self.done(at, outcome, history, now),
                None => self.asked[at].state = State::Detached(id),
            }
        }
    }

    fn attempt(&mut self, at: usize, history: &mut History, now: Instant) {
        self.count(Happening::MakeCall);
        let ask = &self.asked[at];
        let (call, State::Waiting(ticket)) = (ask.call, ask.state) else { panic!("woken for nothing") };
        let new = NewCall {
            to: ask.to,
            deadline: ask.deadline,
            parent: ask.parent,
            body: Message::Shared(&ask.body),
        };
        let goes_on = match self.session.call(new, ticket, now) {
            Ok(id) => {
                history.logged_call(self.side, call);
                self.last_made = id;
                let ended = self.session.poll_call(id, || call);
                assert_eq!(ended, None, "a call that was just made has ended");
                self.asked[at].state = State::Polled(id);
                true
            }
            Err(CannotCall::Wait(ticket)) => {
                assert!(self.session.wait(ticket, call), "a ticket that is not queued");
                self.asked[at].state = State::Waiting(Some(ticket));
                false
            }
            Err(CannotCall::Never(why)) => {
                self.done(at, Err(CallError::NotExecuted(why)), history, now);
                true
            }
        };
        if ticket.is_some() && goes_on {
            let next = self.session.wake_next();
            self.wake(next, history, now);
        }
    }

    fn done(&mut self, at: usize, outcome: Outcome, history: &mut History, now: Instant) {
        history.ends(self.asked[at].call, outcome, now);
        self.asked.swap_remove(at);
    }

    fn wake(&mut self, caller: Option<usize>, history: &mut History, now: Instant) {
        let Some(call) = caller else { return };
        let at = self.asked.iter().position(|ask| ask.call == call).expect("a caller that is still there");
        match self.asked[at].state {
            State::Waiting(_) => self.attempt(at, history, now),
            State::Polled(id) => {
                let outcome = self.session.poll_call(id, || call).expect("woken without an outcome");
                self.done(at, outcome, history, now);
            }
            State::Detached(_) => panic!("a detached call was woken"),
        }
    }

    /// A caller goes away.
    pub fn drop_one(&mut self, chance: &mut Chance, history: &mut History, now: Instant) {
        if self.asked.is_empty() {
            return;
        }
        let ask = self.asked.swap_remove(chance.below(self.asked.len()));
        history.calls[ask.call].dropped = true;
        let woken = match ask.state {
            State::Waiting(Some(ticket)) => self.session.leave(ticket),
            State::Polled(id) | State::Detached(id) => {
                self.count(Happening::Abandon);
                self.session.abandon_call(id, now)
            }
            State::Waiting(None) => None,
        };
        self.wake(woken, history, now);
    }

    /// A handler ends.
    pub fn answer_one(&mut self, chance: &mut Chance, history: &mut History, now: Instant) {
        if self.running.is_empty() {
            return;
        }
        let (id, call) = self.running.swap_remove(chance.below(self.running.len()));
        let value = body(call as u32, self.body_bytes_max, chance);
        self.count(Happening::Reply);
        let answered = match chance.below(10) {
            0 => {
                history.answers(call, Answer::Error);
                self.session.reply(id, Err(CallError::Handler(&value)), now)
            }
            1 => {
                history.answers(call, Answer::Stopped);
                self.session.reply_stopped(id, Failed::Abandoned, now)
            }
            _ => {
                history.answers(call, Answer::Value);
                self.session.reply(id, Ok(&value), now)
            }
        };
        assert!(answered, "call {call} was answered before");
    }

    /// Sends something that needs no answer.
    pub fn say(&mut self, chance: &mut Chance, history: &mut History, now: Instant) {
        let (number, to) = (history.number(), target(chance));
        let mut text = body(number, self.body_bytes_max, chance);
        match chance.below(10) {
            0..6 => {
                let shared = bytes::Bytes::from(text);
                let message =
                    if chance.percent(50) { Message::Shared(&shared) } else { Message::Own(&shared) };
                self.count(Happening::GiveNotify);
                if self.session.notify(to, message, now) == Notified::Sent {
                    history.logged_notify(self.side, number);
                }
            }
            6..9 => {
                let key = chance.below(super::history::KEYS);
                text.push(key as u8);
                let place = LatestKey { route: RouteId(1), scope: 0, key: key as u64 };
                self.count(Happening::GiveLatest);
                if self.session.notify_latest(place, to, Message::Own(&text)) == Notified::Sent {
                    history.gave_latest(self.side, key, number);
                }
            }
            _ => {
                self.count(Happening::GiveDroppable);
                if self.session.notify_droppable(to, Message::Own(&text)) == Notified::Sent {
                    history.gave_droppable(self.side, number);
                }
            }
        }
    }

    /// What happened at this end.
    pub fn note(&mut self, events: Vec<Event<'_, usize>>, history: &mut History, now: Instant) {
        let from = self.side.other();
        for event in events {
            match event {
                Event::Call { id, body, .. } => {
                    let call = number_of(body) as usize;
                    history.starts(from, call);
                    self.running.push((id, call));
                    self.last_taken = id;
                }
                Event::Message { delivery: Delivery::Latest, body, .. } => {
                    let key = body.last().map_or(0, |key| usize::from(*key));
                    history.hears_latest(from, key, number_of(body));
                }
                Event::Message { delivery: Delivery::Droppable, body, .. } => {
                    history.hears_droppable(from, number_of(body));
                }
                Event::Message { body, .. } => history.hears_notify(from, number_of(body)),
                Event::Stop { id, .. } => {
                    assert!(self.running.iter().any(|(running, _)| *running == id), "stopped twice");
                    if self.session.closed().is_some() {
                        self.running.retain(|(running, _)| *running != id);
                    }
                }
                Event::Wake(call) => self.wake(Some(call), history, now),
                Event::Ended(call, outcome) => {
                    let at = self.asked.iter().position(|ask| ask.call == call).expect("ended twice");
                    self.done(at, outcome, history, now);
                }
                Event::TokenConfirmed => (self.token_confirmed, self.token_due) = (true, false),
            }
        }
    }

    /// The connection is given up.
    pub fn give_up(&mut self, reason: CloseReason, history: &mut History, now: Instant) {
        self.count(Happening::GiveUp);
        let mut events = Vec::new();
        self.session.give_up(reason, now, &mut events);
        self.note(events, history, now);
    }

    /// The session goes on over another connection.
    pub fn resume(
        &mut self,
        peer: Taken,
        token_due: bool,
        history: &mut History,
        now: Instant,
    ) -> Result<(), CloseReason> {
        self.count(Happening::Resume);
        let mut events = Vec::new();
        let resumed = self.session.resume(peer, token_due, now, &mut events);
        // A session that refuses is over, or about to be.
        self.token_due = token_due && resumed.is_ok();
        self.note(events, history, now);
        resumed
    }

    /// The session is over, where the other end may have said how much it had taken.
    pub fn close(&mut self, reason: CloseReason, position: Option<u64>, history: &mut History, now: Instant) {
        self.count(Happening::End);
        let mut events = Vec::new();
        self.session.close_forgotten(reason, position, &mut events);
        self.note(events, history, now);
    }

    /// What is due happens. The reason, if the connection is to be given up.
    pub fn tick(&mut self, history: &mut History, now: Instant) -> Option<CloseReason> {
        self.count(Happening::Timeout);
        let mut events = Vec::new();
        let result = self.session.handle_timeout(now, &mut events);
        self.note(events, history, now);
        result.err()
    }

    /// The writer takes what there is, at most one batch.
    pub fn write(&mut self, batch: &mut Batch, now: Instant) {
        if self.stuck {
            self.session.wrote(false, self.session.is_attached(), now);
        } else {
            self.session.wrote(true, false, now);
            if self.session.has_output(now) {
                self.count(Happening::TakeOutput);
                self.session.take_output(now, batch);
                assert!(!batch.is_empty(), "output was promised");
            }
        }
    }

    /// Whether nobody here waits for anything.
    pub fn is_idle(&self) -> bool {
        let session = &self.session;
        self.asked.is_empty()
            && session.bytes_held() == 0
            && session.slots_used() == 0
            && session.calls_incoming() == 0
    }

    /// Nothing is left over (P22).
    pub fn check_empty(&self, now: Instant) {
        let session = &self.session;
        assert!(self.asked.is_empty() && self.running.is_empty(), "left over: {self:?}");
        let left = (session.slots_used(), session.calls_outgoing(), session.calls_incoming());
        assert_eq!(left, (0, 0, 0), "calls left over at the {}", self.side);
        assert_eq!(session.bytes_held(), 0, "bytes left over at the {}", self.side);
        assert!(!session.has_output(now), "output left over at the {}", self.side);
    }
}
