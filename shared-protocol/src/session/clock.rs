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

/// A correction is paid off at this rate: 5 ms each second is invisible in a game and follows any real drift.
const SLEW_PER_SECOND_US: i64 = 5_000;
/// Beyond this the estimate was wrong, not drifting: forward it jumps.
const JUMP: Duration = Duration::from_millis(250);

impl ServerClock {
    /// From the Welcome: the server's time at an unknown moment up to `login_took` ago.
    pub(super) fn new(server_time: Duration, login_took: Duration, now: Instant) -> Self {
        Self { anchor: (now, server_time + login_took / 2), correction_us: 0, error: login_took / 2 }
    }

    /// A ping has come: the server's time when it was written, and the round trip it knew then.
    pub(super) fn sample(&mut self, server_time: Duration, rtt: Option<Duration>, now: Instant) {
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
        let payable = (elapsed.as_micros() as i64).saturating_mul(SLEW_PER_SECOND_US) / 1_000_000;
        let paid = self.correction_us.clamp(-payable, payable);
        let micros = (elapsed.as_micros() as i64 + paid).max(0);
        self.anchor.1 + Duration::from_micros(micros as u64)
    }

    /// How far off the estimate may be: half the round trip, which is as much as one way's share can hide.
    pub const fn error(&self) -> Duration {
        self.error
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
        assert_eq!(clock.error(), ms(10));
    }

    #[test]
    fn a_wrong_first_guess_jumps_forward() {
        let start = Instant::now();
        let mut clock = ServerClock::new(ms(0), ms(0), start);
        clock.sample(ms(5_000), Some(ms(10)), start + ms(100));
        assert_eq!(clock.now(start + ms(100)), ms(5_005));
    }
}
