//! What processes have used and may use, as the kernel counts it. Reads only; where there is no /proc, it knows nothing.

use std::iter::Sum;
use std::time::Duration;

use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use crate::failure::Trouble;

/// What one process has used since it started.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Usage {
    /// User and system time of all its threads.
    pub(crate) cpu: Duration,
    /// Most memory it ever held at once.
    pub(crate) rss_peak_bytes: u64,
}

impl Usage {
    /// Of this process.
    pub(crate) fn own() -> Option<Usage> {
        Usage::of(std::process::id())
    }

    /// Of process `pid`, while it lives.
    #[cfg(target_os = "linux")]
    pub(crate) fn of(pid: u32) -> Option<Usage> {
        let process = procfs::process::Process::new(i32::try_from(pid).ok()?).ok()?;
        let stat = process.stat().ok()?;
        let ticks = (stat.utime + stat.stime) as f64;
        let rss_peak_kib = process.status().ok()?.vmhwm?;
        Some(Usage {
            cpu: Duration::from_secs_f64(ticks / procfs::ticks_per_second() as f64),
            rss_peak_bytes: rss_peak_kib * 1024,
        })
    }

    #[cfg(not(target_os = "linux"))]
    pub(crate) fn of(_pid: u32) -> Option<Usage> {
        None
    }
}

impl Sum for Usage {
    /// Of several processes; their peaks need not have been at the same moment.
    fn sum<I: Iterator<Item = Usage>>(all: I) -> Usage {
        all.fold(Usage::default(), |sum, one| Usage {
            cpu: sum.cpu + one.cpu,
            rss_peak_bytes: sum.rss_peak_bytes + one.rss_peak_bytes,
        })
    }
}

/// Memory that process `pid` holds now, while it lives.
#[cfg(target_os = "linux")]
pub(crate) fn rss_bytes(pid: u32) -> Option<u64> {
    let process = procfs::process::Process::new(i32::try_from(pid).ok()?).ok()?;
    Some(process.statm().ok()?.resident * procfs::page_size())
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn rss_bytes(_pid: u32) -> Option<u64> {
    None
}

/// What is `held` once that no longer changes, or after a bounded time.
pub(crate) async fn settled(held: impl Fn() -> Option<u64>, stop: &CancellationToken) -> Option<u64> {
    let deadline = Instant::now() + SETTLE_MAX;
    let mut last = held()?;
    while Instant::now() < deadline && !stop.is_cancelled() {
        sleep(SETTLE).await;
        let now = held()?;
        if now.abs_diff(last) * STEADY_SHARE <= last {
            return Some(now);
        }
        last = now;
    }
    held()
}

/// Longer than it takes an allocator to give back what it will.
const SETTLE: Duration = Duration::from_millis(500);
const SETTLE_MAX: Duration = Duration::from_secs(10);
/// Steady means that less than one part in so many has changed.
const STEADY_SHARE: u64 = 1_000;

/// Starts the peak of this process anew, so that a round does not report the one before. Pages that the allocator
/// kept still count; a kernel that refuses leaves the peak of the whole run.
pub(crate) fn restart_own_peak() {
    let _ = std::fs::write("/proc/self/clear_refs", "5");
}

/// This process may open `wanted` descriptors, or what to set so that it may.
pub(crate) fn check_descriptors(wanted: u64) -> Result<(), Trouble> {
    match open_files() {
        Some((soft, hard)) if soft < wanted => Err(Trouble::Descriptors { wanted, soft, hard }),
        _ => Ok(()),
    }
}

/// Waits until `wanted` more descriptors may be opened, or for a bounded time: what a round before this one held closes
/// by itself as its tasks see their ends, and with thousands of connections that takes a while.
pub(crate) async fn descriptors_free(wanted: u64) {
    if let Some((soft, _)) = open_files() {
        until(|| open_files_now().is_none_or(|open| open.saturating_add(wanted) <= soft)).await;
    }
}

/// Looks until it is so, at most [`CLOSING_MAX`].
async fn until(so: impl Fn() -> bool) {
    let deadline = Instant::now() + CLOSING_MAX;
    while !so() && Instant::now() < deadline {
        sleep(LOOK_AGAIN).await;
    }
}

const CLOSING_MAX: Duration = Duration::from_secs(10);
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// How many files this process has open now.
#[cfg(target_os = "linux")]
fn open_files_now() -> Option<u64> {
    let open = procfs::process::Process::myself().and_then(|own| own.fd_count()).ok()?;
    u64::try_from(open).ok()
}

#[cfg(not(target_os = "linux"))]
fn open_files_now() -> Option<u64> {
    None
}

/// How many files this process may have open at once.
pub(crate) fn open_files_max() -> Option<u64> {
    open_files().map(|(soft, _)| soft)
}

/// The limit in force, and how far it may be raised.
#[cfg(target_os = "linux")]
fn open_files() -> Option<(u64, u64)> {
    use procfs::process::{LimitValue, Process};

    let limits = Process::myself().and_then(|own| own.limits()).ok()?;
    let number = |value| match value {
        LimitValue::Unlimited => u64::MAX,
        LimitValue::Value(number) => number,
    };
    Some((number(limits.max_open_files.soft_limit), number(limits.max_open_files.hard_limit)))
}

#[cfg(not(target_os = "linux"))]
fn open_files() -> Option<(u64, u64)> {
    None
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn this_process_uses_memory() {
        assert!(Usage::own().unwrap().rss_peak_bytes > 100 * 1024);
        assert!(rss_bytes(std::process::id()).unwrap() > 100 * 1024);
    }

    #[test]
    fn a_process_that_is_gone_is_no_usage() {
        assert_eq!(Usage::of(u32::MAX), None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_round_waits_for_what_the_last_one_closes_but_not_for_ever() {
        let (began, looks) = (Instant::now(), std::cell::Cell::new(0));
        until(|| looks.replace(looks.get() + 1) == 3).await;
        assert_eq!((looks.get(), began.elapsed()), (4, LOOK_AGAIN * 3));
        until(|| false).await;
        assert_eq!(began.elapsed(), LOOK_AGAIN * 3 + CLOSING_MAX);
    }

    #[tokio::test(start_paused = true)]
    async fn memory_is_read_when_it_no_longer_changes() {
        let (began, looks, stop) = (Instant::now(), std::cell::Cell::new(0), CancellationToken::new());
        let growing_until = |last: u64| {
            looks.set(looks.get() + 1);
            Some(looks.get().min(last) * 4_096)
        };
        assert_eq!(settled(|| growing_until(3), &stop).await, Some(3 * 4_096));
        assert_eq!(began.elapsed(), SETTLE * 3);
        assert!(settled(|| growing_until(u64::MAX), &stop).await.is_some());
        assert_eq!(began.elapsed(), SETTLE * 3 + SETTLE_MAX);
    }

    #[test]
    fn open_files_are_counted() {
        let held: Vec<_> = (0..64).map(|_| std::fs::File::open("/dev/null").unwrap()).collect();
        assert!(open_files_now().unwrap() >= held.len() as u64);
    }

    #[test]
    fn more_descriptors_than_allowed_are_refused_ahead() {
        assert!(check_descriptors(8).is_ok());
        assert!(matches!(check_descriptors(1 << 40), Err(Trouble::Descriptors { .. })));
    }
}
