//! A session without a connection, and its return: what is kept, for how long, and from where both ends go on
//! (P-60 to P-67). Who may come back is the login's business; here both ends have agreed.

use std::time::{Duration, Instant};

use super::{Event, Session, Sink, inbound};
use crate::close::{CloseCode, CloseReason};
use crate::ids::Side;

/// What one end has taken of the other's: all that a resume needs to know of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Taken {
    /// Logged frames, counted from the session's first.
    pub position: u64,
    /// The highest number of a latest value.
    pub latest: u64,
}

/// Whether a session has a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Attachment {
    /// It has one.
    Attached {
        /// The client has come back and has not said yet that it knows its new token: until then nothing else of
        /// it counts (R10).
        token_due: bool,
    },
    /// It has lost it.
    Detached(Box<Away>),
}

/// How a session lost its connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Away {
    since: Instant,
    reason: CloseReason,
}

/// Added to the log of a detached session, at most (L26).
const DETACHED_BYTES_MAX: usize = 256 << 10;
const DETACHED_FRAMES_MAX: u64 = 1_024;

impl<W> Session<W> {
    /// What this end has taken of the peer's.
    pub const fn taken(&self) -> Taken {
        Taken { position: self.inbound.position, latest: self.inbound.latest }
    }

    /// Whether it has a connection.
    pub const fn is_attached(&self) -> bool {
        matches!(self.attachment, Attachment::Attached { .. })
    }

    /// Since when and why it has no connection, where that is so and it is not over.
    pub fn detached(&self) -> Option<(Instant, &CloseReason)> {
        match &self.attachment {
            Attachment::Detached(away) if self.closed.is_none() => Some((away.since, &away.reason)),
            _ => None,
        }
    }

    /// How long it may be without a connection; zero if it ends with its connection.
    pub const fn resume_window(&self) -> Duration {
        Duration::from_millis(self.resume_window_ms as u64)
    }

    /// Logged frames that are to be written again.
    pub fn replaying(&self) -> u64 {
        self.log.replaying()
    }

    /// The connection is to be given up, for this reason: the session detaches where that can be mended by another
    /// connection, and else it is over. A detached one is over: its time is up, or its peer is known not to return.
    pub fn give_up(&mut self, reason: CloseReason, now: Instant, events: &mut impl Sink<Event<'static, W>>) {
        if self.is_attached() && self.can_return_after(&reason) {
            self.detach(reason, now);
        } else {
            self.close(reason, events);
        }
    }

    fn can_return_after(&self, reason: &CloseReason) -> bool {
        // What comes before TokenOk harms nobody's session but only that connection (R7, R10).
        let unproven = self.attachment == Attachment::Attached { token_due: true };
        let by_the_network = matches!(
            reason.code,
            CloseCode::ConnectionLost
                | CloseCode::PeerSilent
                | CloseCode::AckTimeout
                | CloseCode::WriteStalled
                | CloseCode::FrameTimeout
        );
        // A client whose game does not look leaves, and comes back when it does; a server cannot fetch its players.
        let is_full = reason.code == CloseCode::InboundOverflow && self.side == Side::Client;
        self.closed.is_none()
            && self.resume_window_ms > 0
            && !reason.by_peer
            && (unproven || by_the_network || is_full)
    }

    /// The connection is gone. Calls, handlers and deadlines go on; what is sent waits in the log.
    fn detach(&mut self, reason: CloseReason, now: Instant) {
        self.attachment = Attachment::Detached(Box::new(Away { since: now, reason }));
        // All of these were for that connection; lossy messages are lost now.
        self.control = super::Control::default();
        self.inbound.ack_at = None;
        self.log.detach(DETACHED_BYTES_MAX, DETACHED_FRAMES_MAX);
        self.look_at_times();
    }

    /// A client that is known to be this session's own has come back: whether it may, or has done so too often of late
    /// (L28).
    pub fn may_resume(&mut self, now: Instant) -> bool {
        self.inbound.resumes.spend(inbound::resumes(&self.limits), self.origin.moment(now))
    }

    /// The session goes on over another connection, whose peer has taken that much of what was sent here. Replaces
    /// a connection that is still there. `token_due` on the server, where the client has to confirm its new token.
    ///
    /// # Errors
    /// `Diverged`: the peer has taken what was never sent, or forgotten what it confirmed. Close the session with it.
    /// Of a session that is over: why it is. Its time may have run out while the login was on its way.
    pub fn resume<'a>(
        &mut self,
        peer: Taken,
        token_due: bool,
        now: Instant,
        events: &mut impl Sink<Event<'a, W>>,
    ) -> Result<(), CloseReason> {
        if let Some(reason) = self.closed() {
            return Err(reason.clone());
        }
        let diverged = |_| CloseReason::ours(CloseCode::Diverged, "positions that do not fit");
        if cfg!(mutant = "13") {
            self.incoming = super::Incoming::new(crate::Announced::from(&*self.limits).slots_max);
        }
        if cfg!(mutant = "23") && (peer.position, self.inbound.position) == (0, 0) {
            return Err(diverged(super::log::Diverged));
        }
        if peer.latest < self.latest.confirmed() {
            return Err(diverged(super::log::Diverged));
        }
        self.log.resume(peer.position, now).map_err(diverged)?;
        self.latest.resume(peer.latest).map_err(diverged)?;
        self.attachment = Attachment::Attached { token_due };
        self.control = super::Control::default();
        // The peer learns in the login what has been taken here.
        self.inbound.told();
        self.liveness.restart(now);
        self.room_freed(now, events);
        self.look_at_times();
        Ok(())
    }

    /// When a detached session's time is up.
    pub(super) fn window_ends(&self) -> Option<Instant> {
        self.detached().map(|(since, _)| since + self.resume_window())
    }

    /// Why a detached session is over when its time is up.
    pub(super) fn overdue(&self, now: Instant) -> Option<CloseReason> {
        let (since, reason) = self.detached().filter(|_| self.window_ends().is_some_and(|end| now >= end))?;
        let away = now.saturating_duration_since(since).as_secs();
        let why = if reason.message.is_empty() { reason.code.meaning() } else { &reason.message };
        Some(CloseReason::ours(reason.code, format!("{why}; not resumed within {away} s")))
    }
}
