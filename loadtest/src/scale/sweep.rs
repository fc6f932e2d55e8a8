//! The sweeps: which one number of a workload grows, through which values, and which figures tell what that costs. Pure
//! values; measures nothing and lays out nothing.

use crate::plan::{Plan, Workload};
use crate::report::Figures;
use crate::report::figure;
use crate::report::html::unit::Unit;

/// One number that grows while all others of its workload stay.
#[derive(Debug)]
pub(super) struct Sweep {
    /// In file names, after `--only` and in JSON.
    pub(super) name: &'static str,
    /// What the table and the picture are about.
    pub(super) title: &'static str,
    /// What grows, as the title of its axis.
    pub(super) axis: &'static str,
    pub(super) unit: Unit,
    workload: Workload,
    pub(super) by: By,
    /// Its values, ascending.
    points: &'static [usize],
    /// The same for a look that it works.
    quick_points: &'static [usize],
    /// Sets it.
    set: fn(&mut Plan, usize),
    /// What is shown of each value. The first is what the sweep is about.
    pub(super) measures: [Measure; 3],
}

/// Who measures each value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum By {
    /// All contenders in turn, each with one process for its server and one for its clients.
    Contenders,
    /// Farcall alone, over pairs of processes as in `million`. Others have no such processes: they could be measured only at
    /// values that one process can hold, and by another way of logging in, which would be no comparison.
    Pairs,
}

/// One figure of each point: two columns of the table, a plot of the picture.
#[derive(Debug)]
pub(super) struct Measure {
    /// In the report's list of figures.
    key: &'static str,
    /// In a heading.
    pub(super) title: &'static str,
    /// What its axis counts.
    pub(super) note: &'static str,
    pub(super) unit: Unit,
}

impl Sweep {
    /// The values that it goes through.
    pub(super) fn points(&self, quick: bool) -> &'static [usize] {
        if quick { self.quick_points } else { self.points }
    }

    /// What is done at each value, by the name that the tool has for it.
    pub(super) fn shape(&self) -> String {
        match self.by {
            By::Contenders => format!("{:?}", self.workload),
            By::Pairs => "million".into(),
        }
    }

    /// `base`, which is of any workload, as this sweep's at `point`.
    pub(super) fn plan(&self, base: &Plan, point: usize) -> Plan {
        let workload = self.workload;
        let mut plan = Plan {
            workload,
            bots: workload.bots(),
            in_flight: workload.in_flight(),
            payload_bytes: workload.payload_bytes(),
            ..base.clone()
        };
        (self.set)(&mut plan, point);
        plan
    }
}

impl Measure {
    /// Of these figures, where they have it.
    pub(super) fn of(&self, figures: &Figures) -> Option<f64> {
        (figure::named(self.key)?.of)(figures)
    }

    /// As tables show it.
    pub(super) fn text(&self, value: f64) -> String {
        figure::named(self.key).map_or_else(String::new, |figure| (figure.text)(value))
    }
}

/// All of them, in the order in which they are measured.
pub(super) static SWEEPS: [Sweep; 4] = [IN_FLIGHT, PAYLOAD, MEMBERS, SESSIONS];

const IN_FLIGHT: Sweep = Sweep {
    name: "in-flight",
    title: "Calls of 32 bytes on one connection",
    axis: "calls in flight",
    unit: Unit::Count,
    workload: Workload::B,
    by: By::Contenders,
    points: &[1, 4, 16, 64, 256, 1_024, 4_096],
    quick_points: &[1, 16, 256],
    set: |plan, calls| plan.in_flight = calls,
    measures: [CALLS, CPU_OF_CALLS, LATENCY],
};

const PAYLOAD: Sweep = Sweep {
    name: "payload",
    title: "Calls on 64 connections, 8 in flight on each",
    axis: "size of each call and each reply, bytes",
    unit: Unit::Bytes,
    workload: Workload::D,
    by: By::Contenders,
    points: &[16, 64, 256, 1 << 10, 4 << 10, 16 << 10, 64 << 10],
    quick_points: &[16, 1 << 10, 64 << 10],
    set: |plan, bytes| plan.payload_bytes = bytes,
    measures: [CALLS, CPU_OF_CALLS, LATENCY],
};

const MEMBERS: Sweep = Sweep {
    name: "members",
    title: "Pushes of 64 bytes to a group, in lockstep",
    axis: "members of the group",
    unit: Unit::Count,
    workload: Workload::FL,
    by: By::Contenders,
    points: &[10, 100, 1_000, 10_000],
    quick_points: &[10, 100],
    set: |plan, members| plan.bots = members,
    measures: [
        Measure {
            key: "calls_per_second",
            title: "deliveries/s",
            note: "deliveries per second, to all members together",
            unit: Unit::PerSecond,
        },
        Measure { note: "seconds per million deliveries, both ends", ..CPU_OF_CALLS },
        Measure { title: "round p99", note: "99 of 100 rounds reached all members within", ..LATENCY },
    ],
};

const SESSIONS: Sweep = Sweep {
    name: "sessions",
    title: "Idle sessions, logged in with a shared key",
    axis: "idle sessions",
    unit: Unit::Count,
    workload: Workload::G,
    by: By::Pairs,
    points: &[1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000],
    quick_points: &[200, 400],
    set: |plan, sessions| (plan.bots, plan.payload_bytes) = (sessions, 0),
    measures: [
        Measure {
            key: "session_bytes",
            title: "memory/session",
            note: "bytes of the servers' processes per session",
            unit: Unit::Bytes,
        },
        Measure { note: "seconds per million sessions, both ends", ..CPU_OF_CALLS },
        Measure { title: "login p99", note: "99 of 100 had logged in within", ..LATENCY },
    ],
};

const CALLS: Measure = Measure {
    key: "calls_per_second",
    title: "calls/s",
    note: "calls per second, on all connections together",
    unit: Unit::PerSecond,
};

const CPU_OF_CALLS: Measure = Measure {
    key: "cpu_seconds_per_million",
    title: "CPU s/million",
    note: "seconds per million calls, both ends",
    unit: Unit::Seconds,
};

const LATENCY: Measure = Measure {
    key: "p99_us",
    title: "p99",
    note: "99 of 100 calls were answered within",
    unit: Unit::Microseconds,
};

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::plan::OtherEnd;
    use crate::plan::tests::inside;

    #[test]
    fn every_point_is_a_sound_plan_and_no_two_are_alike() {
        let base = Plan { other_end: OtherEnd::Child { program: PathBuf::new() }, ..inside(Workload::C) };
        for sweep in &SWEEPS {
            for quick in [true, false] {
                let points = sweep.points(quick);
                assert!(points.is_sorted_by(|one, next| one < next), "{sweep:?}");
                let plans: Vec<Plan> = points.iter().map(|point| sweep.plan(&base, *point)).collect();
                assert!(plans.iter().all(|plan| plan.check().is_ok()), "{plans:?}");
                let numbers = |plan: &Plan| (plan.bots, plan.in_flight, plan.payload_bytes);
                assert!(plans.windows(2).all(|pair| numbers(&pair[0]) != numbers(&pair[1])), "{plans:?}");
            }
        }
    }

    #[test]
    fn every_measure_is_a_figure_of_reports() {
        for measure in SWEEPS.iter().flat_map(|sweep| &sweep.measures) {
            assert!(figure::named(measure.key).is_some(), "{measure:?}");
        }
    }

    #[test]
    fn what_is_promised_is_swept() {
        let ends = SWEEPS
            .each_ref()
            .map(|sweep| (sweep.name, sweep.points[0], sweep.points[sweep.points.len() - 1]));
        let wanted = [
            ("in-flight", 1, 4_096),
            ("payload", 16, 65_536),
            ("members", 10, 10_000),
            ("sessions", 1_000, 100_000),
        ];
        assert_eq!(ends, wanted);
    }
}
