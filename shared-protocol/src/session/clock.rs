//! A client's estimate of the server's clock: from the server's pings, each of which carries its time and the
//! round trip it last measured. Arithmetic only; the local clock is handed in.

use std::time::{Duration, Instant};

/// The server's clock as seen from here.
#[derive(Debug, Clone, Copy)]
pub struct ServerClock {
    /// When the estimate was last changed, and what it said then.
    changed_at: Instant,
    read_us: u64,
    /// What the newest measurements say beyond that; paid off gradually.
    correction_us: i64,
    error_us: u64,
}

/// A correction is paid off at this rate at least: 5 ms each second is invisible in a game and follows any real drift.
const SLEW_PER_SECOND_US: i64 = 5_000;
/// A larger one within this time, but never so fast that the clock runs at less than half its speed.
const SLEW_TIME_S: i64 = 20;
const SLEW_PER_SECOND_US_MAX: i64 = 500_000;
/// Beyond this the estimate was wrong, not drifting: forward it jumps.
const JUMP_US: u64 = 250_000;

impl ServerClock {
    /// From the Welcome: the server's time when it was written, and the round trip as the login showed it.
    pub(super) fn new(server_time: Duration, round_trip: Duration, now: Instant) -> Self {
        let age_us = micros(round_trip / 2);
        let read_us = micros(server_time).saturating_add(age_us);
        Self { changed_at: now, read_us, correction_us: 0, error_us: age_us }
    }

    /// A ping has come: the server's time when it was written, and the round trip it knew then.
    pub(super) fn sample(&mut self, server_time: Duration, rtt: Option<Duration>, now: Instant) {
        // Before the server has measured the way, the login's own figure stands.
        let one_way_us = rtt.map_or(self.error_us, |rtt| micros(rtt / 2));
        let seen_us = micros(server_time).saturating_add(one_way_us);
        let estimate_us = self.now_us(now);
        (self.changed_at, self.error_us) = (now, one_way_us);
        (self.read_us, self.correction_us) = if seen_us > estimate_us.saturating_add(JUMP_US) {
            (seen_us, 0)
        } else {
            (estimate_us, difference(seen_us, estimate_us))
        };
    }

    /// The server's clock now: time since an instant of the server's choice. Never runs backwards as long as
    /// `now` does not: a clock that is ahead runs slower until it is right.
    pub fn now(&self, now: Instant) -> Duration {
        Duration::from_micros(self.now_us(now))
    }

    fn now_us(&self, now: Instant) -> u64 {
        let elapsed = now.saturating_duration_since(self.changed_at);
        let passed_us = (elapsed.as_micros() as i64).saturating_add(self.paid_us(elapsed));
        self.read_us.saturating_add(passed_us.max(0) as u64)
    }

    /// How much of the correction has been paid off in that time.
    fn paid_us(&self, elapsed: Duration) -> i64 {
        let rate = (self.correction_us.saturating_abs() / SLEW_TIME_S)
            .clamp(SLEW_PER_SECOND_US, SLEW_PER_SECOND_US_MAX);
        let payable = (elapsed.as_micros() as i64).saturating_mul(rate) / 1_000_000;
        self.correction_us.clamp(-payable, payable)
    }

    /// How far off the estimate may be now: half the round trip, which is as much as one way's share can hide, and
    /// what is not paid off yet.
    pub fn error(&self, now: Instant) -> Duration {
        let elapsed = now.saturating_duration_since(self.changed_at);
        let unpaid_us = (self.correction_us - self.paid_us(elapsed)).unsigned_abs();
        Duration::from_micros(self.error_us.saturating_add(unpaid_us))
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

/// How much more the one is. Saturating, whatever a peer says its clock reads.
fn difference(one_us: u64, other_us: u64) -> i64 {
    let amount = i64::try_from(one_us.abs_diff(other_us)).unwrap_or(i64::MAX);
    if one_us < other_us { -amount } else { amount }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn it_never_runs_backwards_and_converges() {
        let start = Instant::now();
        let mut clock = ServerClock::new(ms(1_000), ms(40), start);
        let mut last = clock.now(start);
        // The truth is 30 ms behind the first estimate.
        for step in 1..1_000_u64 {
            let now = start + ms(step * 10);
            if step % 100 == 0 {
                clock.sample(ms(990 + step * 10) - ms(10), Some(ms(20)), now);
            }
            let seen = clock.now(now);
            assert!(seen >= last);
            last = seen;
        }
        let end = start + ms(9_990);
        let truth = ms(990 + 9_990);
        assert!(clock.now(end).abs_diff(truth) <= ms(2), "{:?}", clock.now(end));
        assert!(clock.error(end) <= ms(12), "{:?}", clock.error(end));
    }

    #[test]
    fn a_large_error_is_paid_off_in_half_a_minute_and_said_until_then() {
        let start = Instant::now();
        let mut clock = ServerClock::new(ms(10_000), ms(0), start);
        clock.sample(ms(9_000), Some(ms(10)), start);
        assert!(clock.error(start) >= ms(995));
        let (mut last, mut at) = (clock.now(start), start);
        for _ in 0..3_000 {
            at += ms(10);
            assert!(clock.now(at) > last, "it never stands still");
            last = clock.now(at);
        }
        assert_eq!((last, clock.error(at)), (ms(39_005), ms(5)));
    }

    #[test]
    fn a_wrong_first_guess_jumps_forward() {
        let start = Instant::now();
        let mut clock = ServerClock::new(ms(0), ms(0), start);
        clock.sample(ms(5_000), Some(ms(10)), start + ms(100));
        assert_eq!(clock.now(start + ms(100)), ms(5_005));
    }
}
