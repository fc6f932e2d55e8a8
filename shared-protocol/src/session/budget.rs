//! A small allowance that fills up again: how often a peer may do something harmless but useless before it is a
//! flood. Arithmetic on instants handed in.

use std::time::{Duration, Instant};

/// A token bucket.
#[derive(Debug)]
pub(super) struct Budget {
    left: u32,
    burst: u32,
    every: Duration,
    filled_at: Instant,
}

impl Budget {
    /// `burst` at once, and one more each `every`.
    pub(super) const fn new(burst: u32, every: Duration, now: Instant) -> Self {
        Self { left: burst, burst, every, filled_at: now }
    }

    /// Spends one; false when there is none.
    pub(super) fn spend(&mut self, now: Instant) -> bool {
        if self.left < self.burst {
            let gained =
                now.saturating_duration_since(self.filled_at).as_nanos() / self.every.as_nanos().max(1);
            let gained = u32::try_from(gained).unwrap_or(u32::MAX);
            if gained >= self.burst - self.left {
                (self.left, self.filled_at) = (self.burst, now);
            } else {
                // Not `now`: what is left of a period counts for the next.
                self.left += gained;
                self.filled_at += self.every * gained;
            }
        } else {
            self.filled_at = now;
        }
        let has = self.left > 0;
        self.left = self.left.saturating_sub(1);
        has
    }

    /// Something useful was done: one more.
    pub(super) fn earn(&mut self) {
        self.left = self.left.saturating_add(1).min(self.burst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_and_then_one_at_a_time() {
        let start = Instant::now();
        let mut budget = Budget::new(2, Duration::from_secs(1), start);
        assert!(budget.spend(start) && budget.spend(start) && !budget.spend(start));
        assert!(!budget.spend(start + Duration::from_millis(999)));
        assert!(budget.spend(start + Duration::from_millis(1_999)));
    }
}
