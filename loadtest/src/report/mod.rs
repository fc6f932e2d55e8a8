//! What a run came to, as plain values: figures per round, medians, ratios. Measures nothing, lays out nothing.

mod compare;
mod conditions;
mod distribution;
pub(crate) mod figure;
mod figures;
pub(crate) mod html;
mod ratio;
mod table;
mod thresholds;
mod title;
mod words;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use self::compare::{comparison, comparison_page};
pub use self::conditions::Conditions;
pub use self::distribution::Point;
pub use self::figures::{Cost, Figures, Latency};
pub use self::html::page;
pub use self::ratio::Ratio;
pub use self::table::table;
pub use self::thresholds::{Thresholds, Verdict};
use crate::plan::{Counted, Direction, Pace, Plan};
use crate::round::Outcome;
use crate::series::Sample;

/// One run, whole or interrupted.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Report {
    /// Version of this tool.
    pub version: String,
    /// The workload's letter, or the scenario's name.
    pub workload: String,
    /// Who called.
    pub direction: Direction,
    /// What `calls` are in this workload.
    #[serde(default)]
    pub counted: Counted,
    /// Connections.
    pub bots: usize,
    /// Calls in flight per connection, at most.
    pub in_flight: usize,
    /// Bytes of each call and of each reply.
    pub payload_bytes: usize,
    /// Closed or open loop.
    pub pace: Pace,
    /// How the clients came in, if they did so while it was measured; as after `--stages`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stages: Option<String>,
    /// Intended length of each round, where they have one: see [`Report::round_seconds`].
    pub window_seconds: f64,
    /// Intended rounds per contender.
    pub rounds: usize,
    /// The answering end had a process of its own, started by us.
    pub separate_processes: bool,
    /// CPUs that this process could use.
    pub cpus: usize,
    /// The user ended it early, or trouble did.
    pub interrupted: bool,
    /// How the bots came in, where they played a scenario.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scenario: Option<Staging>,
    /// What stood around it.
    #[serde(default)]
    pub conditions: Conditions,
    /// In the order in which they took turns; of a scenario, the sum of its steps and then each step.
    pub contenders: Vec<Standing>,
    /// Of each other contender to the raw echo.
    pub ratios: Vec<Ratio>,
    /// Contenders that do not offer what the workload asks for, and what that is.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub left_out: BTreeMap<String, String>,
    /// Of each threshold that it was judged by.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub thresholds: Vec<Verdict>,
}

/// How the bots of a scenario came in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Staging {
    /// Processes that shared the bots.
    pub processes: u64,
    /// As after `--stages`: `100x10s` is 100 bots within ten seconds.
    pub stages: String,
}

/// One contender's rounds, or one step of a scenario.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Standing {
    /// The contender.
    pub name: String,
    /// Medians over its rounds, each figure by itself; failures are added up.
    pub median: Figures,
    /// In order.
    pub rounds: Vec<Figures>,
    /// Each round's window as it went, in order.
    #[serde(default)]
    pub series: Vec<Vec<Sample>>,
    /// The latencies of all rounds together.
    #[serde(default)]
    pub distribution: Vec<Point>,
}

impl Report {
    /// Sums up `outcomes`, given per contender in the order in which they took turns.
    pub fn new<N: AsRef<str>>(plan: &Plan, outcomes: &[(N, Vec<Outcome>)], interrupted: bool) -> Report {
        let standings = outcomes.iter().filter(|(_, rounds)| !rounds.is_empty());
        let contenders: Vec<Standing> =
            standings.map(|(name, outcomes)| Standing::of(name.as_ref().to_owned(), outcomes)).collect();
        Report {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            workload: format!("{:?}", plan.workload),
            direction: plan.workload.direction(),
            counted: plan.workload.counted(),
            bots: plan.bots,
            in_flight: plan.in_flight,
            payload_bytes: plan.payload_bytes,
            pace: plan.pace,
            stages: plan.stages.as_ref().map(ToString::to_string),
            window_seconds: plan.window.as_secs_f64(),
            rounds: plan.rounds,
            separate_processes: matches!(plan.other_end, crate::plan::OtherEnd::Child { .. }),
            cpus: std::thread::available_parallelism().map_or(1, usize::from),
            interrupted,
            scenario: None,
            conditions: Conditions::default(),
            ratios: ratio::ratios(plan.workload, &contenders),
            contenders,
            left_out: BTreeMap::new(),
            thresholds: Vec::new(),
        }
    }

    /// How long each round was to be; `None` where rounds last as long as their work does.
    pub fn round_seconds(&self) -> Option<f64> {
        match self.counted {
            Counted::Calls | Counted::Deliveries => Some(self.window_seconds),
            Counted::Sessions | Counted::Logins | Counted::Returns => None,
        }
    }

    /// Failures of all rounds by kind, per contender that had any.
    pub fn failures(&self) -> impl Iterator<Item = (&str, &BTreeMap<String, u64>)> {
        let all = self.contenders.iter().map(|standing| (standing.name.as_str(), &standing.median.failures));
        all.filter(|(_, failures)| !failures.is_empty())
    }

    /// Every contender had a round, and every round had answers: the figures mean something. Single calls may fail, and
    /// are told; a client that is closed, missed a push or did not come back spoils the round.
    pub fn is_sound(&self) -> bool {
        let sound = |round: &Figures| {
            round.calls > 0 && (self.counted == Counted::Calls || round.failures.is_empty())
        };
        !self.contenders.is_empty()
            && self.contenders.iter().all(|standing| standing.rounds.iter().all(sound))
    }
}

impl Standing {
    /// What these rounds come to.
    pub(crate) fn of(name: String, outcomes: &[Outcome]) -> Standing {
        let rounds: Vec<Figures> = outcomes.iter().map(Figures::of).collect();
        Standing {
            name,
            median: Figures::median(&rounds),
            rounds,
            series: outcomes.iter().map(|outcome| outcome.series.clone()).collect(),
            distribution: distribution::distribution(outcomes.iter().map(|o| &o.counts.latency_ns)),
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::time::Duration;

    use super::*;
    use crate::failure::Failure;
    use crate::plan::Workload;
    use crate::plan::tests::inside;
    use crate::round::Used;
    use crate::tally::Counts;

    /// A second in which `calls` calls took `us` each.
    pub(crate) fn outcome(calls: u64, us: u64) -> Outcome {
        let mut counts = Counts::new().unwrap();
        counts.latency_ns.record_n(us * 1_000, calls).unwrap();
        counts.answered_in_window = calls;
        counts.fail(Failure::Call("busy"), 2);
        let used = Used { cpu: Duration::from_millis(calls / 100), rss_peak_bytes: 8 << 20 };
        Outcome {
            counts,
            window: Duration::from_secs(1),
            caller: Some(used),
            answerer: Some(used),
            session_bytes: None,
            series: vec![],
        }
    }

    /// Raw and a contender at half its rate, three rounds each.
    pub(super) fn half_of_raw() -> Report {
        let raw = [100_000, 400_000, 200_000].map(|calls| outcome(calls, 50)).into();
        let half = [50_000, 100_000, 200_000].map(|calls| outcome(calls, 100)).into();
        Report::new(&inside(Workload::C), &[("raw", raw), ("half", half)], false)
    }

    #[test]
    fn ratios_are_of_medians() {
        let report = half_of_raw();
        let [ratio] = &report.ratios[..] else { panic!("{:?}", report.ratios) };
        assert_eq!((ratio.contender.as_str(), ratio.rate), ("half", Some(0.5)));
        assert!((ratio.p99.unwrap() - 2.0).abs() < 0.01, "{ratio:?}");
        assert!((ratio.cpu_per_call.unwrap() - 1.0).abs() < 0.01, "{ratio:?}");
        assert!(report.is_sound());
    }

    #[test]
    fn without_raw_there_are_no_ratios() {
        let report = Report::new(&inside(Workload::A), &[("half", vec![outcome(10, 10)])], false);
        assert!(report.ratios.is_empty());
    }

    #[test]
    fn a_round_without_answers_is_not_sound() {
        let report = Report::new(&inside(Workload::A), &[("raw", vec![outcome(0, 1)])], false);
        assert!(!report.is_sound());
        assert_eq!(report.contenders[0].median.latency_us, None);
    }

    #[test]
    fn one_client_that_missed_a_push_spoils_the_round() {
        let report = |workload| Report::new(&inside(workload), &[("raw", vec![outcome(10, 10)])], false);
        assert!(report(Workload::C).is_sound(), "a single call may fail, and is told");
        assert!(!report(Workload::F).is_sound());
    }

    #[test]
    fn stalls_are_compared_with_the_run_without() {
        let outcomes = [("farcall", vec![outcome(10, 10)]), ("farcall, 20 stalled", vec![outcome(10, 20)])];
        let report = Report::new(&inside(Workload::S), &outcomes, false);
        let [ratio] = &report.ratios[..] else { panic!("{:?}", report.ratios) };
        assert_eq!((ratio.contender.as_str(), ratio.baseline.as_str()), ("farcall, 20 stalled", "farcall"));
        assert!((ratio.p99.unwrap() - 2.0).abs() < 0.01, "{ratio:?}");
    }

    #[test]
    fn what_was_written_can_be_read_again() {
        let written = serde_json::to_value(half_of_raw()).unwrap();
        let read: Report = serde_json::from_value(written.clone()).unwrap();
        assert_eq!(serde_json::to_value(read).unwrap(), written);
    }

    #[test]
    fn json_has_the_figures_of_the_table() {
        let json = serde_json::to_value(half_of_raw()).unwrap();
        assert_eq!(json["workload"], "C");
        assert_eq!(json["contenders"][0]["median"]["calls_per_second"], 200_000.0);
        assert_eq!(json["contenders"][1]["median"]["failures"]["busy"], 6);
        assert_eq!(json["ratios"][0]["rate"], 0.5);
    }
}
