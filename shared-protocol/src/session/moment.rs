//! Instants as a session keeps them where it seldom looks: counted in nanoseconds from its own beginning, 8 bytes each, also
//! where there may be none. An `Instant` takes 16, and a session without traffic is little else than instants. What
//! every batch of frames looks at stays an `Instant`: to count from another one costs sixty instructions. Reads no clock.

use std::num::NonZeroU64;
use std::ops::{Add, Sub};
use std::time::{Duration, Instant};

/// Where a session's moments count from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Origin(Instant);

/// An instant of one session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Moment(NonZeroU64);

/// The origin's own moment. In the middle, so that what was before it has moments, too: 292 years either way.
const ORIGIN: u64 = 1 << 63;

impl Origin {
    pub(super) const fn new(began: Instant) -> Self {
        Self(began)
    }

    /// That instant as a moment.
    pub(super) fn moment(self, instant: Instant) -> Moment {
        match instant.checked_duration_since(self.0) {
            Some(after) => Moment::ORIGIN + after,
            None => Moment::ORIGIN - self.0.saturating_duration_since(instant),
        }
    }

    /// That moment as an instant.
    pub(super) fn instant(self, moment: Moment) -> Instant {
        if moment >= Moment::ORIGIN {
            self.0 + moment.since(Moment::ORIGIN)
        } else {
            self.0.checked_sub(Moment::ORIGIN.since(moment)).unwrap_or(self.0)
        }
    }
}

impl Moment {
    /// The origin's.
    pub(super) const ORIGIN: Self = Self::at(ORIGIN);

    /// The first of all moments is 1: 0 stands for none.
    const fn at(nanos: u64) -> Self {
        match NonZeroU64::new(nanos) {
            Some(nanos) => Self(nanos),
            None => Self(NonZeroU64::MIN),
        }
    }

    /// The time since an earlier one; none if that is later.
    pub(super) const fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.get().saturating_sub(earlier.0.get()))
    }
}

impl Add<Duration> for Moment {
    type Output = Self;

    fn add(self, time: Duration) -> Self {
        Self(self.0.saturating_add(nanos(time)))
    }
}

impl Sub<Duration> for Moment {
    type Output = Self;

    #[inline]
    fn sub(self, time: Duration) -> Self {
        Self::at(self.0.get().saturating_sub(nanos(time)))
    }
}

#[inline]
fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_come_back_from_either_side_of_the_origin() {
        let began = Instant::now() + Duration::from_secs(1_000);
        let origin = Origin::new(began);
        let (before, after) = (began - Duration::from_nanos(7), began + Duration::from_nanos(7));
        let moments = [before, began, after].map(|instant| origin.moment(instant));
        assert!(moments.is_sorted());
        assert_eq!(moments[1], Moment::ORIGIN);
        assert_eq!(moments.map(|moment| origin.instant(moment)), [before, began, after]);
    }

    #[test]
    fn the_ends_are_kept_and_none_takes_no_space() {
        assert_eq!(Moment::ORIGIN + Duration::MAX, Moment::at(u64::MAX));
        assert_eq!(Moment::ORIGIN - Duration::MAX, Moment::at(1));
        assert_eq!((Moment::ORIGIN - Duration::MAX).since(Moment::ORIGIN), Duration::ZERO);
        assert_eq!(size_of::<Option<Moment>>(), 8);
    }
}
