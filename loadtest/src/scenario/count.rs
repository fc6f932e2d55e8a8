//! Counts the steps of all bots of one process, and hands over what came with each stretch of time as one line of
//! JSON. Knows neither bots nor other processes.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

use crate::bars::{self, Bars};
use crate::tally::{Counts, nanoseconds};

/// Where all bots of a process count.
#[derive(Debug, Default)]
pub(super) struct Steps {
    counted: Mutex<Counted>,
}

#[derive(Debug, Default)]
struct Counted {
    steps: BTreeMap<String, Step>,
    /// Bots at work.
    bots: u64,
    /// Bots that ended early, by their errors' kinds.
    ended: BTreeMap<String, u64>,
}

#[derive(Debug)]
struct Step {
    latency_ns: Histogram<u64>,
    failures: BTreeMap<String, u64>,
}

/// What came with one stretch of time in one process.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct News {
    /// 1 for the first, or 0 for what came after the window.
    pub(super) stretch: u32,
    /// How long it was.
    pub(super) seconds: f64,
    /// When it ended, since the window began.
    pub(super) at_seconds: f64,
    /// Bots at work.
    pub(super) bots: u64,
    /// Bots that ended early, by kind.
    pub(super) ended: BTreeMap<String, u64>,
    /// Of this process, in all since the window began.
    pub(super) cpu_seconds: f64,
    pub(super) rss_bytes: Option<u64>,
    pub(super) rss_peak_bytes: u64,
    pub(super) steps: BTreeMap<String, Came>,
}

/// What came with one stretch of time for one step.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Came {
    /// Nanoseconds, and how many took so long.
    pub(super) latency_ns: Bars,
    pub(super) failures: BTreeMap<String, u64>,
}

impl Steps {
    /// A step was answered after this time.
    pub(super) fn took(&self, step: &str, time: Duration) {
        if let Some(step) = self.counted().step(step) {
            // Saturating: over a minute is a minute, never a lost sample.
            step.latency_ns.saturating_record(nanoseconds(time));
        }
    }

    /// A step failed.
    pub(super) fn failed(&self, step: &str, why: &str) {
        if let Some(step) = self.counted().step(step) {
            count(&mut step.failures, why);
        }
    }

    /// A bot begins.
    pub(super) fn began(&self) {
        self.counted().bots += 1;
    }

    /// A bot ends, for a reason if it ends early.
    pub(super) fn ended(&self, why: Option<&str>) {
        let mut counted = self.counted();
        counted.bots = counted.bots.saturating_sub(1);
        if let Some(why) = why {
            count(&mut counted.ended, why);
        }
    }

    /// What came since the last time.
    pub(super) fn take(&self, stretch: u32) -> News {
        let mut counted = self.counted();
        let steps = counted.steps.iter_mut().map(|(name, step)| {
            let latency_ns = bars::of(&step.latency_ns);
            step.latency_ns.reset();
            (name.clone(), Came { latency_ns, failures: std::mem::take(&mut step.failures) })
        });
        let steps = steps.collect();
        News {
            stretch,
            bots: counted.bots,
            ended: std::mem::take(&mut counted.ended),
            steps,
            ..News::default()
        }
    }

    fn counted(&self) -> MutexGuard<'_, Counted> {
        // Counting cannot leave a histogram half-written; a bot that panicked elsewhere is counted as such.
        self.counted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Counted {
    /// The step of that name; beyond [`STEPS_MAX`] names, the one that stands for all others.
    fn step(&mut self, name: &str) -> Option<&mut Step> {
        let name = if self.steps.contains_key(name) || self.steps.len() < STEPS_MAX { name } else { OTHERS };
        if !self.steps.contains_key(name) {
            let latency_ns = Counts::new().ok()?.latency_ns;
            self.steps.insert(name.to_owned(), Step { latency_ns, failures: BTreeMap::new() });
        }
        self.steps.get_mut(name)
    }
}

/// One more of this kind, or of the others where there are too many.
fn count(kinds: &mut BTreeMap<String, u64>, why: &str) {
    let kind = kind(why);
    let kind = if kinds.contains_key(&kind) || kinds.len() < KINDS_MAX { kind } else { OTHERS.to_owned() };
    *kinds.entry(kind).or_default() += 1;
}

/// `why` without its numbers, which would make every error a kind of its own: a word with a digit becomes `#`.
fn kind(why: &str) -> String {
    let words = why.chars().take(KIND_CHARS_MAX).collect::<String>();
    let words = words.split(' ').map(|word| {
        let bare = word.trim_end_matches([',', ':', ';', '.']);
        let numbered = bare.contains(|character: char| character.is_ascii_digit());
        if numbered { format!("#{}", &word[bare.len()..]) } else { word.to_owned() }
    });
    words.collect::<Vec<_>>().join(" ")
}

/// Names of steps in one process.
const STEPS_MAX: usize = 64;
/// Kinds of errors in one stretch of one step.
const KINDS_MAX: usize = 32;
const KIND_CHARS_MAX: usize = 200;
const OTHERS: &str = "others";

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Finds a step in a test.
    pub(in super::super) trait Named {
        fn named(&self, step: &str) -> &Came;
    }

    impl Named for News {
        fn named(&self, step: &str) -> &Came {
            &self.steps[step]
        }
    }

    impl Came {
        /// All latencies, in order.
        pub(in super::super) fn milliseconds(&self) -> Vec<u64> {
            let each =
                self.latency_ns.iter().flat_map(|(ns, times)| std::iter::repeat_n(ns, *times as usize));
            // Three digits are kept: the nearest millisecond is what was recorded.
            each.map(|ns| (*ns as f64 / 1e6).round() as u64).collect()
        }

        pub(in super::super) fn kinds(&self) -> Vec<&str> {
            self.failures.keys().map(String::as_str).collect()
        }
    }

    #[test]
    fn each_stretch_has_only_what_came_with_it() {
        let steps = Steps::default();
        steps.began();
        steps.took("act", Duration::from_millis(5));
        let first = steps.take(1);
        assert_eq!((first.bots, first.named("act").milliseconds()), (1, vec![5]));
        steps.ended(Some("kicked"));
        let second = steps.take(2);
        assert_eq!((second.bots, second.named("act").milliseconds()), (0, vec![]));
        assert_eq!(second.ended, BTreeMap::from([("kicked".to_owned(), 1)]));
        let line = serde_json::to_string(&first).unwrap();
        assert_eq!(serde_json::from_str::<News>(&line).unwrap(), first);
    }

    #[test]
    fn numbers_do_not_make_kinds() {
        assert_eq!(kind("rate limited: again in 3.2ms"), "rate limited: again in #");
        assert_eq!(kind("cannot reach 127.0.0.1:7: refused"), "cannot reach #: refused");
        assert_eq!(kind(""), "");
    }

    #[test]
    fn names_and_kinds_have_bounds() {
        let steps = Steps::default();
        for number in 0..1_000_u32 {
            let letters: String = number.to_string().bytes().map(|digit| (digit + 49) as char).collect();
            steps.failed(&letters, "busy");
            steps.failed("act", &letters);
        }
        let news = steps.take(1);
        assert!(news.steps.len() <= STEPS_MAX + 1, "{}", news.steps.len());
        let all: u64 = news.steps.values().flat_map(|came| came.failures.values()).sum();
        assert_eq!(all, 2_000, "none is lost");
        assert!(news.steps.values().all(|came| came.failures.len() <= KINDS_MAX + 1));
    }
}
