//! What a sweep came to: a report for each value that was measured, and reasons for those that were not. Plain values
//! and quotients of them; lays out nothing.

use serde::Serialize;

use super::sweep::{Measure, Sweep};
use crate::report::{Report, Standing};

/// One sweep, whole or as far as it came.
#[derive(Debug, Serialize)]
pub(super) struct Swept {
    #[serde(rename = "name", serialize_with = "name")]
    pub(super) sweep: &'static Sweep,
    pub(super) points: Vec<Measured>,
    /// Values that a limit of this system does not allow: no failure.
    pub(super) left_out: Vec<Unmeasured>,
    /// Values at which something went wrong. Rounds taken before it are among the points.
    pub(super) failed: Vec<Unmeasured>,
}

/// All contenders at one value.
#[derive(Debug, Serialize)]
pub(super) struct Measured {
    pub(super) at: usize,
    /// As of a run, without how each of its rounds went in time.
    pub(super) report: Report,
}

/// A value that was not measured, or not as often as it should have been.
#[derive(Debug, Serialize)]
pub(super) struct Unmeasured {
    pub(super) at: usize,
    pub(super) why: String,
}

impl Measured {
    /// Of a report at `at`; series and distributions would be most of its size, and are nothing of a sweep's.
    pub(super) fn new(at: usize, mut report: Report) -> Measured {
        for standing in &mut report.contenders {
            standing.series.clear();
            standing.distribution.clear();
        }
        Measured { at, report }
    }

    /// This contender's rounds, if it had any.
    pub(super) fn standing(&self, contender: &str) -> Option<&Standing> {
        self.report.contenders.iter().find(|standing| standing.name == contender)
    }

    /// One figure of this contender.
    pub(super) fn value(&self, contender: &str, measure: &Measure) -> Option<f64> {
        measure.of(&self.standing(contender)?.median)
    }

    /// The same divided by the baseline's; none for the baseline itself.
    pub(super) fn ratio(&self, contender: &str, measure: &Measure) -> Option<f64> {
        let ratio = self.report.ratios.iter().find(|ratio| ratio.contender == contender)?;
        let theirs = self.value(&ratio.baseline, measure).filter(|theirs| *theirs > 0.0)?;
        Some(self.value(contender, measure)? / theirs)
    }
}

impl Swept {
    /// Everyone who was measured anywhere, in the order of turns.
    pub(super) fn contenders(&self) -> Vec<&str> {
        let mut names = Vec::new();
        for standing in self.points.iter().flat_map(|point| &point.report.contenders) {
            if !names.contains(&standing.name.as_str()) {
                names.push(&standing.name);
            }
        }
        names
    }

    /// Whom the others are compared with, if anybody.
    pub(super) fn baseline(&self) -> Option<&str> {
        Some(&self.points.iter().flat_map(|point| &point.report.ratios).next()?.baseline)
    }

    /// Something was measured, nothing went wrong, and every round means something.
    pub(super) fn is_sound(&self) -> bool {
        !self.points.is_empty()
            && self.failed.is_empty()
            && self.points.iter().all(|point| point.report.is_sound())
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "what serde hands to such a function")]
fn name<S: serde::Serializer>(sweep: &&'static Sweep, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(sweep.name)
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::sweep::SWEEPS;
    use super::*;
    use crate::plan::Workload;
    use crate::plan::tests::inside;
    use crate::report::tests::outcome;

    /// Raw, and a contender at half its rate, at 1 and at 16 calls in flight.
    pub(in super::super) fn half_of_raw() -> Swept {
        let sweep = &SWEEPS[0];
        let point = |at: usize| {
            let plan = sweep.plan(&inside(Workload::A), at);
            let calls = at as u64 * 20_000;
            let taken = [("raw", vec![outcome(calls, 50)]), ("half", vec![outcome(calls / 2, 100)])];
            Measured::new(at, Report::new(&plan, &taken, false))
        };
        Swept { sweep, points: vec![point(1), point(16)], left_out: Vec::new(), failed: Vec::new() }
    }

    /// The same contender with nobody to be compared with.
    pub(in super::super) fn half_alone() -> Swept {
        let mut swept = half_of_raw();
        for point in &mut swept.points {
            point.report.contenders.remove(0);
            point.report.ratios.clear();
        }
        swept
    }

    #[test]
    fn ratios_are_to_raw_at_the_same_value() {
        let swept = half_of_raw();
        let [rate, _, p99] = &swept.sweep.measures;
        for point in &swept.points {
            assert_eq!((point.ratio("half", rate), point.ratio("raw", rate)), (Some(0.5), None));
            assert!((point.ratio("half", p99).unwrap() - 2.0).abs() < 0.01, "{point:?}");
        }
        assert_eq!((swept.contenders(), swept.baseline()), (vec!["raw", "half"], Some("raw")));
    }

    #[test]
    fn json_has_every_value_as_a_report() {
        let json = serde_json::to_value(half_of_raw()).unwrap();
        assert_eq!(json["name"], "in-flight");
        assert_eq!(json["points"][1]["at"], 16);
        let report: Report = serde_json::from_value(json["points"][1]["report"].clone()).unwrap();
        assert_eq!((report.in_flight, report.contenders[1].median.calls_per_second), (16, 160_000.0));
        assert!(report.contenders.iter().all(|standing| standing.series.is_empty()));
    }

    #[test]
    fn a_sweep_of_nothing_is_not_sound() {
        assert!(half_of_raw().is_sound());
        assert!(!Swept { points: Vec::new(), ..half_of_raw() }.is_sound());
    }

    #[test]
    fn a_limit_is_no_failure_and_trouble_is() {
        let one = || vec![Unmeasured { at: 64, why: "why".into() }];
        assert!(Swept { left_out: one(), ..half_of_raw() }.is_sound());
        assert!(!Swept { failed: one(), ..half_of_raw() }.is_sound());
    }
}
