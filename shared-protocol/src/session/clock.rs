//! A client's estimate of the server's clock: from the server's pings, each of which carries its time and the
//! round trip it last measured. Arithmetic only; the local clock is handed in.

use std::time::{Duration, Instant};

/// The server's clock as seen from here.
#[derive(Debug, Clone, Copy)]
pub struct ServerClock {
    /// Where the estimate stood when it was last changed.
    anchor: (Instant, Duration),
    /// What the newest measurements say beyond the anchor; paid off gradually, in microseconds.
    correction_us: i64,
    error: Duration,
}

/// A correction is paid off at this rate at least: 5 ms each second is invisible in a game and follows any real drift.
const SLEW_PER_SECOND_US: i64 = 5_000;
/// A larger one within this time, but never so fast that the clock runs at less than half its speed.
const SLEW_TIME_S: i64 = 20;
const SLEW_PER_SECOND_US_MAX: i64 = 500_000;
/// Beyond this the estimate was wrong, not drifting: forward it jumps.
const JUMP: Duration = Duration::from_millis(250);

impl ServerClock {
    /// From the Welcome: the server's time when it was written, and the round trip as the login showed it.
    pub(super) fn new(server_time: Duration, round_trip: Duration, now: Instant) -> Self {
        let age = round_trip / 2;
        Self { anchor: (now, server_time + age), correction_us: 0, error: age }
    }

    /// A ping has come: the server's time when it was written, and the round trip it knew then.
    pub(super) fn sample(&mut self, server_time: Duration, rtt: Option<Duration>, now: Instant) {
        // Before the server has measured the way, the login's own figure stands.
        let one_way = rtt.map_or(self.error, |rtt| rtt / 2);
        let seen = server_time + one_way;
        let estimate = self.now(now);
        self.anchor = (now, estimate);
        self.error = one_way;
        self.correction_us = if seen > estimate + JUMP {
            self.anchor.1 = seen;
            0
        } else {
            micros(seen.saturating_sub(estimate)) - micros(estimate.saturating_sub(seen))
        };
    }

    /// The server's clock now: time since an instant of the server's choice. Never runs backwards as long as
    /// `now` does not: a clock that is ahead runs slower until it is right.
    pub fn now(&self, now: Instant) -> Duration {
        let elapsed = now.saturating_duration_since(self.anchor.0);
        let micros = (elapsed.as_micros() as i64).saturating_add(self.paid_us(elapsed)).max(0);
        self.anchor.1 + Duration::from_micros(micros as u64)
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
        let elapsed = now.saturating_duration_since(self.anchor.0);
        let unpaid = (self.correction_us - self.paid_us(elapsed)).unsigned_abs();
        self.error.saturating_add(Duration::from_micros(unpaid))
    }
}

/// Saturating, whatever a peer says its clock reads.
fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
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
