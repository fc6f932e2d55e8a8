//! What no honest peer and no driver does, done all the same: frames and requests that come when a session is over or has no
//! connection, and must change nothing; frames before the new token is confirmed, which may harm only their connection; in
//! some seeds one frame that its peer never wrote, or an end in an unlikely moment. It has chance of its own, so that a seed
//! without any of it runs as if there were none.

use std::time::Instant;

use bytes::{BufMut, BytesMut};
use farcall_protocol::session::{Batch, Taken};
use farcall_protocol::wire::{Frame, Split};
use farcall_protocol::{CallId, CloseCode, CloseReason, Side};

use super::content::{body, target};
use super::coverage::{Happening, State};
use super::end::End;
use super::world::World;
use crate::chance::Chance;

/// One thing that happens in one state of one end, when that state comes.
#[derive(Debug, Clone, Copy)]
pub struct Stray {
    side: Side,
    state: State,
    what: Happening,
}

/// Codes by which a game or a server ends a session.
const ENDS: [CloseCode; 4] = [CloseCode::Done, CloseCode::Shutdown, CloseCode::Kicked, CloseCode::Replaced];

impl Stray {
    /// In some seeds one.
    pub fn any(chance: &mut Chance) -> Option<Self> {
        let side = if chance.percent(50) { Side::Server } else { Side::Client };
        let any_of = |states: &[State], chance: &mut Chance| states[chance.below(states.len())];
        match chance.below(100) {
            0..14 => {
                // Many seeds never come to write anything again.
                let state = if chance.percent(20) { State::Attached } else { State::Replaying };
                Some(Self { side, state, what: Happening::FRAMES[chance.below(Happening::FRAMES.len())] })
            }
            14..17 => {
                use State as S;
                let state = any_of(&[S::Attached, S::TokenDue, S::Replaying, S::Detached], chance);
                Some(Self { side, state, what: Happening::End })
            }
            _ => None,
        }
    }
}

impl World {
    /// Between two steps something may happen that nobody has asked for.
    pub fn meddle(&mut self) {
        if self.mischief.percent(3) {
            let side = if self.mischief.percent(50) { Side::Server } else { Side::Client };
            match self.ends[side as usize].state() {
                State::Closed | State::Detached => self.ignored(side),
                State::TokenDue => self.unproven(side),
                State::Attached | State::Replaying => {}
            }
        }
        let Some(Stray { side, state, what }) = self.stray else { return };
        let end = &mut self.ends[side as usize];
        let now = end.state();
        if state == State::Replaying {
            // What is to be written again is written soon, unless the connection takes nothing.
            end.stuck |= matches!(now, State::Detached | State::TokenDue);
        }
        if now != state || !self.mischief.percent(50) {
            return;
        }
        end.stuck = false;
        if what == Happening::End {
            self.stray = None;
            let code = ENDS[self.mischief.below(ENDS.len())];
            self.disturbed = true;
            self.end_session(side, code.into(), None);
        } else if let Some(bytes) = self.frame(side, what) {
            self.stray = None;
            // A server's ping and a client's pong, the wrong way round, harm nobody; neither does an old acknowledgement.
            self.history.lied |= !matches!(what, Happening::Ping | Happening::Pong | Happening::Ack);
            self.disturbed = true;
            self.receive(side, &bytes);
        }
    }

    /// A session that is over or has no connection is told something: nothing comes of it.
    fn ignored(&mut self, side: Side) {
        use Happening as H;
        const LATE: &[Happening] = &[H::Reply, H::Abandon, H::GiveUp, H::Resume, H::End, H::TakeOutput];
        let is_over = self.ends[side as usize].session.closed().is_some();
        // Without a connection it may well be answered to, resumed or closed: only its writer has no business there.
        let asked: &[Happening] = if is_over { LATE } else { &[H::TakeOutput] };
        let what = if self.mischief.percent(70) {
            H::FRAMES[self.mischief.below(H::FRAMES.len())]
        } else {
            asked[self.mischief.below(asked.len())]
        };
        let Some(bytes) = self.frame(side, what) else { return };
        let now = self.now;
        let end = &mut self.ends[side as usize];
        let look = |end: &End| {
            let session = &end.session;
            let calls = (session.slots_used(), session.calls_incoming(), session.bytes_held());
            (session.taken(), session.is_attached(), session.closed().cloned(), calls, session.next_timeout())
        };
        let before = look(end);
        end.count(what);
        let nothing =
            if H::FRAMES.contains(&what) { end.hears(&bytes, now) } else { end.is_asked(what, now) };
        assert!(nothing, "{what:?} did something at the {side}, which is {:?}", end.state());
        assert_eq!(before, look(end), "{what:?} changed the session of the {side}");
    }

    /// Something else comes before the new token is confirmed: the connection is given up, and the session is as it was.
    fn unproven(&mut self, side: Side) {
        let what = Happening::FRAMES[self.mischief.below(Happening::FRAMES.len())];
        // The token's own confirmation is what honest clients send; an early one would leave them with the wrong token.
        if what == Happening::TokenOk {
            return;
        }
        let Some(bytes) = self.frame(side, what) else { return };
        let session = &self.ends[side as usize].session;
        let before = (session.taken(), session.counts(), session.bytes_held());
        self.disturbed = true;
        self.receive(side, &bytes);
        let session = &self.ends[side as usize].session;
        assert!(session.detached().is_some(), "{what:?} ended the session before its token was confirmed");
        assert_eq!(
            before,
            (session.taken(), session.counts(), session.bytes_held()),
            "{what:?} did something"
        );
    }

    /// Such a frame; `None` where there is nothing that it could be about.
    fn frame(&mut self, to: Side, what: Happening) -> Option<BytesMut> {
        use Happening as H;
        let chance = &mut self.mischief;
        let end = &self.ends[to as usize];
        let known = chance.percent(50);
        // A number that the history knows: what is heard is looked up there.
        let number = chance.below(self.history.calls.len().max(1));
        let mut said = body(number as u32, 100, chance);
        let to = target(chance);
        let wild = CallId { slot: chance.below(6) as u32, generation: chance.below(100) as u32 };
        let mut out = BytesMut::new();
        match what {
            H::Call if self.history.calls.is_empty() => return None,
            H::Call => {
                let remaining_ms = chance.below(1_000) as u32;
                Frame::Call { id: wild, to, remaining_ms, parent: None, body: &said }.put(&mut out);
            }
            H::Result => {
                let id = if known { end.last_made } else { wild };
                Frame::Result { id, ending: Ok(&said) }.put(&mut out);
            }
            H::Cancel => Frame::Cancel { id: if known { end.last_taken } else { wild } }.put(&mut out),
            H::Notify => Frame::Notify { to, body: &said }.put(&mut out),
            H::Void => Frame::Void.put(&mut out),
            H::Ack => Frame::Ack { position: 0, latest: 0 }.put(&mut out),
            H::Ping => Frame::Ping { time_us: chance.next() >> 32, rtt_us: 5 }.put(&mut out),
            H::Pong => Frame::Pong { echo_us: chance.next() >> 32, time_us: 5 }.put(&mut out),
            H::Latest => {
                // The last byte of one is its key.
                said.push(0);
                let number = end.session.taken().latest + 1 + chance.below(3) as u64;
                Frame::Latest { number, to, body: &said }.put(&mut out);
            }
            H::Droppable => Frame::Droppable { to, body: &said }.put(&mut out),
            H::TokenOk => Frame::TokenOk.put(&mut out),
            H::Close => {
                let code = ENDS[chance.below(ENDS.len())].number();
                Frame::Close { code, message: "on a whim" }.put(&mut out);
            }
            // A Cancel without the call that it would cancel.
            H::Garbage => out.put_slice(&[2, 0, 0, 0, farcall_protocol::wire::Kind::Cancel as u8, 0]),
            _ => out.put_slice(&said),
        }
        Some(out)
    }
}

impl End {
    /// A frame comes, whatever the state. Whether nothing came of it.
    fn hears(&mut self, bytes: &[u8], now: Instant) -> bool {
        let Ok(Split::Frame(raw)) = self.session.split(bytes) else { return false };
        let mut events = Vec::new();
        self.session.receive(raw, now, &mut events) == Ok(()) && events.is_empty()
    }

    /// Something is asked of a session that can do nothing about it. Whether it did nothing.
    fn is_asked(&mut self, what: Happening, now: Instant) -> bool {
        let (session, mut events) = (&mut self.session, Vec::new());
        let reason = CloseReason::from(CloseCode::ConnectionLost);
        let refused = match what {
            Happening::Reply => !session.reply(self.last_taken, Ok(b"late"), now),
            Happening::Abandon => session.abandon_call(self.last_made, now).is_none(),
            Happening::GiveUp => {
                session.give_up(reason, now, &mut events);
                true
            }
            Happening::Resume => {
                let why = session.closed().cloned();
                let resumed = session.resume(Taken::default(), self.side == Side::Server, now, &mut events);
                why.is_some() && resumed.err() == why
            }
            Happening::End => {
                session.close(reason, &mut events);
                true
            }
            Happening::TakeOutput => {
                let mut batch = Batch::new();
                session.take_output(now, &mut batch);
                batch.is_empty()
            }
            _ => false,
        };
        refused && events.is_empty()
    }
}
