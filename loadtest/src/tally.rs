//! Counts what happened in one window: latencies and failures, from many tasks, at a cost that does not show.
//! Measures no time itself.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use hdrhistogram::{CreationError, Histogram};

use crate::bars::{self, Bars};
use crate::failure::Failure;

/// Failures by kind.
pub(crate) type Failures = BTreeMap<Failure, u64>;

/// Where all bots of one window count.
#[derive(Debug)]
pub(crate) struct Tally {
    counts: Mutex<Counts>,
}

/// What was counted.
#[derive(Debug, Clone)]
pub(crate) struct Counts {
    /// Nanoseconds of every answered call, also of those whose answer came after the window.
    pub(crate) latency_ns: Histogram<u64>,
    /// Nanoseconds by which calls of an open loop started later than intended.
    pub(crate) start_lag_ns: Histogram<u64>,
    /// Calls answered, or pushes delivered, within the window: what the rate is made of.
    pub(crate) answered_in_window: u64,
    /// Failures of calls and connections.
    pub(crate) failures: Failures,
    /// Clients at work, where they begin while it is counted.
    pub(crate) bots: Option<u64>,
}

impl Counts {
    /// Nothing yet. Fails only if our own bounds are none.
    pub(crate) fn new() -> Result<Counts, CreationError> {
        let latency_ns = Histogram::new_with_bounds(LATENCY_NS_MIN, LATENCY_NS_MAX, LATENCY_DIGITS)?;
        Ok(Counts {
            start_lag_ns: latency_ns.clone(),
            latency_ns,
            answered_in_window: 0,
            failures: Failures::new(),
            bots: None,
        })
    }

    /// Calls answered, also after the window, or pushes delivered.
    pub(crate) fn answered(&self) -> u64 {
        self.latency_ns.len().max(self.answered_in_window)
    }

    /// `times` more of this kind.
    pub(crate) fn fail(&mut self, why: Failure, times: u64) {
        if times > 0 {
            *self.failures.entry(why).or_default() += times;
        }
    }

    /// These failures besides.
    pub(crate) fn with(mut self, failures: Failures) -> Counts {
        failures.into_iter().for_each(|(why, times)| self.fail(why, times));
        self
    }
}

impl Tally {
    pub(crate) fn new() -> Result<Tally, CreationError> {
        Ok(Tally { counts: Mutex::new(Counts::new()?) })
    }

    /// A worker's own page.
    pub(crate) fn page(&self) -> Page<'_> {
        Page { tally: self, lines: Vec::with_capacity(PAGE_LINES), handed_in: Instant::now() }
    }

    /// `times` more failures of this kind.
    pub(crate) fn fail(&self, why: Failure, times: u64) {
        self.counts().fail(why, times);
    }

    /// A client begins while it is counted.
    pub(crate) fn began(&self) {
        *self.counts().bots.get_or_insert(0) += 1;
    }

    /// One that began so has ended.
    pub(crate) fn ended(&self) {
        let mut counts = self.counts();
        counts.bots = counts.bots.map(|bots| bots.saturating_sub(1));
    }

    /// So many pushes have arrived.
    pub(crate) fn delivered(&self, pushes: u64) {
        self.counts().answered_in_window += pushes;
    }

    /// Something that is counted and timed one by one is done: a login, a return.
    pub(crate) fn done(&self, took: Duration) {
        self.took(took);
        self.delivered(1);
    }

    /// Something took so long that is not a call: a round of pushes to everyone.
    pub(crate) fn took(&self, time: Duration) {
        self.counts().latency_ns.saturating_record(nanoseconds(time));
    }

    /// Calls answered or pushes delivered so far, but for what workers have not handed in yet.
    pub(crate) fn answered(&self) -> u64 {
        self.counts().answered()
    }

    /// How long everything took that was timed, in nanoseconds.
    pub(crate) fn bars(&self) -> Bars {
        bars::of(&self.counts().latency_ns)
    }

    /// Everything that was handed in.
    pub(crate) fn total(&self) -> Counts {
        self.counts().clone()
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        // Counting cannot leave a histogram half-written; a bot that panicked elsewhere is counted as such.
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One answered call.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Answered {
    /// From its start, in an open loop from its intended start.
    pub(crate) latency: Duration,
    /// Open loop: how late it started.
    pub(crate) start_lag: Option<Duration>,
    /// Before the window closed.
    pub(crate) in_window: bool,
    /// When the answer came.
    pub(crate) at: Instant,
}

/// One worker's latest calls, handed in a page at a time and when dropped (an aborted worker drops it too).
///
/// A histogram per worker would be simpler and 180 KiB each: a thousand bots would then measure their own cache
/// misses. So workers share one and take its lock once a page.
#[derive(Debug)]
pub(crate) struct Page<'a> {
    tally: &'a Tally,
    lines: Vec<Answered>,
    handed_in: Instant,
}

impl Page<'_> {
    /// Notes an answered call.
    pub(crate) fn note(&mut self, call: Answered) {
        self.lines.push(call);
        // A slow worker's page would else be full long after the stretch in which its calls were made.
        if self.lines.len() == PAGE_LINES || call.at.duration_since(self.handed_in) > HAND_IN_AFTER {
            self.hand_in();
            self.handed_in = call.at;
        }
    }

    /// Notes a call that failed.
    pub(crate) fn fail(&mut self, why: Failure) {
        self.tally.fail(why, 1);
    }

    fn hand_in(&mut self) {
        let mut counts = self.tally.counts();
        for call in self.lines.drain(..) {
            // Saturating: over a minute is a minute, never a lost sample.
            counts.latency_ns.saturating_record(nanoseconds(call.latency));
            if let Some(lag) = call.start_lag {
                counts.start_lag_ns.saturating_record(nanoseconds(lag));
            }
            counts.answered_in_window += u64::from(call.in_window);
        }
    }
}

impl Drop for Page<'_> {
    fn drop(&mut self) {
        self.hand_in();
    }
}

pub(crate) fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// Calls between two takings of the shared lock: at a million calls a second, 16,000 short holds.
const PAGE_LINES: usize = 64;
/// Half of the shortest stretch that a series tells apart.
const HAND_IN_AFTER: Duration = Duration::from_millis(50);
/// Below a microsecond, so that a microsecond still has three digits of its own.
const LATENCY_NS_MIN: u64 = 100;
const LATENCY_NS_MAX: u64 = 60_000_000_000;
const LATENCY_DIGITS: u8 = 3;

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(us: u64, in_window: bool) -> Answered {
        Answered { latency: Duration::from_micros(us), start_lag: None, in_window, at: Instant::now() }
    }

    #[test]
    fn pages_of_all_workers_make_one_histogram() {
        let tally = Tally::new().unwrap();
        std::thread::scope(|scope| {
            for worker in 0..10_u64 {
                let tally = &tally;
                scope.spawn(move || {
                    let mut page = tally.page();
                    (1..=100).for_each(|us| page.note(answered(worker * 100 + us, true)));
                });
            }
        });
        let counts = tally.total();
        assert_eq!(counts.latency_ns.len(), 1_000);
        let p99_us = counts.latency_ns.value_at_quantile(0.99) / 1_000;
        assert!((989..=991).contains(&p99_us), "{p99_us}");
    }

    #[test]
    fn a_slow_worker_does_not_keep_its_page() {
        let tally = Tally::new().unwrap();
        let mut page = tally.page();
        page.note(answered(10, true));
        assert_eq!(tally.answered(), 0);
        page.note(Answered { at: Instant::now() + Duration::from_secs(1), ..answered(10, true) });
        assert_eq!(tally.answered(), 2);
    }

    #[test]
    fn late_answers_count_for_latency_but_not_for_the_rate() {
        let tally = Tally::new().unwrap();
        let mut page = tally.page();
        page.note(answered(10, true));
        page.note(answered(90_000_000, false));
        drop(page);
        let counts = tally.total();
        assert_eq!((counts.latency_ns.len(), counts.answered_in_window), (2, 1));
        assert!(counts.latency_ns.max() >= LATENCY_NS_MAX, "over a minute is kept as a minute");
    }

    #[test]
    fn failures_are_counted_by_kind() {
        let tally = Tally::new().unwrap();
        tally.page().fail(Failure::Lost);
        tally.fail(Failure::Lost, 2);
        tally.fail(Failure::Unanswered, 0);
        assert_eq!(tally.total().failures, BTreeMap::from([(Failure::Lost, 3)]));
    }
}
