//! Decides when a silent peer is gone (P-52), when to ping, and when the connection has stopped taking or finishing.
//! Only arithmetic on instants handed in: owns no timer, sends nothing.

use std::time::{Duration, Instant};

use crate::close::CloseCode;
use crate::ids::Side;

/// How one connection's time is going.
#[derive(Debug)]
pub(super) struct Liveness {
    silence_max: Duration,
    heard_at: Instant,
    /// Only the server pings: the client watches for its absence.
    ping: Option<PingClock>,
    /// Since when there is something to write and no byte has been taken.
    stalled_since: Option<Instant>,
    write_stall_max: Duration,
    /// The frame that has begun: since when, and how many bytes it will have.
    frame_begun: Option<(Instant, usize)>,
    /// Since when something is unacknowledged without progress.
    unacked_since: Option<Instant>,
    ack_silence_max: Duration,
}

#[derive(Debug)]
struct PingClock {
    every: Duration,
    next_at: Instant,
    /// The last measured round trip.
    rtt: Option<Duration>,
}

/// L3: a frame has 10 s from its first byte, and 1 s more for each 16 KiB.
const FRAME_TIME: Duration = Duration::from_secs(10);
const FRAME_BYTES_PER_SECOND: usize = 16 << 10;

impl Liveness {
    /// `jitter` in 0..=1 places the first ping within its interval, so that sessions which began together do not
    /// ping together.
    pub(super) fn new(
        side: Side,
        limits: &crate::Limits,
        heartbeat: Duration,
        silence_max: Duration,
        jitter: f32,
        now: Instant,
    ) -> Self {
        let ping = (side == Side::Server).then(|| PingClock {
            every: heartbeat,
            next_at: now + heartbeat.mul_f32(jitter.clamp(0.0, 1.0)),
            rtt: None,
        });
        Self {
            silence_max,
            heard_at: now,
            ping,
            stalled_since: None,
            write_stall_max: limits.write_stall_max,
            frame_begun: None,
            unacked_since: None,
            ack_silence_max: limits.ack_silence_max,
        }
    }

    /// Another connection has taken over: its time begins now. The first ping is a whole interval away; the login
    /// has just shown both ends alive.
    pub(super) fn restart(&mut self, now: Instant) {
        (self.heard_at, self.stalled_since, self.frame_begun, self.unacked_since) = (now, None, None, None);
        if let Some(ping) = &mut self.ping {
            ping.next_at = now + ping.every;
        }
    }

    /// Any byte is life.
    pub(super) const fn heard(&mut self, now: Instant) {
        self.heard_at = now;
    }

    /// A frame has begun of which so many bytes will come, as far as is known yet, or none has.
    #[inline]
    pub(super) fn partial(&mut self, needed: Option<usize>, now: Instant) {
        let since = self.frame_begun.map_or(now, |(since, _)| since);
        self.frame_begun = needed.map(|bytes| (since, bytes));
    }

    /// The writer has bytes left over (`pending`), and has or has not got rid of some.
    pub(super) fn wrote(&mut self, progress: bool, pending: bool, now: Instant) {
        if !pending {
            self.stalled_since = None;
        } else if progress || self.stalled_since.is_none() {
            self.stalled_since = Some(now);
        }
    }

    /// Something is, or nothing is, waiting to be acknowledged; `progress` if an acknowledgement came.
    pub(super) fn awaiting_ack(&mut self, waiting: bool, progress: bool, now: Instant) {
        if !waiting {
            self.unacked_since = None;
        } else if progress || self.unacked_since.is_none() {
            self.unacked_since = Some(now);
        }
    }

    pub(super) fn pong(&mut self, rtt: Duration) {
        if let Some(ping) = &mut self.ping {
            ping.rtt = Some(rtt);
        }
    }

    pub(super) fn rtt(&self) -> Option<Duration> {
        self.ping.as_ref().and_then(|ping| ping.rtt)
    }

    /// Whether a ping is due; asking takes it.
    pub(super) fn take_ping(&mut self, now: Instant) -> bool {
        let Some(ping) = &mut self.ping else { return false };
        let due = now >= ping.next_at;
        if due {
            ping.next_at = now + ping.every;
        }
        due
    }

    pub(super) fn is_ping_due(&self, now: Instant) -> bool {
        self.ping.as_ref().is_some_and(|ping| now >= ping.next_at)
    }

    /// Why the peer must be given up now, if it must.
    pub(super) fn verdict(&self, now: Instant) -> Option<CloseCode> {
        let mut verdict = None;
        self.each_end(|at, code| {
            if now >= at {
                verdict = verdict.or(Some(code));
            }
        });
        verdict
    }

    /// When to look again.
    pub(super) fn next(&self) -> Option<Instant> {
        // While nothing can be written a due ping is no reason to wake: it goes out when something can.
        let mut next = self.ping.as_ref().filter(|_| !self.is_blocked()).map(|ping| ping.next_at);
        self.each_end(|at, _| next = Some(next.map_or(at, |next| next.min(at))));
        next
    }

    /// Whether the connection has taken less than it was given.
    pub(super) const fn is_blocked(&self) -> bool {
        self.stalled_since.is_some()
    }

    /// When, as it looks now, the peer will have to be given up, and why.
    fn each_end(&self, mut see: impl FnMut(Instant, CloseCode)) {
        see(self.heard_at + self.silence_max, CloseCode::PeerSilent);
        if let Some(since) = self.stalled_since {
            see(since + self.write_stall_max, CloseCode::WriteStalled);
        }
        if let Some((since, bytes)) = self.frame_begun {
            let time = FRAME_TIME + Duration::from_secs((bytes / FRAME_BYTES_PER_SECOND) as u64);
            see(since + time, CloseCode::FrameTimeout);
        }
        if let Some(since) = self.unacked_since {
            see(since + self.ack_silence_max, CloseCode::AckTimeout);
        }
    }
}
