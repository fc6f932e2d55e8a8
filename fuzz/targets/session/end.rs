//! One end: its session, the calls made and taken at it, and what must always be so of them.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use bytes::BytesMut;
use farcall_protocol::handshake::Established;
use farcall_protocol::session::{
    Batch, CannotCall, Event, LatestKey, Message, NewCall, Session, Taken, Ticket,
};
use farcall_protocol::wire::{Frame, Split, Target};
use farcall_protocol::{CallError, CallId, CloseCode, CloseReason, Failed, Limits, RouteId, Side, Signature};

use crate::{Forged, What};

type Caller = u32;

pub struct End {
    side: Side,
    session: Session<Caller>,
    /// Written and on its way.
    wire: Vec<u8>,
    /// Arrived, and not a whole frame yet.
    unread: Vec<u8>,
    waiting: BTreeMap<Caller, Ticket>,
    polled: BTreeMap<Caller, CallId>,
    detached: BTreeMap<Caller, CallId>,
    ended: BTreeSet<Caller>,
    next: Caller,
    /// Calls of the peer that have not been answered.
    taken: Vec<CallId>,
    stopping: BTreeSet<CallId>,
}

/// Added to the log of a session without a connection, at most.
const DETACHED_BYTES_MAX: usize = 256 << 10;

const TARGET: Target = Target { route: RouteId(1), signature: Signature(2), trace: None };

impl End {
    pub fn new(side: Side, established: &Established, limits: &Limits, now: Instant) -> Self {
        Self {
            side,
            session: Session::new(side, established, limits.clone(), Duration::ZERO, 0.5, now),
            wire: Vec::new(),
            unread: Vec::new(),
            waiting: BTreeMap::new(),
            polled: BTreeMap::new(),
            detached: BTreeMap::new(),
            ended: BTreeSet::new(),
            next: 0,
            taken: Vec::new(),
            stopping: BTreeSet::new(),
        }
    }

    pub fn act(&mut self, what: What, now: Instant) {
        match what {
            What::Call { within_ms, bytes, parent } => self.call(within_ms, bytes, parent, now),
            What::Poll => self.poll(now),
            What::Detach { nth } => self.detach(nth),
            What::Abandon { nth } => self.abandon(nth, now),
            What::Leave { nth } => {
                if let Some(caller) = pick(self.waiting.keys(), nth)
                    && let Some(ticket) = self.waiting.remove(&caller)
                {
                    let _ = self.session.leave(ticket);
                }
            }
            What::Answer { nth, bytes, ok } => self.answer(nth, bytes, ok, now),
            What::Notify { bytes } => {
                let _ = self.session.notify(TARGET, Message::Own(&body(bytes)), now);
            }
            What::Latest { key, bytes } => {
                let key = LatestKey { route: RouteId(1), scope: u64::from(key % 5), key: 0 };
                let shared = bytes::Bytes::from(body(bytes));
                let _ = self.session.notify_latest(key, TARGET, Message::Shared(&shared));
            }
            What::Droppable { bytes } => {
                let _ = self.session.notify_droppable(TARGET, Message::Own(&body(bytes)));
            }
            What::Stall { bytes } => {
                let written = self.write(bytes.into(), now);
                self.wire.splice(0..0, written);
                self.session.wrote(false, true, now);
            }
            What::Arrive { .. }
            | What::ArriveAll
            | What::Pass { .. }
            | What::Inject { .. }
            | What::Forge { .. }
            | What::Flip { .. }
            | What::Close { .. }
            | What::Lose
            | What::Return { .. } => {}
        }
    }

    fn call(&mut self, within_ms: u16, bytes: u16, parent: Option<u8>, now: Instant) {
        let deadline = now + Duration::from_millis(u64::from(within_ms) + 1);
        let parent = parent.and_then(|nth| pick(self.taken.iter(), nth));
        let call = NewCall { to: TARGET, deadline, parent, body: Message::Shared(&body(bytes).into()) };
        let caller = self.next;
        match self.session.call(call, None, now) {
            Ok(id) => drop(self.polled.insert(caller, id)),
            Err(CannotCall::Wait(ticket)) => {
                if self.session.wait(ticket, caller) {
                    self.waiting.insert(caller, ticket);
                }
            }
            Err(CannotCall::Never(_)) => {}
        }
        self.next += 1;
    }

    /// Every caller looks, and those that wait try again.
    fn poll(&mut self, now: Instant) {
        let (session, ended) = (&mut self.session, &mut self.ended);
        self.polled.retain(|caller, id| match session.poll_call(*id, || *caller) {
            Some(_) => {
                assert!(ended.insert(*caller), "a call ended twice");
                false
            }
            None => true,
        });
        for (caller, ticket) in std::mem::take(&mut self.waiting) {
            let deadline = now + Duration::from_secs(1);
            let call = NewCall { to: TARGET, deadline, parent: None, body: Message::Own(&[7; 9]) };
            match self.session.call(call, Some(ticket), now) {
                Ok(id) => drop(self.polled.insert(caller, id)),
                Err(CannotCall::Wait(ticket)) if self.session.wait(ticket, caller) => {
                    self.waiting.insert(caller, ticket);
                }
                Err(_) => {}
            }
        }
    }

    fn detach(&mut self, nth: u8) {
        let Some(caller) = pick(self.polled.keys(), nth) else { return };
        let Some(id) = self.polled.remove(&caller) else { return };
        match self.session.detach_call(id, caller) {
            Some((told, _)) => assert!(told == caller && self.ended.insert(caller), "a call ended twice"),
            None => drop(self.detached.insert(caller, id)),
        }
    }

    fn abandon(&mut self, nth: u8, now: Instant) {
        let polled = pick(self.polled.keys(), nth).and_then(|caller| self.polled.remove(&caller));
        let id = polled.or_else(|| pick(self.detached.keys(), nth).and_then(|c| self.detached.remove(&c)));
        if let Some(id) = id {
            let _ = self.session.abandon_call(id, now);
        }
    }

    fn answer(&mut self, nth: u8, bytes: u16, ok: bool, now: Instant) {
        let Some(id) = pick(self.taken.iter(), nth) else { return };
        self.taken.retain(|taken| *taken != id);
        if self.stopping.remove(&id) {
            self.session.reply_stopped(id, Failed::Abandoned, now);
        } else if ok {
            self.session.reply(id, Ok(&body(bytes)), now);
        } else {
            self.session.reply(id, Err(CallError::Handler(&[3])), now);
        }
    }

    /// What goes onto the wire arrives at the other end up to so many bytes.
    pub fn write(&mut self, bytes: usize, now: Instant) -> Vec<u8> {
        if !self.session.is_attached() {
            return Vec::new();
        }
        let mut batch = Batch::new();
        self.session.take_output(now, &mut batch);
        batch.iter().for_each(|piece| self.wire.extend_from_slice(piece));
        let arrives = bytes.min(self.wire.len());
        self.session.wrote(arrives > 0, arrives < self.wire.len(), now);
        self.wire.drain(..arrives).collect()
    }

    pub fn read(&mut self, bytes: &[u8], now: Instant) {
        if !self.session.is_attached() {
            return;
        }
        self.unread.extend_from_slice(bytes);
        let unread = std::mem::take(&mut self.unread);
        let mut at = 0;
        let mut events = Vec::new();
        let broken = loop {
            match self.session.split(&unread[at..]) {
                Ok(Split::Frame(raw)) => {
                    at += raw.wire_bytes;
                    if let Err(reason) = self.session.receive(raw, now, &mut events) {
                        break Some(reason);
                    }
                }
                Ok(Split::Partial { needed }) => {
                    self.session.heard((at < unread.len()).then_some(needed), now);
                    break None;
                }
                Err(reason) => break Some(reason),
            }
        };
        events.into_iter().for_each(|event| self.take(event));
        if let Some(reason) = broken {
            return self.give_up(reason, now);
        }
        self.unread = unread[at..].to_vec();
    }

    fn take(&mut self, event: Event<'_, Caller>) {
        match event {
            Event::Call { id, .. } => {
                let slot_is_free = self.taken.iter().all(|taken| taken.slot != id.slot);
                assert!(slot_is_free, "a call was taken in a slot that owes an answer");
                self.taken.push(id);
            }
            Event::Stop { id, .. } => drop(self.stopping.insert(id)),
            Event::Ended(caller, _) => {
                assert!(self.detached.remove(&caller).is_some(), "only detached calls are handed back");
                assert!(self.ended.insert(caller), "a call ended twice");
            }
            Event::Message { .. } | Event::Wake(_) | Event::TokenConfirmed => {}
        }
    }

    pub fn pass(&mut self, now: Instant) {
        let mut events = Vec::new();
        let verdict = self.session.handle_timeout(now, &mut events);
        events.into_iter().for_each(|event| self.take(event));
        if let Err(reason) = verdict {
            self.give_up(reason, now);
        }
    }

    pub fn inject(&mut self, kind: u8, flags: u8, payload: &[u8]) {
        let len = payload.len() as u32 + 2;
        self.wire.extend(len.to_le_bytes());
        self.wire.extend([kind, flags]);
        self.wire.extend(payload);
    }

    pub fn forge(&mut self, kind: Forged, slot: u32, generation: u32) {
        let id = CallId { slot, generation };
        let frame = match kind {
            Forged::Call => Frame::Call { id, to: TARGET, remaining_ms: 9_000, parent: None, body: &[7] },
            Forged::Result => Frame::Result { id, ending: Ok(&[7]) },
            Forged::Cancel => Frame::Cancel { id },
            Forged::Ack => Frame::Ack { position: slot.into(), latest: generation.into() },
        };
        let mut out = BytesMut::new();
        frame.put(&mut out);
        self.wire.extend_from_slice(&out);
    }

    pub fn flip(&mut self, at: usize, bits: u8) {
        if let Some(byte) = self.wire.get_mut(at) {
            *byte ^= bits;
        }
    }

    pub fn close(&mut self, reason: CloseReason) {
        let mut events = Vec::new();
        self.session.close(reason, &mut events);
        events.into_iter().for_each(|event| self.take(event));
    }

    /// The connection is of no more use; the session may be.
    pub fn give_up(&mut self, reason: CloseReason, now: Instant) {
        let mut events = Vec::new();
        self.session.give_up(reason, now, &mut events);
        events.into_iter().for_each(|event| self.take(event));
        self.wire.clear();
        self.unread.clear();
    }

    pub fn can_resume(&self) -> bool {
        self.session.closed().is_none() && !self.session.resume_window().is_zero()
    }

    pub const fn taken(&self) -> Taken {
        self.session.taken()
    }

    /// Goes on over a fresh connection, if it takes the other at its word.
    pub fn resume(&mut self, peer: Taken, now: Instant) -> bool {
        let mut events = Vec::new();
        let token_due = self.side == Side::Server;
        let resumed = self.session.resume(peer, token_due, now, &mut events);
        events.into_iter().for_each(|event| self.take(event));
        self.wire.clear();
        self.unread.clear();
        match resumed {
            Ok(()) => true,
            Err(reason) => {
                self.close(reason);
                false
            }
        }
    }

    /// What a client says first on a new connection.
    pub fn confirm_token(&mut self) {
        let mut out = BytesMut::new();
        Frame::TokenOk.put(&mut out);
        self.wire.splice(0..0, out);
    }

    pub fn check(&self, limits: &Limits) {
        // While it is away a session may add so much, beyond what its log held before (L26).
        let max = limits.log_bytes_max + limits.latest_bytes_max + DETACHED_BYTES_MAX;
        let held = self.session.bytes_held();
        assert!(held <= max, "{held} bytes held, {max} allowed");
        let slots = limits.calls_in_flight_max + limits.nested_calls_max;
        assert!(self.session.calls_incoming() <= slots);
        assert!(self.session.calls_outgoing() <= slots);
    }

    /// The code by which this end says that the other broke the protocol.
    pub fn blames_peer(&self) -> Option<CloseCode> {
        let reason =
            self.session.closed().filter(|reason| !reason.by_peer && reason.message != "by the game")?;
        (20..=28).contains(&reason.code.number()).then_some(reason.code)
    }

    /// After the end nothing is left to wait for.
    pub fn everything_has_ended(&mut self, now: Instant) {
        self.poll(now);
        assert!(self.polled.is_empty() && self.waiting.is_empty() && self.detached.is_empty());
        assert_eq!((self.session.calls_outgoing(), self.session.calls_incoming()), (0, 0));
    }
}

fn body(bytes: u16) -> Vec<u8> {
    vec![7; usize::from(bytes) % 2_000]
}

fn pick<'a, T: Copy + 'a>(mut from: impl ExactSizeIterator<Item = &'a T>, nth: u8) -> Option<T> {
    let len = from.len();
    (len > 0).then(|| from.nth(usize::from(nth) % len).copied()).flatten()
}
