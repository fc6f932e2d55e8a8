//! What a run of a million found, as numbers, and where they go. Lays nothing out and measures nothing.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use serde::Serialize;

use super::asked::Order;
use super::crew::Ends;
use super::stopped::Stopped;
use super::table::table;
use crate::failure::Trouble;
use crate::output;
use crate::report::Conditions;
use crate::usage::Usage;

/// All of it. Times in seconds, memory in bytes.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Report {
    pub(super) version: &'static str,
    pub(super) conditions: Conditions,
    /// Sessions asked for.
    pub(super) asked: u64,
    /// Sessions that logged in.
    pub(super) held: u64,
    /// Processes of servers, and as many of clients.
    pub(super) pairs: u64,
    pub(super) heartbeat_seconds: f64,
    pub(super) silence_seconds: f64,
    pub(super) steps: Vec<Step>,
    /// `None` where the system does not tell.
    pub(super) memory: Option<Memory>,
    /// `None` if it did not come to that.
    pub(super) push: Option<Pushed>,
    /// Why sessions did not log in.
    pub(super) failures: BTreeMap<String, u64>,
    /// Why there were not more, if not all were there.
    pub(super) stopped: Option<Stopped>,
}

/// One number of sessions, connected and held.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub(super) struct Step {
    /// Sessions that logged in for it.
    pub(super) connected: u64,
    pub(super) connect_seconds: f64,
    /// Sessions with a connection at its end, as the servers count them.
    pub(super) held: u64,
    /// Sessions that had lost it by then, those included that came back.
    pub(super) lost: u64,
    /// What holding them took; `None` if it did not come to that.
    pub(super) quiet: Option<Quiet>,
}

/// What it takes to hold sessions that do nothing.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(super) struct Quiet {
    pub(super) seconds: f64,
    /// As configured: sessions divided by the interval. Each is a ping and its answer.
    pub(super) heartbeats_per_second: f64,
    pub(super) servers_cpu_seconds: f64,
    pub(super) clients_cpu_seconds: f64,
    /// CPUs of the whole machine at work: what the kernel does for nobody in particular is in it, and whoever else runs.
    pub(super) machine_cpus: Option<f64>,
    /// CPUs at work in servers for every 1,000 heartbeats a second.
    pub(super) servers_cpus_per_1000: f64,
    /// The same of the whole machine.
    pub(super) machine_cpus_per_1000: Option<f64>,
}

/// What there was more in the end than before the first session.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Memory {
    /// By so many it is to be divided.
    pub(super) sessions: u64,
    /// User memory of servers.
    pub(super) servers: u64,
    /// User memory of clients.
    pub(super) clients: u64,
    /// Both ends' sockets, and what else the kernel has for them.
    pub(super) kernel: u64,
    /// Of it, the slab caches that have grown most.
    pub(super) kernel_caches: Vec<(String, u64)>,
    /// What the machine had less for programs: all of the above, and whatever others did.
    pub(super) machine: Option<u64>,
    /// User memory of all processes before the first session; it is in none of the above.
    pub(super) empty_processes: u64,
}

/// One push to everyone.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(super) struct Pushed {
    /// Sessions that it was sent to.
    pub(super) sent: u64,
    /// Sessions whose handler ran.
    pub(super) reached: u64,
    /// Times that a handler ran for a session that had had it.
    pub(super) again: u64,
    /// From before the servers were told until the last handler ran.
    pub(super) seconds: f64,
}

impl Report {
    /// Before anything has happened.
    pub(super) fn new(order: &Order, conditions: Conditions) -> Report {
        Report {
            version: env!("CARGO_PKG_VERSION"),
            conditions,
            asked: order.asked,
            held: 0,
            pairs: order.pairs,
            heartbeat_seconds: order.heartbeat.as_secs_f64(),
            silence_seconds: order.silence.as_secs_f64(),
            steps: Vec::new(),
            memory: None,
            push: None,
            failures: BTreeMap::new(),
            stopped: None,
        }
    }

    /// Time that connecting took, of all steps.
    pub(super) fn connect_seconds(&self) -> f64 {
        self.steps.iter().map(|step| step.connect_seconds).sum()
    }

    /// The highest number that was held without losing one.
    pub(super) fn highest_held(&self) -> u64 {
        let whole = self.steps.iter().filter(|step| step.quiet.is_some() && step.lost == 0);
        whole.map(|step| step.held).max().unwrap_or(0)
    }

    /// Everyone asked for was there, stayed there, and was reached once.
    fn is_whole(&self) -> bool {
        let reached = self.push.is_some_and(|push| push.reached == self.asked && push.again == 0);
        self.highest_held() == self.asked && reached && self.stopped.is_none()
    }
}

impl Step {
    /// Notes what it took to hold its sessions for `length`, from what was used before and after.
    pub(super) fn quiet(
        &mut self,
        length: Duration,
        heartbeat: Duration,
        before: Ends<Usage>,
        after: Ends<Usage>,
        machine_cpus: Option<f64>,
    ) {
        let seconds = length.as_secs_f64().max(f64::MIN_POSITIVE);
        let heartbeats_per_second = self.held as f64 / heartbeat.as_secs_f64();
        let per_1000 = |cpus: f64| if self.held > 0 { cpus / (heartbeats_per_second / 1_000.0) } else { 0.0 };
        let used = |before: Usage, after: Usage| after.cpu.saturating_sub(before.cpu).as_secs_f64();
        let servers_cpu_seconds = used(before.servers, after.servers);
        self.quiet = Some(Quiet {
            seconds,
            heartbeats_per_second,
            servers_cpu_seconds,
            clients_cpu_seconds: used(before.clients, after.clients),
            machine_cpus,
            servers_cpus_per_1000: per_1000(servers_cpu_seconds / seconds),
            machine_cpus_per_1000: machine_cpus.map(per_1000),
        });
    }
}

/// Says it to people, and writes it to whom it was promised.
pub(super) fn tell(report: &Report, json: Option<&Path>) -> Result<ExitCode, Trouble> {
    let text = || {
        serde_json::to_string_pretty(report)
            .map_err(|why| Trouble::System { doing: "writing the report".into(), why: why.into() })
    };
    let table = table(report);
    match json {
        Some(path) if path == Path::new("-") => {
            output::say(std::io::stderr(), &table);
            output::say(std::io::stdout(), &text()?);
        }
        Some(path) => {
            output::say(std::io::stdout(), &table);
            output::write(path, &(text()? + "\n"))?;
        }
        None => output::say(std::io::stdout(), &table),
    }
    Ok(if report.is_whole() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A run in which all went well.
    pub(in super::super) fn whole() -> Report {
        let mut step = Step { connected: 60_000, connect_seconds: 4.0, held: 60_000, ..Step::default() };
        let used = |ms| Usage { cpu: Duration::from_millis(ms), rss_peak_bytes: 0 };
        let at = |servers, clients| Ends { servers: used(servers), clients: used(clients) };
        let (length, heartbeat) = (Duration::from_secs(10), Duration::from_secs(60));
        step.quiet(length, heartbeat, at(500, 400), at(600, 450), Some(0.05));
        Report {
            version: "0.0.0",
            conditions: Conditions::default(),
            asked: 60_000,
            held: 60_000,
            pairs: 4,
            heartbeat_seconds: 60.0,
            silence_seconds: 150.0,
            steps: vec![step],
            memory: Some(Memory {
                sessions: 60_000,
                servers: 60_000 << 11,
                clients: 60_000 << 12,
                kernel: 60_000 * 10_240,
                kernel_caches: vec![("TCP".into(), 60_000 * 4_736), ("filp".into(), 60_000 * 384)],
                machine: Some(60_000 << 14),
                empty_processes: 40 << 20,
            }),
            push: Some(Pushed { sent: 60_000, reached: 60_000, again: 0, seconds: 0.25 }),
            failures: BTreeMap::new(),
            stopped: None,
        }
    }

    #[test]
    fn cpu_is_told_for_a_thousand_heartbeats_a_second() {
        let quiet = whole().steps[0].quiet.unwrap();
        assert_eq!(quiet.heartbeats_per_second, 1_000.0);
        assert!((quiet.servers_cpus_per_1000 - 0.01).abs() < 1e-9, "{quiet:?}");
        assert!((quiet.clients_cpu_seconds - 0.05).abs() < 1e-9, "{quiet:?}");
        assert_eq!(quiet.machine_cpus_per_1000, Some(0.05));
    }

    #[test]
    fn a_step_that_lost_one_does_not_count_as_held() {
        let mut report = whole();
        assert!(report.is_whole());
        let lossy = Step { held: 70_000, lost: 1, ..report.steps[0].clone() };
        report.steps.push(lossy);
        assert_eq!(report.highest_held(), 60_000);
    }

    #[test]
    fn one_who_was_not_reached_or_twice_is_a_failure() {
        for (reached, again) in [(59_999, 0), (60_000, 1)] {
            let mut report = whole();
            report.push = report.push.map(|push| Pushed { reached, again, ..push });
            assert!(!report.is_whole());
        }
        assert!(!Report { push: None, ..whole() }.is_whole());
    }
}
