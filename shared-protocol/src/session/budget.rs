//! A small allowance that fills up again: how often a peer may do something harmless but useless before it is a
//! flood. Arithmetic on moments handed in; how large it is and how fast it fills is handed in, too, for a session has
//! several, and all sessions the same.

use std::time::Duration;

use super::moment::Moment;

/// So many at once, and one more each so often.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rate {
    pub(super) burst: u32,
    pub(super) every: Duration,
}

/// A token bucket, kept as the moment at which it would be full again (the generic cell rate algorithm).
#[derive(Debug)]
pub(super) struct Budget {
    full_at: Moment,
}

impl Budget {
    /// Full from the session's beginning.
    pub(super) const fn new() -> Self {
        Self { full_at: Moment::ORIGIN }
    }

    /// Spends one; false when there is none.
    pub(super) fn spend(&mut self, rate: Rate, now: Moment) -> bool {
        let full_at = self.full_at.max(now);
        let has = rate.burst > 0 && full_at <= now + rate.every * (rate.burst - 1);
        if has {
            self.full_at = full_at + rate.every;
        }
        has
    }

    /// Something useful was done: one more. Beyond full it is lost when one is spent.
    #[inline]
    pub(super) fn earn(&mut self, rate: Rate) {
        self.full_at = self.full_at - rate.every;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_burst_and_then_one_at_a_time() {
        let start = Moment::ORIGIN;
        let rate = Rate { burst: 2, every: Duration::from_secs(1) };
        let mut budget = Budget::new();
        let mut spend = |at| budget.spend(rate, at);
        assert!(spend(start) && spend(start) && !spend(start));
        assert!(!spend(start + Duration::from_millis(999)));
        assert!(spend(start + Duration::from_millis(1_999)));
    }

    /// A bucket as one would write it down, in fractions of a token.
    struct Plain {
        rate: Rate,
        /// What is in it, in nanoseconds of filling.
        filled: u128,
    }

    impl Plain {
        fn add(&mut self, nanos: u128) {
            let every = self.rate.every.as_nanos();
            self.filled = (self.filled + nanos).min(every * u128::from(self.rate.burst));
        }

        fn spend(&mut self) -> bool {
            let every = self.rate.every.as_nanos();
            let has = self.filled >= every;
            if has {
                self.filled -= every;
            }
            has
        }
    }

    #[derive(Debug, Clone)]
    enum Step {
        Pass(u64),
        Spend,
        Earn,
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let step = prop_oneof![
            2 => (0..3_000_u64).prop_map(Step::Pass),
            6 => Just(Step::Spend),
            1 => Just(Step::Earn),
        ];
        prop::collection::vec(step, 0..200)
    }

    proptest! {
        #[test]
        fn it_gives_what_a_bucket_of_tokens_gives(burst in 0..6_u32, every in 1..2_000_u64, steps in steps()) {
            let rate = Rate { burst, every: Duration::from_nanos(every) };
            let (mut now, mut budget) = (Moment::ORIGIN, Budget::new());
            let mut plain = Plain { rate, filled: 0 };
            plain.add(u128::MAX / 2);
            for step in steps {
                match step {
                    Step::Pass(nanos) => {
                        now = now + Duration::from_nanos(nanos);
                        plain.add(nanos.into());
                    }
                    Step::Spend => prop_assert_eq!(budget.spend(rate, now), plain.spend()),
                    Step::Earn => {
                        budget.earn(rate);
                        plain.add(rate.every.as_nanos());
                    }
                }
            }
        }
    }
}
