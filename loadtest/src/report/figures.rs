//! The figures of one round, and medians of several. Plain arithmetic.

use std::collections::BTreeMap;

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

use crate::round::{Outcome, Used};

/// What one round measured, or the medians of several.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Figures {
    /// Length of the window.
    pub seconds: f64,
    /// Calls answered within it, or whatever else the workload counts: [`Report::counted`](super::Report::counted).
    pub calls: u64,
    /// The same per second of it.
    pub calls_per_second: f64,
    /// In an open loop from the intended start; `None` without answers.
    pub latency_us: Option<Latency>,
    /// Open loop: by how much calls started late, because bots were busy or the pacing thread was.
    pub start_lag_us: Option<Latency>,
    /// Of both ends; `None` if one of them could not be read.
    pub cpu_seconds_per_million: Option<f64>,
    /// The calling end.
    pub caller: Option<Cost>,
    /// The answering end, where it has a process of its own.
    pub answerer: Option<Cost>,
    /// What the server's process holds for each idle session, where that is measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_bytes: Option<f64>,
    /// By kind.
    pub failures: BTreeMap<String, u64>,
}

/// Percentiles in microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names say it all")]
pub struct Latency {
    pub mean: f64,
    pub p50: f64,
    pub p90: f64,
    pub p99: f64,
    pub p99_9: f64,
    pub max: f64,
}

/// What one process spent.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Cost {
    /// User and system time in the window.
    pub cpu_seconds: f64,
    /// The same per million calls answered in it.
    pub cpu_seconds_per_million: Option<f64>,
    /// Most memory it held at once.
    pub rss_peak_bytes: u64,
}

impl Figures {
    /// Of one round.
    pub(crate) fn of(outcome: &Outcome) -> Figures {
        let calls = outcome.counts.answered_in_window;
        let seconds = outcome.window.as_secs_f64();
        let caller = outcome.caller.map(|used| Cost::of(used, calls));
        let answerer = outcome.answerer.map(|used| Cost::of(used, calls));
        let per_million = |cost: Option<Cost>| cost?.cpu_seconds_per_million;
        Figures {
            seconds,
            calls,
            calls_per_second: if seconds > 0.0 { calls as f64 / seconds } else { 0.0 },
            latency_us: Latency::of(&outcome.counts.latency_ns),
            start_lag_us: Latency::of(&outcome.counts.start_lag_ns),
            cpu_seconds_per_million: per_million(caller).zip(per_million(answerer)).map(|(a, b)| a + b),
            caller,
            answerer,
            session_bytes: outcome.session_bytes,
            failures: outcome.counts.failures.iter().map(|(why, times)| (why.to_string(), *times)).collect(),
        }
    }

    /// Each figure's median; failures of all rounds together, since a median would hide them.
    pub(crate) fn median(rounds: &[Figures]) -> Figures {
        let over =
            |figure: &dyn Fn(&Figures) -> Option<f64>| median(rounds.iter().filter_map(figure).collect());
        let latency = |of: fn(&Figures) -> Option<Latency>| {
            let each = |field: fn(&Latency) -> f64| over(&|round| of(round).as_ref().map(field));
            Some(Latency {
                mean: each(|l| l.mean)?,
                p50: each(|l| l.p50)?,
                p90: each(|l| l.p90)?,
                p99: each(|l| l.p99)?,
                p99_9: each(|l| l.p99_9)?,
                max: each(|l| l.max)?,
            })
        };
        let cost = |of: fn(&Figures) -> Option<Cost>| {
            Some(Cost {
                cpu_seconds: over(&|round| Some(of(round)?.cpu_seconds))?,
                cpu_seconds_per_million: over(&|round| of(round)?.cpu_seconds_per_million),
                rss_peak_bytes: over(&|round| Some(of(round)?.rss_peak_bytes as f64))? as u64,
            })
        };
        let mut failures = BTreeMap::new();
        for (why, times) in rounds.iter().flat_map(|round| &round.failures) {
            *failures.entry(why.clone()).or_default() += times;
        }
        Figures {
            seconds: over(&|round| Some(round.seconds)).unwrap_or_default(),
            calls: over(&|round| Some(round.calls as f64)).unwrap_or_default() as u64,
            calls_per_second: over(&|round| Some(round.calls_per_second)).unwrap_or_default(),
            latency_us: latency(|round| round.latency_us),
            start_lag_us: latency(|round| round.start_lag_us),
            cpu_seconds_per_million: over(&|round| round.cpu_seconds_per_million),
            caller: cost(|round| round.caller),
            answerer: cost(|round| round.answerer),
            session_bytes: over(&|round| round.session_bytes),
            failures,
        }
    }
}

impl Latency {
    /// Of a histogram in nanoseconds; `None` if it is empty.
    pub(crate) fn of(histogram: &Histogram<u64>) -> Option<Latency> {
        if histogram.is_empty() {
            return None;
        }
        let at = |quantile| histogram.value_at_quantile(quantile) as f64 / NS_PER_US;
        Some(Latency {
            mean: histogram.mean() / NS_PER_US,
            p50: at(0.5),
            p90: at(0.9),
            p99: at(0.99),
            p99_9: at(0.999),
            max: histogram.max() as f64 / NS_PER_US,
        })
    }
}

impl Cost {
    fn of(used: Used, calls: u64) -> Cost {
        let cpu_seconds = used.cpu.as_secs_f64();
        let cpu_seconds_per_million = (calls > 0).then(|| cpu_seconds * 1e6 / calls as f64);
        Cost { cpu_seconds, cpu_seconds_per_million, rss_peak_bytes: used.rss_peak_bytes }
    }
}

/// The middle value; of two middle ones, half-way between.
fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let upper = *values.get(values.len() / 2)?;
    let lower = *values.get((values.len() - 1) / 2)?;
    Some(f64::midpoint(lower, upper))
}

const NS_PER_US: f64 = 1e3;

#[cfg(test)]
mod tests {
    use super::super::tests::outcome;
    use super::*;

    #[test]
    fn a_median_is_the_middle() {
        assert_eq!(median(vec![]), None);
        assert_eq!(median(vec![9.0, 1.0, 4.0]), Some(4.0));
        assert_eq!(median(vec![4.0, 1.0]), Some(2.5));
    }

    #[test]
    fn a_round_is_rate_latency_and_cost() {
        let figures = Figures::of(&outcome(100_000, 50));
        assert_eq!((figures.calls, figures.calls_per_second), (100_000, 100_000.0));
        assert!((figures.latency_us.unwrap().p99_9 - 50.0).abs() < 0.1);
        // A second of CPU at each end for a hundred thousand calls.
        assert_eq!(figures.cpu_seconds_per_million, Some(20.0));
    }

    #[test]
    fn medians_forget_no_failure() {
        let rounds: Vec<Figures> = [outcome(1, 1), outcome(2, 2)].iter().map(Figures::of).collect();
        assert_eq!(Figures::median(&rounds).failures, BTreeMap::from([("busy".to_owned(), 4)]));
    }
}
