//! What has been taken of the peer's frames: when that must be acknowledged, and how many harmless but useless ones
//! are too many. Reads no frames and writes none.

use std::time::{Duration, Instant};

use super::budget::{Budget, Rate};
use crate::ids::Side;
use crate::limits::Limits;

/// What has been taken from the peer, and what it has been told of that.
#[derive(Debug)]
pub(super) struct Inbound {
    /// Logged frames taken: the position of the next.
    pub(super) position: u64,
    pub(super) latest: u64,
    /// Logged frames since the last acknowledgement, and their bytes.
    frames_untold: u32,
    bytes_untold: u32,
    /// When the acknowledgement must be written at the latest.
    pub(super) ack_at: Option<Instant>,
    pub(super) pings: Budget,
    pub(super) pongs: Budget,
    pub(super) idle_acks: Budget,
    pub(super) cancels: Budget,
    pub(super) resumes: Budget,
}

/// S2, P-42: an acknowledgement is due after this many logged frames, this many bytes of them, or this long.
const ACK_FRAMES: u32 = 64;
const ACK_BYTES: u32 = 16 << 10;
const ACK_DELAY: Duration = Duration::from_millis(500);
/// Earlier, where something is written anyway. The sooner the peer's log is empty, the sooner its memory is used again while it is
/// still in the caches: 1.2 times the calls of 1 KiB with 1 KiB instead of 16 frames alone.
const RIDING_FRAMES: u32 = 16;
const RIDING_BYTES: u32 = 1 << 10;
/// L20, P-53: pings more frequent than this are a flood, once so many have come at once.
const PING_EVERY: Duration = Duration::from_secs(1);
const PING_BURST: u32 = 8;
/// L21: 50 a second that say nothing new.
pub(super) const IDLE_ACKS: Rate = Rate { burst: 50, every: Duration::from_millis(20) };
/// L19: 100 in 30 seconds beyond calls that were let end, each of which earns one.
pub(super) const CANCELS: Rate = Rate { burst: 100, every: Duration::from_millis(300) };
/// L28, P-62: in this time the allowance of returns fills up again.
const RESUMES_WITHIN: Duration = Duration::from_secs(10);

/// L20: how often pings of that side may come, or what answers them. Pongs that nobody asked for are no better.
pub(super) fn beats(pinger: Side, heartbeat: Duration, silence_max: Duration) -> Rate {
    // What a link has gathered that stalled for almost too long comes at once.
    let gathered = silence_max.as_nanos() / heartbeat.as_nanos().max(1) * 2;
    let burst = PING_BURST.max(u32::try_from(gathered).unwrap_or(u32::MAX));
    // The server pings as often as it announced, and is answered as often; twice that is still no flood.
    let every = match pinger {
        Side::Server => PING_EVERY.min(heartbeat / 2),
        Side::Client => PING_EVERY,
    };
    Rate { burst, every }
}

/// L28: how often a session may come back.
pub(super) fn resumes(limits: &Limits) -> Rate {
    Rate { burst: limits.resumes_max, every: RESUMES_WITHIN / limits.resumes_max.max(1) }
}

impl Inbound {
    pub(super) const fn new() -> Self {
        Self {
            position: 0,
            latest: 0,
            frames_untold: 0,
            bytes_untold: 0,
            ack_at: None,
            pings: Budget::new(),
            pongs: Budget::new(),
            idle_acks: Budget::new(),
            cancels: Budget::new(),
            resumes: Budget::new(),
        }
    }

    /// The peer has been told of all that has been taken.
    pub(super) const fn told(&mut self) {
        (self.frames_untold, self.bytes_untold, self.ack_at) = (0, 0, None);
    }

    /// A logged frame has been taken. When that is to be acknowledged, if nothing else was.
    #[inline]
    pub(super) fn took_logged(&mut self, wire_bytes: usize, now: Instant) -> Option<Instant> {
        self.position += 1;
        self.frames_untold += 1;
        let bytes = u32::try_from(wire_bytes).unwrap_or(u32::MAX);
        self.bytes_untold = self.bytes_untold.saturating_add(bytes);
        self.owe_ack(now)
    }

    /// A latest value has been taken. When that is to be acknowledged, if nothing else was.
    pub(super) fn took_latest(&mut self, number: u64, now: Instant) -> Option<Instant> {
        self.latest = number;
        self.owe_ack(now)
    }

    /// What has been taken will be acknowledged soon.
    #[inline]
    fn owe_ack(&mut self, now: Instant) -> Option<Instant> {
        if self.ack_at.is_some() {
            return None;
        }
        self.ack_at = Some(now + ACK_DELAY);
        self.ack_at
    }

    /// Whether an acknowledgement is worth its bytes where something is written anyway.
    pub(super) fn may_ride(&self) -> bool {
        self.frames_untold >= RIDING_FRAMES || self.bytes_untold >= RIDING_BYTES
    }

    pub(super) fn is_ack_due(&self, now: Instant) -> bool {
        self.frames_untold >= ACK_FRAMES
            || self.bytes_untold >= ACK_BYTES
            || self.ack_at.is_some_and(|at| now >= at)
    }
}
