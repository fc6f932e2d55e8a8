//! When the calls of an open loop are due, and the thread that lets them go. Makes no calls and counts none.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;

/// Call `n` is due `n / rate` seconds after the start, whatever became of the others.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Schedule {
    start: Instant,
    calls_per_second: u64,
}

impl Schedule {
    pub(crate) fn new(start: Instant, calls_per_second: u64) -> Schedule {
        Schedule { start, calls_per_second: calls_per_second.max(1) }
    }

    /// When call `n` should start.
    pub(crate) fn due(&self, n: u64) -> Instant {
        let ns = u128::from(n) * NS_PER_SECOND / u128::from(self.calls_per_second);
        self.start + Duration::from_nanos(u64::try_from(ns).unwrap_or(u64::MAX))
    }

    /// How many calls should have started by `now`.
    pub(crate) fn count_by(&self, now: Instant) -> u64 {
        let Some(elapsed) = now.checked_duration_since(self.start) else { return 0 };
        let whole = elapsed.as_nanos() * u128::from(self.calls_per_second) / NS_PER_SECOND;
        // Exact inverse of `due`, which rounds down to the nanosecond.
        let count = u64::try_from(whole).unwrap_or(u64::MAX).saturating_add(1);
        if self.due(count) <= now { count.saturating_add(1) } else { count }
    }
}

/// Adds a permit for each call that is due, until `over`.
///
/// A thread, because the runtime's timer rounds up to a millisecond, which would be charged to every call. Permits
/// are a number: a loop that falls behind costs no memory, and what is left at the end says by how much it did.
pub(crate) fn release(schedule: Schedule, permits: Arc<Semaphore>, over: Arc<AtomicBool>) -> io::Result<()> {
    let pacing = move || {
        let mut released = 0;
        while !over.load(Ordering::Relaxed) {
            let due = schedule.count_by(Instant::now());
            if due > released {
                permits.add_permits(usize::try_from(due - released).unwrap_or(usize::MAX).min(PERMITS_MAX));
                released = due;
            }
            sleep_until(schedule.due(released));
        }
    };
    thread::Builder::new().name("pace".into()).spawn(pacing).map(drop)
}

/// Sleeps until `due`, or for a moment if that is far.
fn sleep_until(due: Instant) {
    let wait = due.saturating_duration_since(Instant::now()).min(STOP_CHECK_EVERY);
    // Calls closer together than this leave in small batches: spinning between them would take a CPU from both ends.
    let Some(early) = wait.checked_sub(2 * TIMER_SLACK) else { return thread::sleep(wait) };
    thread::sleep(early + TIMER_SLACK);
    if wait < STOP_CHECK_EVERY {
        while Instant::now() < due {
            std::hint::spin_loop();
        }
    }
}

const NS_PER_SECOND: u128 = 1_000_000_000;
/// By about so much Linux lets every sleep last longer, to save wakes.
const TIMER_SLACK: Duration = Duration::from_micros(50);
/// A slow schedule still ends soon after its window.
const STOP_CHECK_EVERY: Duration = Duration::from_millis(20);
/// Far over a second of the highest rate, far under what a semaphore holds.
const PERMITS_MAX: usize = 1 << 30;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schedule_keeps_its_rate_without_drift() {
        let start = Instant::now();
        let schedule = Schedule::new(start, 3);
        assert_eq!(schedule.due(0), start);
        assert_eq!(schedule.due(3), start + Duration::from_secs(1));
        assert_eq!(schedule.due(3_000_000), start + Duration::from_secs(1_000_000));
    }

    #[test]
    fn as_many_are_due_as_the_schedule_says() {
        let start = Instant::now();
        for rate in [1, 3, 7, 1_000, 333_333, 10_000_000] {
            let schedule = Schedule::new(start, rate);
            for n in [0, 1, 2, 3, 10, 999, 1_000_003] {
                let due = schedule.due(n);
                assert_eq!(schedule.count_by(due), n + 1, "call {n} at {rate}/s, at its time");
                if n > 0 {
                    assert_eq!(
                        schedule.count_by(due - Duration::from_nanos(1)),
                        n,
                        "call {n} at {rate}/s, before"
                    );
                }
            }
        }
    }

    #[test]
    fn before_the_start_nothing_is_due() {
        let start = Instant::now() + Duration::from_secs(1);
        assert_eq!(Schedule::new(start, 1_000).count_by(start - Duration::from_millis(1)), 0);
    }
}
