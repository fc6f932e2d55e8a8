//! A run of a million in words for people. Numbers are the report's; nothing is worked out here but sums for a session.

use indicatif::HumanCount;

use super::report::{Memory, Quiet, Report, Step};

/// All of the report as lines.
pub(super) fn table(report: &Report) -> String {
    let mut lines = vec![format!(
        "{} sessions asked for, {} held at most; {} server and {} client processes; heartbeat {} s, dead after {} s; \
         logged in with a shared key",
        count(report.asked),
        count(report.highest_held()),
        report.pairs,
        report.pairs,
        report.heartbeat_seconds,
        report.silence_seconds,
    )];
    report.steps.iter().for_each(|step| step_lines(step, &mut lines));
    if let Some(memory) = &report.memory {
        memory_lines(memory, &mut lines);
    }
    if let Some(push) = &report.push {
        lines.push(format!(
            "push        reached {} of {} in {:.3} s, {} twice",
            count(push.reached),
            count(push.sent),
            push.seconds,
            count(push.again)
        ));
    }
    for (why, times) in &report.failures {
        lines.push(format!("failed      {}: {why}", count(*times)));
    }
    if let Some(stopped) = &report.stopped {
        lines.push(format!("stopped by  {}: {}", stopped.by.name(), stopped.arithmetic));
    }
    if !report.conditions.optimised {
        lines.push("This is a build without optimisation: its figures say nothing.".into());
    }
    lines.join("\n")
}

fn step_lines(step: &Step, lines: &mut Vec<String>) {
    let rate = step.connected as f64 / step.connect_seconds.max(f64::MIN_POSITIVE);
    lines.push(format!(
        "connecting  {} in {:.1} s, {} a second",
        count(step.connected),
        step.connect_seconds,
        count(rate as u64)
    ));
    let Some(quiet) = &step.quiet else { return };
    lines.push(format!(
        "holding     {} for {:.1} s, {} lost; CPUs at work: {}",
        count(step.held),
        quiet.seconds,
        count(step.lost),
        at_work(quiet)
    ));
    lines.push(format!(
        "heartbeats  {} a second; for every 1,000 a second: servers {:.4} CPUs{}",
        count(quiet.heartbeats_per_second as u64),
        quiet.servers_cpus_per_1000,
        quiet.machine_cpus_per_1000.map_or_else(String::new, |cpus| format!(", whole machine {cpus:.4}")),
    ));
}

fn at_work(quiet: &Quiet) -> String {
    let cpus = |seconds: f64| seconds / quiet.seconds;
    let ends = format!(
        "servers {:.3}, clients {:.3}",
        cpus(quiet.servers_cpu_seconds),
        cpus(quiet.clients_cpu_seconds)
    );
    ends + &quiet.machine_cpus.map_or_else(String::new, |cpus| format!(", whole machine {cpus:.3}"))
}

fn memory_lines(memory: &Memory, lines: &mut Vec<String>) {
    let mut row = |name: &str, all: u64| {
        lines.push(format!("  {name:<22} {:>10} {:>10}", bytes(all / memory.sessions.max(1)), bytes(all)));
    };
    row("servers, user", memory.servers);
    row("clients, user", memory.clients);
    row("kernel, both ends", memory.kernel);
    for (cache, all) in &memory.kernel_caches {
        row(&format!("  {cache}"), *all);
    }
    if let Some(machine) = memory.machine {
        row("all that is gone", machine);
    }
    let title = format!("memory      of a session and of all {}", count(memory.sessions));
    let at = lines.len() - memory.kernel_caches.len() - 3 - usize::from(memory.machine.is_some());
    lines.insert(at, title);
    lines.push(format!("  besides, the processes without sessions: {}", bytes(memory.empty_processes)));
}

/// `1,000,000`.
pub(super) fn count(number: u64) -> String {
    HumanCount(number).to_string()
}

/// `16.0 KiB`.
pub(super) fn bytes(bytes: u64) -> String {
    let scaled = |unit: u64| bytes as f64 / unit as f64;
    match bytes {
        0..KIB => format!("{bytes} B"),
        KIB..MIB => format!("{:.1} KiB", scaled(KIB)),
        MIB..GIB => format!("{:.1} MiB", scaled(MIB)),
        _ => format!("{:.1} GiB", scaled(GIB)),
    }
}

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;

#[cfg(test)]
mod tests {
    use super::super::report::tests::whole;
    use super::super::stopped::{Reason, Stopped};
    use super::*;

    #[test]
    fn a_whole_run_reads_so() {
        assert_eq!(
            table(&whole()),
            "60,000 sessions asked for, 60,000 held at most; 4 server and 4 client processes; heartbeat 60 s, dead after 150 s; logged in with a shared key
connecting  60,000 in 4.0 s, 15,000 a second
holding     60,000 for 10.0 s, 0 lost; CPUs at work: servers 0.010, clients 0.005, whole machine 0.050
heartbeats  1,000 a second; for every 1,000 a second: servers 0.0100 CPUs, whole machine 0.0500
memory      of a session and of all 60,000
  servers, user             2.0 KiB  117.2 MiB
  clients, user             4.0 KiB  234.4 MiB
  kernel, both ends        10.0 KiB  585.9 MiB
    TCP                     4.6 KiB  271.0 MiB
    filp                      384 B   22.0 MiB
  all that is gone         16.0 KiB  937.5 MiB
  besides, the processes without sessions: 40.0 MiB
push        reached 60,000 of 60,000 in 0.250 s, 0 twice
This is a build without optimisation: its figures say nothing."
        );
    }

    #[test]
    fn what_went_wrong_is_said() {
        let mut report = whole();
        report.failures.insert("no free local port".into(), 3);
        report.stopped = Some(Stopped { by: Reason::Ports, arithmetic: "3 of 60,000 are missing".into() });
        let said = table(&report);
        assert!(said.contains("failed      3: no free local port\nstopped by  ports: 3 of 60,000"), "{said}");
    }
}
