//! The workload of a report in a sentence, so that a pasted table explains itself.

use indicatif::HumanCount;

use super::{Report, Staging};
use crate::plan::{Counted, Direction, Pace};

/// What was done, how often, on how much of a machine.
pub(super) fn in_a_sentence(report: &Report) -> String {
    if let Some(Staging { processes, stages }) = &report.scenario {
        let ended = if report.interrupted { ", ended early" } else { "" };
        return format!(
            "{}: {} bots in {processes} processes, begun as {stages}; {} s{ended}, {} CPUs",
            report.workload, report.bots, report.window_seconds, report.cpus
        );
    }
    let done = report.contenders.iter().map(|standing| standing.rounds.len()).max().unwrap_or(0);
    let rounds = if report.interrupted {
        format!("interrupted after {done} of {} rounds", report.rounds)
    } else {
        format!("medians of {done} rounds")
    };
    let length = report.round_seconds().map(|seconds| format!(" of {seconds} s")).unwrap_or_default();
    let place = if report.separate_processes { "" } else { " (not in separate processes of ours)" };
    format!("{}: {}; {rounds}{length}, {} CPUs{place}", report.workload, what(report), report.cpus)
}

fn what(report: &Report) -> String {
    let (bots, bytes, in_flight) = (HumanCount(report.bots as u64), report.payload_bytes, report.in_flight);
    match (report.counted, report.direction) {
        (Counted::Calls, direction) => {
            let who = if direction == Direction::ToServer { "clients call" } else { "server calls" };
            let begun =
                report.stages.as_ref().map(|stages| format!(", begun as {stages}")).unwrap_or_default();
            format!("{who}, {bots} x {in_flight} in flight, {bytes} B, {}{begun}", pace(report.pace))
        }
        (Counted::Deliveries, _) => match report.pace {
            Pace::Open { calls_per_second } => {
                format!("server sends snapshots of {bytes} B to {bots} clients, {calls_per_second} a second")
            }
            Pace::Closed if in_flight == 1 => {
                format!("server pushes {bytes} B to {bots} clients, in lockstep")
            }
            Pace::Closed => {
                let ahead = HumanCount(in_flight as u64);
                format!("server pushes {bytes} B to {bots} clients, at most {ahead} rounds ahead")
            }
        },
        (Counted::Sessions, _) => format!("{bots} sessions, idle after one call"),
        (Counted::Logins, _) => format!("{bots} clients log in, {in_flight} at once"),
        (Counted::Returns, _) => format!("{bots} idle sessions lose their connections at once"),
    }
}

fn pace(pace: Pace) -> String {
    match pace {
        Pace::Closed => "closed loop".to_owned(),
        Pace::Open { calls_per_second } => format!("open loop at {}/s", HumanCount(calls_per_second)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::outcome;
    use super::*;
    use crate::plan::tests::inside;
    use crate::plan::{Plan, Workload};

    fn sentence(plan: &Plan) -> String {
        in_a_sentence(&Report::new(plan, &[("raw", vec![outcome(10, 10)])], false))
    }

    #[test]
    fn each_workload_says_what_it_did() {
        let told = [
            (
                Workload::C,
                "C: clients call, 64 x 16 in flight, 32 B, closed loop; medians of 1 rounds of 0.1 s",
            ),
            (Workload::D16, "D16: clients call, 64 x 8 in flight, 16384 B, closed loop; medians"),
            (Workload::E, "E: server calls, 64 x 16 in flight"),
            (Workload::F, "F: server pushes 64 B to 2,000 clients, at most 1,024 rounds ahead; medians"),
            (Workload::FL, "FL: server pushes 64 B to 2,000 clients, in lockstep; medians"),
            (Workload::G, "G: 2,000 sessions, idle after one call; medians of 1 rounds, "),
            (Workload::J, "J: 10,000 clients log in, 64 at once; medians of 1 rounds, "),
            (Workload::R, "R: 10,000 idle sessions lose their connections at once; medians of 1 rounds, "),
        ];
        for (workload, opening) in told {
            let sentence = sentence(&inside(workload));
            assert!(sentence.starts_with(opening), "{sentence}");
        }
    }

    #[test]
    fn snapshots_say_how_often() {
        let plan = Plan { pace: Pace::Open { calls_per_second: 20 }, ..inside(Workload::S) };
        let sentence = sentence(&plan);
        assert!(
            sentence.starts_with("S: server sends snapshots of 2048 B to 2,000 clients, 20 a second;"),
            "{sentence}"
        );
    }
}
