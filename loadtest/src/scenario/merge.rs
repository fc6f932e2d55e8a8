//! Several processes as one run: adds up what they tell, stretch by stretch. Starts none of them.

use std::collections::BTreeMap;
use std::time::Duration;

use super::count::{Came, News};
use super::crew::AFTER_THE_WINDOW;
use crate::bars;
use crate::failure::Failure;
use crate::report::{Latency, Standing};
use crate::round::{Outcome, Used};
use crate::series::Sample;
use crate::tally::Counts;

/// What all processes have told until now.
#[derive(Debug, Default)]
pub(super) struct Merged {
    stretches: BTreeMap<u32, Stretch>,
    /// After the window: counts for latency, not for the rate.
    late: BTreeMap<String, Came>,
    ended: BTreeMap<String, u64>,
    /// The number of its last stretch, by process.
    last: BTreeMap<usize, u32>,
    /// By process.
    used: BTreeMap<usize, Used>,
    /// Processes that have told all they had to tell.
    pub(super) complete: usize,
}

/// One stretch of all processes.
#[derive(Debug, Default)]
struct Stretch {
    /// At least one process told of just this one.
    told: bool,
    at_seconds: f64,
    seconds: f64,
    bots: u64,
    rss_bytes: Option<u64>,
    server_rss_bytes: Option<u64>,
    steps: BTreeMap<String, Together>,
}

#[derive(Debug, Default)]
struct Together {
    came: Came,
    calls_per_second: f64,
}

impl Merged {
    /// Adds what one process told. `server_rss_bytes` is what the server held just now, where that is known.
    pub(super) fn add(&mut self, process: usize, news: News, server_rss_bytes: Option<u64>) {
        let used = self.used.entry(process).or_insert(Used { cpu: Duration::ZERO, rss_peak_bytes: 0 });
        used.cpu = Duration::try_from_secs_f64(news.cpu_seconds).unwrap_or_default();
        used.rss_peak_bytes = used.rss_peak_bytes.max(news.rss_peak_bytes);
        add_kinds(&mut self.ended, &news.ended);
        if news.stretch == AFTER_THE_WINDOW {
            self.complete += 1;
            for (name, came) in news.steps {
                self.late.entry(ALL.to_owned()).or_default().add(&came);
                self.late.entry(unlike_all(name)).or_default().add(&came);
            }
            return;
        }
        let last = self.last.insert(process, news.stretch).unwrap_or(0);
        // A process that is late leaves numbers out: what it then tells is of all of them, and its bots were there.
        for number in (last + 1..news.stretch).take(SKIPPED_MAX) {
            self.stretches.entry(number).or_default().share(&news);
        }
        let stretch = self.stretches.entry(news.stretch).or_default();
        stretch.share(&news);
        stretch.told = true;
        stretch.at_seconds = stretch.at_seconds.max(news.at_seconds);
        stretch.seconds = stretch.seconds.max(news.seconds);
        stretch.server_rss_bytes = server_rss_bytes;
        for (name, came) in news.steps {
            for name in [ALL.to_owned(), unlike_all(name)] {
                stretch.steps.entry(name).or_default().came.add(&came);
            }
        }
    }

    /// Steps answered, and bots at work when all processes last told.
    pub(super) fn so_far(&self) -> (u64, u64) {
        let all = self.stretches.values().filter_map(|stretch| stretch.steps.get(ALL));
        let bots = self.stretches.values().rev().nth(1).map_or(0, |stretch| stretch.bots);
        (all.map(|together| together.came.answered()).sum(), bots)
    }

    /// The sum of all steps, then each by name. Costs and memory are the sum's. Empty before anything was told.
    pub(super) fn standings(&self, server: Option<Used>) -> Vec<Standing> {
        let told = self.stretches.values().flat_map(|stretch| stretch.steps.keys());
        let names: std::collections::BTreeSet<&str> =
            told.chain(self.late.keys()).map(String::as_str).collect();
        let steps = names.iter().filter(|name| **name != ALL);
        let names = names.iter().filter(|name| **name == ALL).chain(steps);
        names
            .filter_map(|name| Some(Standing::of((*name).to_owned(), &[self.outcome(name, server)?])))
            .collect()
    }

    /// One step's figures; `None` only if our histograms' own bounds were none.
    fn outcome(&self, name: &str, server: Option<Used>) -> Option<Outcome> {
        let mut counts = Counts::new().ok()?;
        let within = self.stretches.values().filter_map(|stretch| stretch.steps.get(name));
        for came in within.map(|together| &together.came) {
            came.record(&mut counts);
            counts.answered_in_window += came.answered();
        }
        if let Some(late) = self.late.get(name) {
            late.record(&mut counts);
        }
        let is_all = name == ALL;
        if is_all {
            self.ended.iter().for_each(|(why, times)| counts.fail(Failure::Step(why.clone()), *times));
        }
        let window = self.stretches.values().map(|stretch| stretch.at_seconds).fold(0.0, f64::max);
        Some(Outcome {
            counts,
            window: Duration::try_from_secs_f64(window).unwrap_or_default(),
            caller: is_all.then(|| self.used()),
            answerer: server.filter(|_| is_all),
            series: self.stretches.values().filter_map(|stretch| stretch.sample(name)).collect(),
            session_bytes: None,
        })
    }

    /// Of all processes together.
    fn used(&self) -> Used {
        let used = self.used.values();
        let none = Used { cpu: Duration::ZERO, rss_peak_bytes: 0 };
        used.fold(none, |all, one| Used {
            cpu: all.cpu + one.cpu,
            rss_peak_bytes: all.rss_peak_bytes + one.rss_peak_bytes,
        })
    }
}

impl Stretch {
    /// What one process had throughout: its bots, its memory, and its rate. Processes are not in step to the
    /// millisecond, so each has the rate of its own stretch.
    fn share(&mut self, news: &News) {
        self.bots += news.bots;
        self.rss_bytes = news.rss_bytes.map(|bytes| bytes + self.rss_bytes.unwrap_or(0));
        for (name, came) in &news.steps {
            let rate = came.answered() as f64 / news.seconds.max(f64::EPSILON);
            for name in [ALL.to_owned(), unlike_all(name.clone())] {
                self.steps.entry(name).or_default().calls_per_second += rate;
            }
        }
    }

    /// One step's sample of it; none where all processes left it out.
    fn sample(&self, name: &str) -> Option<Sample> {
        if !self.told {
            return None;
        }
        let none = Together::default();
        let together = self.steps.get(name).unwrap_or(&none);
        let (is_all, mut latency_ns) = (name == ALL, Counts::new().ok()?.latency_ns);
        bars::add(&together.came.latency_ns, &mut latency_ns);
        Some(Sample {
            at_seconds: self.at_seconds,
            seconds: self.seconds,
            calls: together.came.answered(),
            calls_per_second: together.calls_per_second,
            latency_us: Latency::of(&latency_ns),
            failures: together.came.failures.clone(),
            caller_rss_bytes: self.rss_bytes.filter(|_| is_all),
            answerer_rss_bytes: self.server_rss_bytes.filter(|_| is_all),
            bots: is_all.then_some(self.bots),
        })
    }
}

impl Came {
    fn answered(&self) -> u64 {
        self.latency_ns.values().sum()
    }

    fn add(&mut self, other: &Came) {
        for (ns, times) in &other.latency_ns {
            *self.latency_ns.entry(*ns).or_default() += times;
        }
        add_kinds(&mut self.failures, &other.failures);
    }

    fn record(&self, counts: &mut Counts) {
        bars::add(&self.latency_ns, &mut counts.latency_ns);
        self.failures.iter().for_each(|(why, times)| counts.fail(Failure::Step(why.clone()), *times));
    }
}

fn add_kinds(all: &mut BTreeMap<String, u64>, some: &BTreeMap<String, u64>) {
    for (why, times) in some {
        *all.entry(why.clone()).or_default() += times;
    }
}

/// A step that bears the sum's name gets another.
fn unlike_all(name: String) -> String {
    if name == ALL { format!("{ALL} (step)") } else { name }
}

/// More stretches in a row than a window has cannot have been left out.
const SKIPPED_MAX: usize = 600;
/// The sum of all steps.
const ALL: &str = "all";

#[cfg(test)]
mod tests {
    use super::*;

    /// A stretch in which one process had these answers.
    fn news(stretch: u32, step: &str, answers: &[(u64, u64)]) -> News {
        let latency_ns = answers.iter().map(|(us, times)| (us * 1_000, *times)).collect();
        let came = Came { latency_ns, failures: BTreeMap::from([("busy".to_owned(), 1)]) };
        News {
            stretch,
            seconds: 0.5,
            at_seconds: 0.5 * f64::from(stretch),
            bots: 10,
            cpu_seconds: 1.0,
            rss_bytes: Some(100),
            rss_peak_bytes: 200,
            steps: BTreeMap::from([(step.to_owned(), came)]),
            ..News::default()
        }
    }

    #[test]
    fn processes_add_up_to_one_run() {
        let mut merged = Merged::default();
        merged.add(0, news(1, "chat", &[(100, 99)]), None);
        merged.add(1, news(1, "chat", &[(10_000, 1)]), Some(7));
        merged.add(0, news(2, "enqueue", &[(50, 10)]), Some(8));
        merged.add(0, News { stretch: AFTER_THE_WINDOW, ..news(0, "chat", &[(70, 5)]) }, None);
        let standings = merged.standings(None);
        let [all, chat, enqueue] = &standings[..] else { panic!("{standings:?}") };
        assert_eq!([&all.name, &chat.name, &enqueue.name], ["all", "chat", "enqueue"]);
        assert_eq!((all.median.calls, chat.median.calls, enqueue.median.calls), (110, 100, 10));
        assert_eq!(chat.median.calls_per_second, 100.0, "a hundred in the one second of the window");
        assert_eq!(chat.series[0][0].calls_per_second, 200.0, "and all of them in its first half");
        assert!((chat.series[0][0].latency_us.unwrap().max - 10_000.0).abs() < 10.0);
        assert_eq!((chat.median.failures["busy"], all.median.failures["busy"]), (3, 4));
        assert_eq!(all.median.caller.unwrap().cpu_seconds, 2.0);
        let sample = &all.series[0][0];
        assert_eq!(
            (sample.bots, sample.caller_rss_bytes, sample.answerer_rss_bytes),
            (Some(20), Some(200), Some(7))
        );
        assert_eq!(merged.complete, 1);
    }

    #[test]
    fn a_process_that_is_late_is_still_there() {
        let mut merged = Merged::default();
        merged.add(0, news(1, "act", &[(100, 50)]), None);
        merged.add(0, news(2, "act", &[(100, 50)]), None);
        // The other was late: one stretch of twice the length.
        merged.add(1, News { seconds: 1.0, ..news(2, "act", &[(100, 100)]) }, None);
        let all = &merged.standings(None)[0];
        let told: Vec<_> =
            all.series[0].iter().map(|s| (s.bots, s.calls_per_second, s.caller_rss_bytes)).collect();
        assert_eq!(told, [(Some(20), 200.0, Some(200)), (Some(20), 200.0, Some(200))]);
        assert_eq!(all.median.calls, 200);
    }

    #[test]
    fn percentiles_are_of_all_answers_not_of_percentiles() {
        let mut merged = Merged::default();
        merged.add(0, news(1, "act", &[(100, 990)]), None);
        merged.add(1, news(1, "act", &[(100_000, 10)]), None);
        let latency = merged.standings(None)[0].median.latency_us.unwrap();
        assert!((latency.p99 - 100.0).abs() < 1.0 && latency.p99_9 > 99_000.0, "{latency:?}");
    }

    #[test]
    fn a_step_called_as_the_sum_is_not_mistaken_for_it() {
        let mut merged = Merged::default();
        merged.add(0, news(1, "all", &[(100, 3)]), None);
        let names: Vec<_> = merged
            .standings(None)
            .into_iter()
            .map(|standing| (standing.name, standing.median.calls))
            .collect();
        assert_eq!(names, [("all".to_owned(), 3), ("all (step)".to_owned(), 3)]);
    }
}
