//! A session that changes its connection: losing one, taking the next, and who is told. The protocol's part, which frames
//! are written again, is the session's; who may come back is decided under its lock, in one step with the change.

use std::collections::VecDeque;
use std::io;
use std::sync::MutexGuard;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use farcall_protocol::handshake::{Claimed, Dismissed, Return, Returned, Token, TokenVerdict, Tokens};
use farcall_protocol::session::{Event, Taken};
use farcall_protocol::wire::Frame;
use farcall_protocol::{CloseCode, CloseReason, Uid};
use tokio::runtime::{self, Handle};
use tracing::info;

use crate::link::Address;
use crate::login::{GivenBack, Pending};
use crate::shared::{Core, Shared, Waiter, now, settle};
use crate::transport::Transport;

/// A connection that takes a session over.
pub(crate) struct Arrival {
    pub(crate) io: Box<dyn Transport>,
    /// What is written before anything of the session.
    pub(crate) say_first: Bytes,
    /// What came behind the login.
    pub(crate) early: Vec<u8>,
    /// The runtime that made the connection, and wakes whoever waits for it.
    woken_by: Option<runtime::Id>,
}

impl Arrival {
    /// To be made where the connection was.
    fn new(io: Box<dyn Transport>, say_first: Bytes, early: Vec<u8>) -> Self {
        let woken_by = Handle::try_current().ok().map(|runtime| runtime.id());
        Self { io, say_first, early, woken_by }
    }

    /// Brings the connection to the runtime in which this is called, if it was made by another: to be woken by that one for the
    /// rest of the session would cost a switch between threads for each read, and whatever holds up that runtime's thread
    /// would hold up this session, too.
    pub(crate) fn moved_here(self) -> io::Result<Self> {
        let here = Handle::try_current().ok().map(|runtime| runtime.id());
        if self.woken_by == here {
            return Ok(self);
        }
        Ok(Self { io: self.io.moved_here()?, woken_by: here, ..self })
    }
}

/// Why a session does not go on over a connection.
enum NotAccepted {
    /// Only that connection is concerned (R7).
    Harmless(Dismissed),
    /// Its client comes back too often (L28).
    TooOften,
    /// The session must end.
    Over(CloseReason),
}

/// By what a client comes back, as each end knows it.
pub(crate) enum Pass {
    /// It cannot.
    None,
    /// A server's: what it accepts.
    Accepts(Tokens),
    /// A client's: what it shows, the epoch of its server, and how often it has tried.
    Shows { token: Token, epoch: u64, attempt: u32 },
}

/// What is left of a session that is over: enough to tell its client why, and how much of what it sent had arrived.
#[derive(Debug)]
pub struct Tombstone {
    uid: Uid,
    tokens: Tokens,
    why: Dismissed,
}

impl Tombstone {
    /// Whether a token was one of the session's.
    pub fn knows_token(&self, claimed: &Claimed) -> bool {
        self.tokens.judge(&claimed.token, claimed.attempt) != TokenVerdict::Unknown
    }

    /// What its client is told.
    pub const fn why(&self) -> Dismissed {
        self.why
    }

    /// Whose it was.
    pub const fn uid(&self) -> &Uid {
        &self.uid
    }
}

/// Something that has happened to a session between its beginning and its end.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SessionEvent {
    /// It has lost its connection, and waits for another. Calls, handlers and deadlines go on.
    Detached(CloseReason),
    /// It has another connection.
    Resumed {
        /// Frames that this end writes again: the old connection did not bring them there.
        replayed: u64,
        /// How long it had none; zero if the new one came first.
        away: Duration,
    },
}

/// The last events of a session, for whoever asks. To most nothing happens between their beginning and their end.
#[derive(Debug, Default)]
pub(crate) struct Happened(Option<Box<Events>>);

#[derive(Debug, Default)]
struct Events {
    /// The number of the oldest that is kept.
    first: u64,
    kept: VecDeque<SessionEvent>,
}

/// Events kept for those who are slow to ask.
const EVENTS_MAX: usize = 64;

impl Happened {
    fn note(&mut self, event: SessionEvent) {
        let Events { first, kept } = &mut **self.0.get_or_insert_default();
        // In pairs, so that whoever is behind goes on with an event that is legal after any.
        if kept.len() >= EVENTS_MAX {
            kept.drain(..2);
            *first += 2;
        }
        kept.push_back(event);
    }

    /// The oldest that is kept and not older than `seen`, and what to ask for next.
    fn after(&self, seen: u64) -> Option<(SessionEvent, u64)> {
        let Events { first, kept } = self.0.as_deref()?;
        let at = seen.max(*first);
        kept.get((at - first) as usize).map(|event| (event.clone(), at + 1))
    }
}

impl Shared {
    /// Whether a newer connection waits for the driver of this one. Under the lock, the answer stays true.
    pub(crate) fn has_arrival(&self, generation: u64) -> bool {
        self.generation.load(Ordering::Acquire) != generation
    }

    /// The newest connection, and its number. Until it is [`connected`](Self::connected) nobody but the driver writes to it.
    pub(crate) fn take_arrival(&self) -> (u64, Option<Box<Arrival>>) {
        let mut core = self.lock();
        (self.generation.load(Ordering::Acquire), core.arrival.take())
    }

    /// The driver goes on over this connection: lone callers may write to it.
    pub(crate) fn connected(&self, io: &mut dyn Transport, generation: u64) {
        let mut core = self.lock();
        if !self.has_arrival(generation) {
            core.alone.connect(io.take_shortcut());
        }
    }

    /// Where the peer is, or was last.
    pub(crate) fn address(&self) -> Address {
        self.lock().address
    }

    /// A connection is of no more use. True if the session waits for another now.
    pub(crate) fn give_up(&self, reason: CloseReason, generation: u64) -> bool {
        let mut events = Vec::new();
        let detached = {
            let mut core = self.lock();
            if self.has_arrival(generation) {
                return false;
            }
            let was_attached = core.session.is_attached();
            core.alone.disconnect();
            core.session.give_up(reason, now(), &mut events);
            let detached = core.session.detached().map(|(_, reason)| reason.clone());
            let detached = detached.filter(|_| was_attached);
            if let Some(reason) = &detached {
                core.happened.note(SessionEvent::Detached(reason.clone()));
            }
            detached
        };
        settle(events);
        if let Some(CloseReason { code, message, .. }) = &detached {
            info!(target: "farcall", side = self.side.name(), uid = %self.uid, session = %self.id, code = code.name(), reason = ?message, "detached");
        }
        self.tell();
        detached.is_some()
    }

    /// The next event after those seen; `None` when the session is over and nothing is left to tell.
    pub(crate) async fn next_event(&self, seen: &mut u64) -> Option<SessionEvent> {
        let event = self
            .wait(|shared| {
                let core = shared.lock();
                match core.happened.after(*seen) {
                    Some(found) => Some(Some(found)),
                    None => core.session.closed().map(|_| None),
                }
            })
            .await;
        event.map(|(event, next)| {
            *seen = next;
            event
        })
    }

    /// The client knows its new token, as it has said over this connection. When another has come since, the word is out of
    /// date: it was about a token that has been renewed again.
    pub(crate) fn confirm_token(&self, generation: u64) {
        let mut core = self.lock();
        if let (Pass::Accepts(tokens), false) = (&mut core.pass, self.has_arrival(generation)) {
            tokens.confirm();
        }
    }

    /// Whether a token is, or was, one of this session's. Changes nothing.
    pub(crate) fn knows_token(&self, claimed: &Claimed) -> bool {
        self.lock().judge(claimed) != TokenVerdict::Unknown
    }

    /// What to keep of a session that is over for a client that comes back to it.
    pub(crate) fn tombstone(&self) -> Option<Tombstone> {
        let core = self.lock();
        let (Pass::Accepts(tokens), Some(reason)) = (&core.pass, core.session.closed()) else { return None };
        let why = Dismissed { code: reason.code, position: Some(core.session.taken().position) };
        // A client that has said goodbye does not come back.
        (!reason.by_peer).then(|| Tombstone { uid: self.uid.clone(), tokens: tokens.clone(), why })
    }

    /// A client has come back that is known to be this session's player: the session goes on over its connection, whether
    /// the old one is gone or not. `next` is its token for the next time.
    pub(crate) fn give_back<T: Transport>(
        &self,
        pending: Pending<T>,
        claimed: &Claimed,
        next: &Token,
        address: Address,
    ) -> GivenBack<T> {
        let mut events = Vec::new();
        let mut core = self.lock();
        let refused = match core.accept(claimed, &mut events) {
            Ok(resumed) => {
                if let Pass::Accepts(tokens) = &mut core.pass {
                    tokens.renew(&claimed.token, claimed.attempt, next);
                }
                let Pending { login, io, mut out, door, .. } = pending;
                login.give_back(core.session.taken(), next, door.time_us(), &mut out);
                let arrival = Arrival::new(Box::new(io), out.freeze(), Vec::new());
                self.went_on(core, arrival, address, &resumed);
                settle(events);
                return GivenBack::Resumed;
            }
            Err(refused) => refused,
        };
        drop(core);
        settle(events);
        let why = match refused {
            NotAccepted::Harmless(why) => {
                if cfg!(mutant = "7") {
                    self.close(CloseReason::from(why.code));
                }
                why
            }
            NotAccepted::TooOften => return GivenBack::TooOften(Box::new(pending)),
            NotAccepted::Over(reason) => {
                let why = Dismissed { code: reason.code, position: None };
                if !cfg!(mutant = "12") {
                    self.close(reason);
                }
                why
            }
        };
        GivenBack::Not(Box::new(pending), why)
    }

    /// What this client says to come back; `None` if it cannot. Each is another attempt.
    pub(crate) fn claims(&self) -> Option<Return> {
        let mut core = self.lock();
        let mut taken = core.session.taken();
        if cfg!(mutant = "9") {
            taken.position = taken.position.saturating_sub(1);
        }
        let Pass::Shows { token, epoch, attempt } = &mut core.pass else { return None };
        *attempt += 1;
        Some(Return { session: self.id, token: token.clone(), epoch: *epoch, attempt: *attempt, taken })
    }

    /// The server has given this client its session back.
    pub(crate) fn come_back(
        &self,
        returned: Returned,
        io: Box<dyn Transport>,
        address: Address,
        early: Vec<u8>,
    ) {
        let mut events = Vec::new();
        let mut say_first = BytesMut::new();
        Frame::TokenOk.put(&mut say_first);
        let mut core = self.lock();
        match core.go_on(returned.taken, false, &mut events) {
            Ok(resumed) => {
                if let Pass::Shows { token, .. } = &mut core.pass {
                    *token = returned.token;
                }
                self.went_on(core, Arrival::new(io, say_first.freeze(), early), address, &resumed);
                settle(events);
            }
            Err(reason) => {
                drop(core);
                settle(events);
                self.close(reason);
            }
        }
    }

    /// The server has not given this client its session back.
    pub(crate) fn dismissed(&self, Dismissed { code, position }: Dismissed) {
        let mut events = Vec::new();
        let reason = CloseReason::theirs(code, "");
        self.with(|session, _| session.close_forgotten(reason, position, &mut events));
        settle(events);
        self.tell();
    }

    /// The session goes on over this connection: hands it to the driver, under the lock under which that was decided, and
    /// tells everybody.
    fn went_on(
        &self,
        mut core: MutexGuard<'_, Core>,
        arrival: Arrival,
        address: Address,
        &Resumed { replayed, away }: &Resumed,
    ) {
        core.alone.disconnect();
        core.arrival = Some(Box::new(arrival));
        core.address = address;
        core.happened.note(SessionEvent::Resumed { replayed, away });
        self.generation.fetch_add(1, Ordering::AcqRel);
        drop(core);
        self.wake_driver();
        let away_ms = away.as_millis() as u64;
        info!(target: "farcall", side = self.side.name(), uid = %self.uid, session = %self.id, %address, replayed, away_ms, "resumed");
        self.tell();
    }
}

/// How a session has gone on.
struct Resumed {
    replayed: u64,
    away: Duration,
}

impl Core {
    fn judge(&self, claimed: &Claimed) -> TokenVerdict {
        match &self.pass {
            Pass::Accepts(tokens) => tokens.judge(&claimed.token, claimed.attempt),
            Pass::None | Pass::Shows { .. } => TokenVerdict::Unknown,
        }
    }

    /// Whether the session goes on with whoever claims this: if so, it does.
    fn accept(
        &mut self,
        claimed: &Claimed,
        events: &mut Vec<Event<'static, Waiter>>,
    ) -> Result<Resumed, NotAccepted> {
        let harmless = |code, position| Err(NotAccepted::Harmless(Dismissed { code, position }));
        match (self.judge(claimed), self.session.closed().cloned()) {
            (TokenVerdict::Unknown, _) => harmless(CloseCode::NotResumable, None),
            (_, Some(reason)) => harmless(reason.code, Some(self.session.taken().position)),
            (TokenVerdict::Late, None) => harmless(CloseCode::Superseded, None),
            (TokenVerdict::Stolen, None) => Err(NotAccepted::Over(CloseReason::ours(
                CloseCode::TokenStolen,
                "an older token came with a new attempt",
            ))),
            (TokenVerdict::Valid, None) if self.session.may_resume(now()) => {
                self.go_on(claimed.taken, true, events).map_err(NotAccepted::Over)
            }
            (TokenVerdict::Valid, None) => Err(NotAccepted::TooOften),
        }
    }

    /// The session goes on with a peer that has taken that much.
    fn go_on(
        &mut self,
        peer: Taken,
        token_due: bool,
        events: &mut Vec<Event<'static, Waiter>>,
    ) -> Result<Resumed, CloseReason> {
        let now = now();
        let since = self.session.detached().map_or(now, |(since, _)| since);
        if self.session.is_attached() {
            // The client has noticed first: its old connection is as good as gone.
            let reason =
                CloseReason::ours(CloseCode::Superseded, "the client came back over another connection");
            self.happened.note(SessionEvent::Detached(reason));
        }
        self.session.resume(peer, token_due, now, events)?;
        let away = now.saturating_duration_since(since);
        Ok(Resumed { replayed: self.session.replaying(), away })
    }
}

#[cfg(test)]
mod tests;
