//! A session: one peer's half of the conversation between a server and a player, as a pure state machine.
//!
//! In scope: calls both ways with every ending, positions and acknowledgements, notifies and latest values,
//! deadlines, nesting, liveness, the server's clock. Out of scope: sockets, tasks, handlers, encoding of bodies.
//! Both ends are this one type. Bytes and `now` come in by [`Session::receive`]; bytes go out by
//! [`Session::take_output`]; what happened comes out as [`Event`]s; the next thing to happen by itself is no earlier than
//! [`Session::next_wake`].
//!
//! ```text
//!           call / notify / reply                 receive
//!  user ───────────────────────────► Session ◄────────────── frames of the peer
//!       ◄─────────────────────────── Session ──────────────► frames to the peer
//!           events, outcomes                      take_output
//!
//!  Attached ──connection lost, silence──► Detached ──resume──► Attached
//!     └──── close / peer's Close / a peer's mistake / window over ────► Closed   (never back)
//! ```
//! The caller wraps a session in a lock; every method is short, and none calls user code.
//!
//! A session is generic, so its code is made where it is used, in another crate. What every frame passes and is not generic is
//! therefore marked `#[inline]`, here and in `wire`: a tenth of a call's instructions.

mod budget;
mod calls;
mod clock;
mod inbound;
mod incoming;
mod latest;
mod liveness;
mod log;
mod messages;
mod moment;
mod outgoing;
mod output;
mod receive;
mod resume;
mod segment;
mod sink;
mod stretch;
mod timers;
mod waiting;

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::{Duration, Instant};

use smallvec::SmallVec;

pub use calls::{CannotCall, NewCall};
pub use clock::ServerClock;
pub use incoming::Stop;
pub use latest::LatestKey;
pub use messages::Message;
pub use output::Batch;
pub use receive::Event;
pub use resume::Taken;
pub use sink::Sink;
pub use timers::Timer;
pub use waiting::Ticket;

use crate::close::{CloseCode, CloseReason};
use crate::error::CallError;
use crate::handshake::Established;
use crate::ids::Side;
use crate::limits::{Announced, Limits};
use inbound::Inbound;
use incoming::Incoming;
use latest::Latest;
use liveness::{Liveness, millis};
use log::Log;
use moment::Origin;
use outgoing::{Outgoing, Withdrawal};
use resume::Attachment;
use waiting::Waiting;

/// A body inside a table: small ones need no allocation.
pub type Body = SmallVec<[u8; 48]>;
/// How a call made here ended, its value and error still encoded.
pub type Outcome = Result<Body, CallError<Body>>;

/// One end of a session. `W` is whatever wakes a caller: a task's waker, or a callback.
#[derive(Debug)]
pub struct Session<W> {
    /// Shared with all sessions that have the same.
    limits: Arc<Limits>,
    /// What the peer takes.
    peer: Announced,
    log: Log,
    latest: Latest,
    outgoing: Outgoing<W>,
    waiting: Waiting<W>,
    incoming: Incoming,
    inbound: Inbound,
    liveness: Liveness,
    control: Control,
    side: Side,
    clock: ServerClock,
    /// Its beginning.
    origin: Origin,
    attachment: Attachment,
    resume_window_ms: u32,
    closed: Option<Box<Closed>>,
    /// Nothing happens by itself before.
    wakes_at: Option<Instant>,
    counts: Counts,
}

/// Unlogged frames to be made from state when the writer runs: a full log cannot hold them up.
#[derive(Debug, Default)]
struct Control {
    pong: Option<u64>,
    /// Lossy messages for the next write. Space only where there have been some of late.
    droppable: Option<Box<bytes::BytesMut>>,
}

/// A session that is over.
#[derive(Debug)]
struct Closed {
    reason: CloseReason,
    /// The peer is still to be told.
    is_untold: bool,
}

/// What a session has done so far. Plain numbers; never reset.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Calls made here.
    pub calls_made: u64,
    /// Calls of the peer taken.
    pub calls_taken: u64,
    /// Notifies, latest and lossy messages logged, replaced or handed over here.
    pub messages_sent: u64,
    /// Notifies, latest and lossy messages of the peer taken.
    pub messages_taken: u64,
    /// Bytes handed to the writer.
    pub bytes_out: u64,
}

/// An acknowledgement of fewer frames came because its time had, not because there were many: the session is quiet, and
/// its space is worth more than what it costs to have it again. Fewer than the frames that let an acknowledgement ride along; of
/// large ones fewer do, and then a busy session may be taken for a quiet one, and pay for its space again.
const QUIET_FRAMES: u64 = 8;

impl<W> Session<W> {
    /// A session that begins now. `round_trip` is how long the server took to answer the client's first frame, which says how
    /// old the server's time in the welcome is; `jitter` in 0..=1 spreads the pings of sessions that begin
    /// together.
    pub fn new(
        side: Side,
        established: &Established,
        limits: impl Into<Arc<Limits>>,
        round_trip: Duration,
        jitter: f32,
        now: Instant,
    ) -> Self {
        let limits = limits.into();
        let Established { peer, heartbeat, silence_max, server_time_us, resume_window, .. } = *established;
        let slots_max = Announced::from(&*limits).slots_max;
        let server_time = Duration::from_micros(server_time_us);
        let mut session = Self {
            peer,
            log: Log::new(limits.log_bytes_max),
            latest: Latest::new(),
            outgoing: Outgoing::new(),
            waiting: Waiting::new(),
            incoming: Incoming::new(slots_max),
            inbound: Inbound::new(),
            liveness: Liveness::new(side, heartbeat, silence_max, jitter, now),
            control: Control::default(),
            clock: match side {
                Side::Server => ServerClock::new(server_time, Duration::ZERO, now),
                Side::Client => ServerClock::new(server_time, round_trip, now),
            },
            origin: Origin::new(now),
            side,
            attachment: Attachment::Attached { token_due: false },
            resume_window_ms: millis(resume_window),
            closed: None,
            wakes_at: None,
            counts: Counts::default(),
            limits,
        };
        session.look_at_times();
        session
    }

    /// Why the session is over, once it is.
    pub const fn closed(&self) -> Option<&CloseReason> {
        match &self.closed {
            Some(closed) => Some(&closed.reason),
            None => None,
        }
    }

    /// Ends the session from this end. Every pending call gets its ending (P-71); orderly closes still let the log out.
    pub fn close(&mut self, reason: CloseReason, events: &mut impl Sink<Event<'static, W>>) {
        self.close_forgotten(reason, None, events);
    }

    /// Ends the session, where the peer has said how much it had taken when it forgot it: every call beyond that
    /// certainly never ran.
    pub fn close_forgotten(
        &mut self,
        reason: CloseReason,
        peer_position: Option<u64>,
        events: &mut impl Sink<Event<'static, W>>,
    ) {
        if self.closed.is_some() {
            return;
        }
        // Of a lost connection there is nobody to tell.
        let is_untold = self.is_attached() && !reason.by_peer && reason.code != CloseCode::ConnectionLost;
        self.closed = Some(Box::new(Closed { reason, is_untold }));
        let log = &self.log;
        let may_have_run =
            |position| log.is_sent(position) && peer_position.is_none_or(|taken| position < taken);
        let ended = self.outgoing.end_all(may_have_run);
        let is_read_on = self.closes_orderly();
        for (told, withdrawal) in ended {
            events.put_all(Event::of(told));
            if let (Withdrawal::Void(place), true) = (withdrawal, is_read_on) {
                self.log.void(place);
            }
        }
        if !is_read_on {
            self.log.clear();
        }
        self.latest.clear();
        events.put_all(self.waiting.end_all().into_iter().map(Event::Wake));
        let stopped = self.incoming.end_all();
        events.put_all(stopped.into_iter().map(|id| Event::Stop { id, why: Stop::Cancelled }));
    }

    /// Whether the session is over by an end that still lets out what was logged before it.
    fn closes_orderly(&self) -> bool {
        self.closed().is_some_and(|reason| {
            !reason.by_peer
                && self.is_attached()
                && matches!(
                    reason.code,
                    CloseCode::Done | CloseCode::Shutdown | CloseCode::Kicked | CloseCode::Replaced
                )
        })
    }

    /// What this end allows itself and grants the peer.
    pub const fn limits(&self) -> &Arc<Limits> {
        &self.limits
    }

    /// What the peer takes.
    pub const fn peer_takes(&self) -> Announced {
        self.peer
    }

    /// The server's clock: on a client an estimate, on the server its own.
    pub const fn server_clock(&self) -> &ServerClock {
        &self.clock
    }

    /// The last round trip measured, on the end that pings.
    pub fn rtt(&self) -> Option<Duration> {
        self.liveness.rtt_us().map(|rtt| Duration::from_micros(rtt.into()))
    }

    /// What it has done so far.
    pub const fn counts(&self) -> Counts {
        self.counts
    }

    /// What it holds for the peer: log and latest values, in bytes with overhead.
    pub const fn bytes_held(&self) -> usize {
        self.log.bytes() + self.latest.bytes()
    }

    /// Calls made here that have not had their terminal frame.
    pub const fn calls_outgoing(&self) -> u32 {
        self.outgoing.in_flight()
    }

    /// Slots of calls made here that are not free again.
    pub fn slots_used(&self) -> usize {
        self.outgoing.slots_used()
    }

    /// Calls either way that are not done with: also those whose outcome is here and has not been looked at.
    pub fn calls_unfinished(&self) -> usize {
        self.outgoing.slots_used() + self.incoming.in_flight() as usize
    }

    /// Calls of the peer whose terminal frame is not logged yet.
    pub const fn calls_incoming(&self) -> u32 {
        self.incoming.in_flight()
    }

    /// Gives back the space of what is done with: most sessions are idle most of the time.
    fn shrink(&mut self) {
        self.log.shrink();
        self.incoming.shrink();
        if self.droppable_bytes() == 0 {
            self.control.droppable = None;
        }
    }
}
