//! The figures by name: what comparisons show and thresholds are about. One list for both, so that they agree.

use indicatif::HumanBytes;

use super::Figures;
use super::table::{count, duration};
use super::words::Words;

/// One figure of a contender, with a name of its own.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Figure {
    /// In threshold files, before `_min` or `_max`.
    pub(crate) key: &'static str,
    /// In tables, in the words of the workload.
    pub(crate) label: fn(&Words) -> String,
    pub(crate) of: fn(&Figures) -> Option<f64>,
    /// In the unit that people read it in. Never negative.
    pub(crate) text: fn(f64) -> String,
}

impl PartialEq for Figure {
    /// Names are unique.
    fn eq(&self, other: &Figure) -> bool {
        self.key == other.key
    }
}

/// All of them, in the order of tables.
pub(crate) const FIGURES: [Figure; 12] = [
    Figure {
        key: "calls_per_second",
        label: |w| format!("{}/s", w.many),
        of: |f| Some(f.calls_per_second),
        text: count,
    },
    Figure {
        key: "mean_us",
        label: |w| format!("{} mean", w.timed.unwrap_or("latency")),
        of: |f| Some(f.latency_us?.mean),
        text: duration,
    },
    Figure { key: "p50_us", label: |_| "  p50".into(), of: |f| Some(f.latency_us?.p50), text: duration },
    Figure { key: "p90_us", label: |_| "  p90".into(), of: |f| Some(f.latency_us?.p90), text: duration },
    Figure { key: "p99_us", label: |_| "  p99".into(), of: |f| Some(f.latency_us?.p99), text: duration },
    Figure {
        key: "p99_9_us",
        label: |_| "  p99.9".into(),
        of: |f| Some(f.latency_us?.p99_9),
        text: duration,
    },
    Figure { key: "max_us", label: |_| "  max".into(), of: |f| Some(f.latency_us?.max), text: duration },
    Figure {
        key: "cpu_seconds_per_million",
        label: |w| format!("CPU s / million {}", w.many),
        of: |f| f.cpu_seconds_per_million,
        text: |seconds| format!("{seconds:.2}"),
    },
    Figure {
        key: "caller_rss_peak_bytes",
        label: |w| format!("peak memory, {}", w.here),
        of: |f| Some(f.caller?.rss_peak_bytes as f64),
        text: bytes,
    },
    Figure {
        key: "answerer_rss_peak_bytes",
        label: |w| format!("  {}", w.there),
        of: |f| Some(f.answerer?.rss_peak_bytes as f64),
        text: bytes,
    },
    Figure {
        key: "session_bytes",
        label: |_| "server memory / session".into(),
        of: |f| f.session_bytes,
        text: bytes,
    },
    Figure {
        key: "errors",
        label: |_| "errors, all rounds".into(),
        of: |f| Some(f.failures.values().sum::<u64>() as f64),
        text: count,
    },
];

/// The figure of that name.
pub(crate) fn named(key: &str) -> Option<&'static Figure> {
    FIGURES.iter().find(|figure| figure.key == key)
}

fn bytes(value: f64) -> String {
    HumanBytes(value as u64).to_string()
}
