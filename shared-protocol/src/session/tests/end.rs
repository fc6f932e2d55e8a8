//! One end of a [`Pair`](super::pair::Pair): a session with what a link would do for it. Callers that wait, are
//! woken and look; a writer; a reader that gets its bytes whole, one by one, or cut anywhere.

use std::time::Instant;

use super::*;
use crate::contract::Delivery;
use crate::wire::Split;

pub(super) struct End {
    pub(super) session: Session<usize>,
    /// Written, on their way.
    pub(super) pipe: Vec<u8>,
    /// Arrived, not yet whole frames.
    pub(super) unread: Vec<u8>,
    /// What is written stays on its way.
    pub(super) held: bool,
    /// The connection takes no bytes.
    pub(super) stuck: bool,
    /// Callers are woken but do not get to run.
    pub(super) asleep: bool,
    pub(super) sleepers: Vec<usize>,
    pub(super) asked: Vec<Ask>,
    pub(super) taken: Vec<Taken>,
    pub(super) said: Vec<(Delivery, Vec<u8>)>,
    pub(super) stops: Vec<(CallId, Stop)>,
    /// Kinds of the frames that have arrived.
    pub(super) kinds: Vec<Kind>,
    /// How often the peer has confirmed a token.
    pub(super) confirmed: usize,
}

/// A call made here.
pub(super) struct Ask {
    pub(super) parent: Option<CallId>,
    pub(super) deadline: Instant,
    pub(super) body: Vec<u8>,
    pub(super) state: State,
}

#[derive(Debug, Clone)]
pub(super) enum State {
    Waiting(Option<Ticket>),
    Sent(CallId),
    Detached(CallId),
    Done(Outcome),
    Dropped,
}

/// A call of the peer.
#[derive(Debug, Clone)]
pub(super) struct Taken {
    pub(super) id: CallId,
    pub(super) body: Vec<u8>,
    pub(super) deadline: Instant,
    pub(super) nested: bool,
}

/// How bytes arrive.
pub(super) enum Cut {
    Whole,
    Bytes,
    /// Pieces of random length, from this seed.
    Random(u64),
}

impl End {
    pub(super) fn new(session: Session<usize>) -> Self {
        Self {
            session,
            pipe: Vec::new(),
            unread: Vec::new(),
            held: false,
            stuck: false,
            asleep: false,
            sleepers: Vec::new(),
            asked: Vec::new(),
            taken: Vec::new(),
            said: Vec::new(),
            stops: Vec::new(),
            kinds: Vec::new(),
            confirmed: 0,
        }
    }

    /// Tries to make a call, as its caller does when first polled and whenever woken.
    pub(super) fn attempt(&mut self, call: usize, now: Instant) {
        let Ask { parent, deadline, body, state } = &self.asked[call];
        let State::Waiting(ticket) = *state else { panic!("not waiting") };
        let new = NewCall { to: target(), deadline: *deadline, parent: *parent, body: Message::Own(body) };
        self.asked[call].state = match self.session.call(new, ticket, now) {
            Ok(id) => {
                assert_eq!(self.session.poll_call(id, || call), None);
                State::Sent(id)
            }
            Err(CannotCall::Wait(ticket)) => {
                assert!(self.session.wait(ticket, call));
                State::Waiting(Some(ticket))
            }
            Err(CannotCall::Never(why)) => State::Done(Err(why.into())),
        };
        let goes_on = !matches!(self.asked[call].state, State::Waiting(_));
        if ticket.is_some() && goes_on {
            let next = self.session.wake_next();
            self.wake(next, now);
        }
    }

    pub(super) fn wake(&mut self, caller: Option<usize>, now: Instant) {
        let Some(call) = caller else { return };
        if self.asleep {
            return self.sleepers.push(call);
        }
        match self.asked[call].state {
            State::Waiting(_) => self.attempt(call, now),
            State::Sent(id) => {
                let outcome = self.session.poll_call(id, || call).expect("woken without an outcome");
                self.asked[call].state = State::Done(outcome);
            }
            ref state => panic!("call {call} was woken as {state:?}"),
        }
    }

    pub(super) fn note(&mut self, events: Vec<Event<'_, usize>>, now: Instant) {
        for event in events {
            match event {
                Event::Call { id, deadline, nested, body, .. } => {
                    self.taken.push(Taken { id, body: body.to_vec(), deadline, nested });
                }
                Event::Message { delivery, body, .. } => self.said.push((delivery, body.to_vec())),
                Event::Stop { id, why } => self.stops.push((id, why)),
                Event::Wake(call) => self.wake(Some(call), now),
                Event::Ended(call, outcome) => {
                    assert!(matches!(self.asked[call].state, State::Detached(_)), "ended twice");
                    self.asked[call].state = State::Done(outcome);
                }
                Event::TokenConfirmed => self.confirmed += 1,
            }
        }
    }

    pub(super) fn close(&mut self, reason: CloseReason, now: Instant) {
        let mut events = Vec::new();
        self.session.close(reason, &mut events);
        self.note(events, now);
    }

    /// The connection is to be given up: the session detaches, if it can come back, or is over.
    pub(super) fn give_up(&mut self, reason: CloseReason, now: Instant) {
        let mut events = Vec::new();
        self.session.give_up(reason, now, &mut events);
        self.note(events, now);
    }

    pub(super) fn tick(&mut self, now: Instant) {
        let mut events = Vec::new();
        let result = self.session.handle_timeout(now, &mut events);
        self.note(events, now);
        if let Err(reason) = result {
            self.give_up(reason, now);
        }
    }

    pub(super) fn write(&mut self, now: Instant) -> bool {
        if self.stuck {
            self.session.wrote(false, true, now);
            return false;
        }
        self.session.wrote(true, false, now);
        if !self.session.has_output(now) {
            return false;
        }
        let mut batch = Batch::new();
        self.session.take_output(now, &mut batch);
        assert!(!batch.is_empty(), "output was promised");
        batch.iter().for_each(|piece| self.pipe.extend_from_slice(piece));
        true
    }

    pub(super) fn read(&mut self, piece: &[u8], now: Instant) {
        let mut bytes = std::mem::take(&mut self.unread);
        bytes.extend_from_slice(piece);
        let mut rest = bytes.as_slice();
        let partial = loop {
            match self.session.split(rest) {
                Ok(Split::Frame(raw)) => {
                    let mut events = Vec::new();
                    self.kinds.push(raw.kind);
                    let result = self.session.receive(raw, now, &mut events);
                    rest = &rest[raw.wire_bytes..];
                    self.note(events, now);
                    if let Err(reason) = result {
                        self.give_up(reason, now);
                    }
                }
                Ok(Split::Partial { needed }) => break (!rest.is_empty()).then_some(needed),
                Err(reason) => {
                    self.give_up(reason, now);
                    break None;
                }
            }
        };
        self.session.heard(partial, now);
        let goes_on = self.session.closed().is_none() && self.session.is_attached();
        self.unread = if goes_on { rest.to_vec() } else { Vec::new() };
    }
}

impl Cut {
    pub(super) fn pieces<'a>(&mut self, bytes: &'a [u8]) -> Vec<&'a [u8]> {
        match self {
            Self::Whole => vec![bytes],
            Self::Bytes => bytes.chunks(1).collect(),
            Self::Random(seed) => {
                let (mut rest, mut pieces) = (bytes, Vec::new());
                while !rest.is_empty() {
                    let len = 1 + random(seed) as usize % 40;
                    let (piece, after) = rest.split_at(len.min(rest.len()));
                    pieces.push(piece);
                    rest = after;
                }
                pieces
            }
        }
    }
}

/// Xorshift: enough to cut and to choose by.
pub(super) const fn random(seed: &mut u64) -> u64 {
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    *seed
}
