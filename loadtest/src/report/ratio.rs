//! One contender's figures divided by another's: machines differ, ratios of one run less so. Plain arithmetic.

use serde::{Deserialize, Serialize};

use super::{Latency, Standing};
use crate::plan::Workload;

/// One contender's medians divided by the raw echo's, in the same run.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Ratio {
    /// The contender.
    pub contender: String,
    /// What it is compared with.
    pub baseline: String,
    /// Calls per second.
    pub rate: Option<f64>,
    /// CPU time per call of both ends together.
    pub cpu_per_call: Option<f64>,
    /// Median latency.
    pub p50: Option<f64>,
    /// 99th percentile of latency.
    pub p99: Option<f64>,
}

impl Ratio {
    /// Of one's medians to another's.
    pub(super) fn of(one: &Standing, baseline: &Standing) -> Ratio {
        let over = |ours: Option<f64>, theirs: Option<f64>| match (ours?, theirs?) {
            (ours, theirs) if theirs > 0.0 => Some(ours / theirs),
            _ => None,
        };
        let (ours, theirs) = (&one.median, &baseline.median);
        let latency = |which: fn(&Latency) -> f64| {
            over(ours.latency_us.as_ref().map(which), theirs.latency_us.as_ref().map(which))
        };
        Ratio {
            contender: one.name.clone(),
            baseline: baseline.name.clone(),
            rate: over(Some(ours.calls_per_second), Some(theirs.calls_per_second)),
            cpu_per_call: over(ours.cpu_seconds_per_million, theirs.cpu_seconds_per_million),
            p50: latency(|l| l.p50),
            p99: latency(|l| l.p99),
        }
    }
}

/// Everyone's medians over the raw echo's, if it took part; in S over those of the run in which nobody stalls.
pub(super) fn ratios(workload: Workload, contenders: &[Standing]) -> Vec<Ratio> {
    let raw = match workload {
        Workload::S => contenders.first(),
        _ => contenders.iter().find(|standing| standing.name == BASELINE),
    };
    let Some(raw) = raw else { return Vec::new() };
    contenders
        .iter()
        .filter(|standing| standing.name != raw.name)
        .map(|other| Ratio::of(other, raw))
        .collect()
}

/// Everything is measured against the same work on bare tokio.
const BASELINE: &str = "raw";
