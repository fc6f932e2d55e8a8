//! Decides when a silent peer is gone (P-52), when to ping, and when the connection has stopped taking or finishing.
//! Only arithmetic on instants handed in: owns no timer, sends nothing.

use std::time::{Duration, Instant};

use super::moment::{Moment, Origin};
use crate::close::CloseCode;
use crate::ids::Side;
use crate::limits::Limits;

/// How one connection's time is going.
#[derive(Debug)]
pub(super) struct Liveness {
    heard_at: Instant,
    /// When the next ping is due. Only the server pings: the client watches for its absence.
    ping_at: Option<Instant>,
    /// Since when there is something to write and no byte has been taken.
    stalled_since: Option<Moment>,
    /// Since when a frame has been coming of which bytes are missing, and how many it will have.
    frame_begun: Option<Moment>,
    frame_bytes: u32,
    /// Since when something is unacknowledged without progress.
    unacked_since: Option<Moment>,
    /// In milliseconds, as the login says them.
    heartbeat_ms: u32,
    silence_max_ms: u32,
    /// The last measured round trip, in microseconds.
    rtt_us: Option<u32>,
}

/// L3: a frame has 10 s from its first byte, and 1 s more for each 16 KiB.
pub(super) const FRAME_TIME: Duration = Duration::from_secs(10);
const FRAME_BYTES_PER_SECOND: u32 = 16 << 10;

impl Liveness {
    /// `jitter` in 0..=1 places the first ping within its interval, so that sessions which began together do not
    /// ping together.
    pub(super) fn new(
        side: Side,
        heartbeat: Duration,
        silence_max: Duration,
        jitter: f32,
        now: Instant,
    ) -> Self {
        let first = heartbeat.mul_f32(jitter.clamp(0.0, 1.0));
        Self {
            heard_at: now,
            ping_at: (side == Side::Server).then(|| now + first),
            stalled_since: None,
            frame_begun: None,
            frame_bytes: 0,
            unacked_since: None,
            // With none between them pings would leave no time for anything else; no client agrees to that (P-17).
            heartbeat_ms: millis(heartbeat).max(1),
            silence_max_ms: millis(silence_max),
            rtt_us: None,
        }
    }

    /// How often the server pings.
    pub(super) const fn heartbeat(&self) -> Duration {
        Duration::from_millis(self.heartbeat_ms as u64)
    }

    /// Silence after which the peer is taken for gone.
    pub(super) const fn silence_max(&self) -> Duration {
        Duration::from_millis(self.silence_max_ms as u64)
    }

    /// Another connection has taken over: its time begins now. The first ping is a whole interval away; the login
    /// has just shown both ends alive.
    pub(super) fn restart(&mut self, now: Instant) {
        (self.heard_at, self.stalled_since, self.frame_begun, self.unacked_since) = (now, None, None, None);
        self.ping_at = self.ping_at.map(|_| now + self.heartbeat());
    }

    /// Any byte is life.
    pub(super) const fn heard(&mut self, now: Instant) {
        self.heard_at = now;
    }

    /// A frame has begun of which so many bytes will come, as far as is known yet.
    pub(super) fn frame_begun(&mut self, bytes: usize, now: Moment) {
        self.frame_begun.get_or_insert(now);
        self.frame_bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
    }

    /// No frame has begun: the last one is here whole.
    #[inline]
    pub(super) const fn frame_ended(&mut self) {
        self.frame_begun = None;
    }

    /// The writer has bytes left over, and has or has not got rid of some.
    pub(super) const fn blocked(&mut self, progress: bool, now: Moment) {
        if progress || self.stalled_since.is_none() {
            self.stalled_since = Some(now);
        }
    }

    /// The writer has nothing left over.
    pub(super) const fn unblocked(&mut self) {
        self.stalled_since = None;
    }

    /// Whether something is known to wait to be acknowledged.
    pub(super) const fn awaits_ack(&self) -> bool {
        self.unacked_since.is_some()
    }

    /// From now on something waits to be acknowledged: it is the first, or others have just been.
    pub(super) const fn await_ack(&mut self, now: Moment) {
        self.unacked_since = Some(now);
    }

    /// Nothing waits to be acknowledged.
    pub(super) const fn all_acked(&mut self) {
        self.unacked_since = None;
    }

    /// A ping has come back.
    pub(super) fn pong(&mut self, rtt: Duration) {
        if self.ping_at.is_some() {
            self.rtt_us = Some(u32::try_from(rtt.as_micros()).unwrap_or(u32::MAX));
        }
    }

    pub(super) const fn rtt_us(&self) -> Option<u32> {
        self.rtt_us
    }

    /// Whether a ping is due; asking takes it.
    pub(super) fn take_ping(&mut self, now: Instant) -> bool {
        let due = self.is_ping_due(now);
        if due {
            self.ping_at = Some(now + self.heartbeat());
        }
        due
    }

    pub(super) fn is_ping_due(&self, now: Instant) -> bool {
        self.ping_at.is_some_and(|at| now >= at)
    }

    /// Why the peer must be given up now, if it must.
    pub(super) fn verdict(&self, limits: &Limits, origin: Origin, now: Instant) -> Option<CloseCode> {
        let mut verdict = None;
        self.each_end(limits, origin, |at, code| {
            if now >= at {
                verdict = verdict.or(Some(code));
            }
        });
        verdict
    }

    /// When to look again.
    pub(super) fn next(&self, limits: &Limits, origin: Origin) -> Option<Instant> {
        // While nothing can be written a due ping is no reason to wake: it goes out when something can.
        let mut next = self.ping_at.filter(|_| !self.is_blocked());
        self.each_end(limits, origin, |at, _| next = Some(next.map_or(at, |next| next.min(at))));
        next
    }

    /// Whether the connection has taken less than it was given.
    pub(super) const fn is_blocked(&self) -> bool {
        self.stalled_since.is_some()
    }

    /// When, as it looks now, the peer will have to be given up, and why.
    fn each_end(&self, limits: &Limits, origin: Origin, mut see: impl FnMut(Instant, CloseCode)) {
        see(self.heard_at + self.silence_max(), CloseCode::PeerSilent);
        if let Some(since) = self.stalled_since {
            see(origin.instant(since + limits.write_stall_max), CloseCode::WriteStalled);
        }
        if let Some(since) = self.frame_begun {
            let more = Duration::from_secs((self.frame_bytes / FRAME_BYTES_PER_SECOND).into());
            see(origin.instant(since + FRAME_TIME + more), CloseCode::FrameTimeout);
        }
        if let Some(since) = self.unacked_since {
            see(origin.instant(since + limits.ack_silence_max), CloseCode::AckTimeout);
        }
    }
}

/// As the login says a time: whole milliseconds, 49 days at most.
pub(super) fn millis(time: Duration) -> u32 {
    u32::try_from(time.as_millis()).unwrap_or(u32::MAX)
}
