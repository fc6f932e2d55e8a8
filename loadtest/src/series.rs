//! A window as it went: one sample for each stretch of it, taken from the tally while bots count. Decides how long a
//! stretch is; measures no call and draws nothing.

use std::collections::BTreeMap;
use std::time::Duration;

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, MissedTickBehavior};

use crate::report::Latency;
use crate::tally::{Counts, Tally};
use crate::usage;

/// What happened in one stretch of a window.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sample {
    /// When the stretch ended, in seconds since the window began.
    pub at_seconds: f64,
    /// How long it was.
    pub seconds: f64,
    /// Calls whose answers were counted in it.
    pub calls: u64,
    /// The same per second of the stretch.
    pub calls_per_second: f64,
    /// Of those calls; `None` without any.
    pub latency_us: Option<Latency>,
    /// By kind.
    pub failures: BTreeMap<String, u64>,
    /// Memory that the measuring process held at its end.
    pub caller_rss_bytes: Option<u64>,
    /// Memory that the other end's process held, where that is one of ours.
    pub answerer_rss_bytes: Option<u64>,
    /// Bots that were at work, where they begin while it is measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bots: Option<u64>,
}

/// Length of the stretches of `window`: at least a tenth of a second, and no more than [`SAMPLES_MAX`] of them.
pub(crate) fn stretch(window: Duration) -> Duration {
    let tenths = window.div_duration_f64(STRETCH_MIN) / f64::from(SAMPLES_MAX);
    STRETCH_MIN * (tenths.ceil() as u32).max(1)
}

/// Samples `tally` while `window` runs, one sample each `every`. `answerer` is the process of the other end.
///
/// Sampling copies the histogram under the tally's lock: tens of microseconds, ten times a second at most.
pub(crate) async fn along<T>(
    window: impl Future<Output = T>,
    tally: &Tally,
    answerer: Option<u32>,
    every: Duration,
) -> (T, Vec<Sample>) {
    let started = Instant::now();
    let mut series = Series::new(tally.total());
    let memory = || (usage::rss_bytes(std::process::id()), answerer.and_then(usage::rss_bytes));
    let mut ticks = tokio::time::interval(every);
    // Late ticks would come in a burst, and stretches of no length say nothing.
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks.tick().await;
    tokio::pin!(window);
    let ended = loop {
        tokio::select! {
            biased;
            ended = &mut window => break ended,
            _ = ticks.tick() => series.take(started.elapsed(), tally.total(), memory()),
        }
    };
    // What is left after the last tick, unless it is too short to have a rate.
    if started.elapsed().saturating_sub(series.until) > every / 2 {
        series.take(started.elapsed(), tally.total(), memory());
    }
    (ended, series.samples)
}

/// Turns counts that only grow into what came with each stretch.
struct Series {
    before: Counts,
    until: Duration,
    samples: Vec<Sample>,
}

impl Series {
    fn new(before: Counts) -> Series {
        Series { before, until: Duration::ZERO, samples: Vec::new() }
    }

    /// Ends a stretch `at` this time since the window began, when this much had been counted.
    fn take(&mut self, at: Duration, counts: Counts, memory: (Option<u64>, Option<u64>)) {
        let seconds = at.saturating_sub(self.until).as_secs_f64();
        let came = since(&counts.latency_ns, &self.before.latency_ns);
        let calls = counts.answered() - self.before.answered();
        let failures = counts.failures.iter().filter_map(|(why, times)| {
            let came = times - self.before.failures.get(why).unwrap_or(&0);
            (came > 0).then(|| (why.to_string(), came))
        });
        // A clock that stood still makes no sample but no division either.
        if seconds > 0.0 && self.samples.len() < SAMPLES_MAX as usize {
            self.samples.push(Sample {
                at_seconds: at.as_secs_f64(),
                seconds,
                calls,
                calls_per_second: calls as f64 / seconds,
                latency_us: Latency::of(&came),
                failures: failures.collect(),
                caller_rss_bytes: memory.0,
                answerer_rss_bytes: memory.1,
                bots: counts.bots,
            });
        }
        self.before = counts;
        self.until = at;
    }
}

/// What `now` has beyond `before`, which it began as.
pub(crate) fn since(now: &Histogram<u64>, before: &Histogram<u64>) -> Histogram<u64> {
    let mut came = now.clone();
    // Fails only if `before` had more somewhere; counts never shrink.
    let _ = came.subtract(before);
    came
}

const STRETCH_MIN: Duration = Duration::from_millis(100);
/// More points than a plot has pixels help nobody.
const SAMPLES_MAX: u32 = 600;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::Failure;

    /// Counts with `calls` calls of `us` added.
    fn with(mut counts: Counts, calls: u64, us: u64) -> Counts {
        counts.latency_ns.record_n(us * 1_000, calls).unwrap();
        counts
    }

    #[test]
    fn a_sample_has_what_came_since_the_last() {
        let mut series = Series::new(Counts::new().unwrap());
        let mut first = with(Counts::new().unwrap(), 1_000, 50);
        first.fail(Failure::Lost, 3);
        series.take(Duration::from_millis(500), first.clone(), (Some(7), None));
        let mut second = with(first, 10, 900);
        second.fail(Failure::Lost, 1);
        series.take(Duration::from_millis(1_500), second.clone(), (None, None));
        series.take(Duration::from_secs(2), second, (None, None));
        let [busy, slow, idle] = &series.samples[..] else { panic!("{:?}", series.samples) };
        assert_eq!((busy.calls, busy.calls_per_second, busy.caller_rss_bytes), (1_000, 2_000.0, Some(7)));
        assert_eq!((slow.calls, slow.calls_per_second), (10, 10.0));
        assert!((slow.latency_us.unwrap().p50 - 900.0).abs() < 1.0, "{slow:?}");
        assert_eq!(slow.failures, BTreeMap::from([("connection lost".to_owned(), 1)]));
        assert_eq!((idle.calls, idle.latency_us, idle.failures.len()), (0, None, 0));
    }

    #[test]
    fn an_hour_has_no_more_samples_than_a_minute() {
        assert_eq!(stretch(Duration::from_secs(1)), Duration::from_millis(100));
        assert_eq!(stretch(Duration::from_secs(60)), Duration::from_millis(100));
        assert_eq!(stretch(Duration::from_secs(61)), Duration::from_millis(200));
        assert_eq!(stretch(Duration::from_secs(3_600)), Duration::from_secs(6));
    }

    #[tokio::test(start_paused = true)]
    async fn samples_are_taken_while_the_window_runs() {
        let tally = Tally::new().unwrap();
        let window = async {
            for _ in 0..3 {
                tokio::time::sleep(Duration::from_millis(100)).await;
                tally.fail(Failure::Lost, 1);
            }
            "over"
        };
        let (ended, samples) = along(window, &tally, None, Duration::from_millis(50)).await;
        assert_eq!(ended, "over");
        let ends: Vec<f64> = samples.iter().map(|sample| sample.at_seconds).collect();
        // The last 50 ms end with the window itself, at the same instant as their tick.
        assert!(ends.starts_with(&[0.05, 0.1, 0.15, 0.2, 0.25]), "{ends:?}");
        let failures: u64 = samples.iter().flat_map(|sample| sample.failures.values()).sum();
        assert_eq!(failures, 3, "{samples:?}");
    }
}
