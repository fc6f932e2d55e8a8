//! Two ends of one session on virtual time, each with what a link would do for it: callers that wait, are woken
//! and look; a writer; a reader that gets its bytes whole, one by one, or cut anywhere.

use std::time::{Duration, Instant};

use super::end::{Ask, State};
use super::*;
use crate::codec::Codec;
use crate::ids::{RouteId, SessionId, Signature, Uid};
use crate::wire::{Ending, Target};

pub(super) struct Pair {
    start: Instant,
    pub(super) now: Instant,
    ends: [End; 2],
    pub(super) cut: Cut,
}

pub(super) const fn target() -> Target {
    Target { route: RouteId(1), signature: Signature(2), trace: None }
}

/// What an end knows of a peer with these limits.
pub(super) fn established(peer: &Limits, server: &Limits) -> Established {
    Established {
        session: SessionId([0; 16]),
        uid: Uid::from(7),
        codec: Codec::Bincode,
        peer: Announced::from(peer),
        heartbeat: server.heartbeat,
        silence_max: server.silence_max,
        server_time_us: 1_000_000,
        epoch: 0,
        resume_window: server.resume_window,
        resume_token: None,
    }
}

impl Pair {
    pub(super) fn new() -> Self {
        Self::with(|_, _| ())
    }

    /// A pair whose limits (server's, client's) have been changed.
    pub(super) fn with(change: impl FnOnce(&mut Limits, &mut Limits)) -> Self {
        let (mut server, mut client) = (Limits::default(), Limits::default());
        // Ends with its connection: coming back has tests of its own.
        server.resume_window = Duration::ZERO;
        change(&mut server, &mut client);
        let now = Instant::now();
        let to_client = established(&client, &server);
        let to_server = established(&server, &server);
        let ends = [
            End::new(Session::new(Server, &to_client, server, secs(0), 1.0, now)),
            End::new(Session::new(Client, &to_server, client, ms(20), 1.0, now)),
        ];
        Self { start: now, now, ends, cut: Cut::Whole }
    }

    pub(super) fn end(&mut self, side: Side) -> &mut End {
        &mut self.ends[usize::from(side == Client)]
    }

    pub(super) fn session(&mut self, side: Side) -> &mut Session<usize> {
        &mut self.end(side).session
    }

    pub(super) fn elapsed(&self) -> Duration {
        self.now - self.start
    }

    /// Makes a call and lets bytes flow.
    pub(super) fn call(&mut self, side: Side, body: &[u8], within: Duration) -> usize {
        self.call_within(side, None, body, within)
    }

    /// Makes a call on behalf of one of the peer's.
    pub(super) fn call_within(
        &mut self,
        side: Side,
        parent: Option<CallId>,
        body: &[u8],
        within: Duration,
    ) -> usize {
        let call = self.prepare(side, parent, body, within);
        self.flow();
        call
    }

    /// Makes a call that is not written yet.
    pub(super) fn prepare(
        &mut self,
        side: Side,
        parent: Option<CallId>,
        body: &[u8],
        within: Duration,
    ) -> usize {
        let (now, deadline) = (self.now, self.now + within);
        let end = self.end(side);
        let state = State::Waiting(None);
        end.asked.push(Ask { parent, deadline, body: body.to_vec(), state });
        let call = end.asked.len() - 1;
        end.attempt(call, now);
        call
    }

    /// The only call that has arrived at this side and is not answered yet.
    pub(super) fn taken(&mut self, side: Side) -> CallId {
        let taken = &self.end(side).taken;
        assert_eq!(taken.len(), 1, "calls at the {side}: {taken:?}");
        taken[0].id
    }

    /// How much time the first call at this side has left.
    pub(super) fn time_left(&mut self, side: Side) -> Duration {
        let now = self.now;
        self.end(side).taken[0].deadline - now
    }

    /// Answers a call that has arrived at `side`, and lets bytes flow.
    pub(super) fn reply(&mut self, side: Side, id: CallId, ending: Ending<'_>) {
        let now = self.now;
        let end = self.end(side);
        end.taken.retain(|taken| taken.id != id);
        assert!(end.session.reply(id, ending, now), "{id} has been answered before");
        self.flow();
    }

    pub(super) fn answer(&mut self, side: Side, id: CallId, body: &[u8]) {
        self.reply(side, id, Ok(body));
    }

    /// The handler of a call was stopped and ends.
    pub(super) fn stopped(&mut self, side: Side, id: CallId) {
        let now = self.now;
        let end = self.end(side);
        end.taken.retain(|taken| taken.id != id);
        assert!(end.session.reply_stopped(id, Failed::Abandoned, now));
        self.flow();
    }

    pub(super) fn notify(&mut self, side: Side, body: &[u8]) -> Notified {
        let now = self.now;
        let what = self.session(side).notify(target(), Message::Own(body), now);
        self.flow();
        what
    }

    pub(super) fn latest(&mut self, side: Side, key: u64, body: &[u8]) -> Notified {
        let key = LatestKey { route: RouteId(1), scope: 0, key };
        let what = self.session(side).notify_latest(key, target(), Message::Own(body));
        self.flow();
        what
    }

    /// How a call ended, if it has.
    pub(super) fn outcome(&mut self, side: Side, call: usize) -> Option<Outcome> {
        match &self.end(side).asked[call].state {
            State::Done(outcome) => Some(outcome.clone()),
            _ => None,
        }
    }

    /// The number a call got; `None` while it waits.
    pub(super) fn id(&mut self, side: Side, call: usize) -> Option<CallId> {
        match self.end(side).asked[call].state {
            State::Sent(id) | State::Detached(id) => Some(id),
            _ => None,
        }
    }

    /// Whether its caller waits for the outcome itself.
    pub(super) fn is_polled(&mut self, side: Side, call: usize) -> bool {
        matches!(self.end(side).asked[call].state, State::Sent(_))
    }

    pub(super) fn is_waiting(&mut self, side: Side, call: usize) -> bool {
        matches!(self.end(side).asked[call].state, State::Waiting(_))
    }

    /// Drops a call, whatever has become of it.
    pub(super) fn drop_call(&mut self, side: Side, call: usize) {
        let now = self.now;
        let end = self.end(side);
        end.sleepers.retain(|sleeper| *sleeper != call);
        let woken = match std::mem::replace(&mut end.asked[call].state, State::Dropped) {
            State::Waiting(Some(ticket)) => end.session.leave(ticket),
            State::Sent(id) | State::Detached(id) => end.session.abandon_call(id, now),
            State::Waiting(None) | State::Done(_) | State::Dropped => None,
        };
        end.wake(woken, now);
    }

    /// Lets a call go on without anybody waiting for it.
    pub(super) fn detach(&mut self, side: Side, call: usize) {
        let end = self.end(side);
        let State::Sent(id) = end.asked[call].state else { panic!("not in flight") };
        end.sleepers.retain(|sleeper| *sleeper != call);
        end.asked[call].state = match end.session.detach_call(id, call) {
            Some((_, outcome)) => State::Done(outcome),
            None => State::Detached(id),
        };
    }

    /// Callers that were woken while they could not run, run.
    pub(super) fn wake_up(&mut self, side: Side) {
        let now = self.now;
        let end = self.end(side);
        end.asleep = false;
        for call in std::mem::take(&mut end.sleepers) {
            end.wake(Some(call), now);
        }
        self.flow();
    }

    pub(super) fn close(&mut self, side: Side, code: CloseCode) {
        let now = self.now;
        self.end(side).close(code.into(), now);
        self.flow();
    }

    pub(super) fn closed(&mut self, side: Side) -> Option<CloseCode> {
        self.session(side).closed().map(|reason| reason.code)
    }

    /// Raw bytes from this side arrive at the other.
    pub(super) fn inject(&mut self, from: Side, bytes: &[u8]) {
        self.end(from).pipe.extend_from_slice(bytes);
        self.flow();
    }

    /// The same for a side whose own bytes are held.
    pub(super) fn inject_now(&mut self, from: Side, bytes: &[u8]) {
        let now = self.now;
        self.end(from.other()).read(bytes, now);
        self.flow();
    }

    /// Bytes move until there are none to move.
    pub(super) fn flow(&mut self) {
        let now = self.now;
        loop {
            let mut moved = false;
            for side in [Server, Client] {
                let end = self.end(side);
                moved |= end.write(now);
                if end.held || end.pipe.is_empty() {
                    continue;
                }
                let bytes = std::mem::take(&mut end.pipe);
                let pieces = self.cut.pieces(&bytes);
                let other = self.end(side.other());
                pieces.into_iter().for_each(|piece| other.read(piece, now));
                moved = true;
            }
            if !moved {
                return;
            }
        }
    }

    /// Time passes, with everything that happens by itself happening at its time.
    pub(super) fn pass(&mut self, time: Duration) {
        let until = self.now + time;
        for _ in 0..1_000_000 {
            self.flow();
            let now = self.now;
            let next = self.ends.iter_mut().filter_map(|end| end.session.next_wake(now)).min();
            let at = next.map_or(until, |at| at.max(self.now).min(until));
            if at == self.now && at == until && next.is_none_or(|next| next > until) {
                return;
            }
            self.now = at;
            let now = self.now;
            self.ends.iter_mut().for_each(|end| end.tick(now));
            self.flow();
            for end in self.ends.iter_mut().filter(|end| !end.stuck) {
                let next = end.session.next_wake(now);
                assert!(next.is_none_or(|next| next > now), "a busy loop: {:?}", end.session.next_timeout());
            }
            if at == until {
                return;
            }
        }
        panic!("time does not pass");
    }
}
