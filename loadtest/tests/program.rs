//! The program as a user runs it: its report, and what it does when things go wrong. Loopback, short rounds.
#![expect(clippy::unwrap_used, clippy::panic, reason = "what helps a test fails as a test does")]

mod started;

use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, TcpListener};
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use started::Started;

const PROGRAM: &str = env!("CARGO_BIN_EXE_farcall-load");

/// Runs it to its end with the report on stdout.
fn run(arguments: &[&str]) -> Output {
    Command::new(PROGRAM).args(arguments).args(["--json", "-"]).output().unwrap()
}

/// The JSON that it printed.
fn report(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|why| panic!("{why}: {output:?}"))
}

/// A file that is gone when the test is over.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Scratch {
        Scratch(std::env::temp_dir().join(format!("farcall-load-{}-{name}", std::process::id())))
    }

    fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }

    fn text(&self) -> String {
        std::fs::read_to_string(&self.0).unwrap()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// A running server and its address.
fn server() -> (Started, String) {
    let mut serve = Command::new(PROGRAM);
    serve.args(["serve", "--contender", "raw"]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = Started::new(&mut serve);
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    (child, line.trim().to_owned())
}

/// Whether `done` comes true within a minute: far more than it takes, unless others have the machine.
fn soon(mut done: impl FnMut() -> bool) -> bool {
    let deadline = Instant::now() + Duration::from_secs(60);
    while Instant::now() < deadline {
        if done() {
            return true;
        }
        // Another process moves on; there is nothing of it to await.
        std::thread::park_timeout(Duration::from_millis(5));
    }
    false
}

/// Started in the background, reporting to stdout.
fn start(arguments: &[&str]) -> Started {
    let mut command = Command::new(PROGRAM);
    command.args(arguments).args(["--json", "-"]).stdout(Stdio::piped()).stderr(Stdio::null());
    Started::new(&mut command)
}

/// The first child of process `pid`, once it has one. Any of its threads may have started it.
#[cfg(target_os = "linux")]
fn child_of(pid: u32) -> u32 {
    let mut found = None;
    let has_child = || {
        let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
        let lists = tasks.filter_map(|task| std::fs::read_to_string(task.path().join("children")).ok());
        found = lists.filter_map(|list| list.split_whitespace().next()?.parse().ok()).next();
        found.is_some()
    };
    assert!(soon(has_child), "process {pid} started no other");
    found.unwrap()
}

/// Waits until process `pid` has answered for longer than a warm-up lasts: half a second, on all CPUs.
#[cfg(target_os = "linux")]
fn has_worked(pid: u32) {
    let cpus = std::thread::available_parallelism().unwrap().get() as u64;
    let ticks = || {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
        let after_name = stat.rsplit(") ").next().unwrap();
        after_name.split(' ').skip(11).take(2).map(|ticks| ticks.parse::<u64>().unwrap()).sum::<u64>()
    };
    assert!(soon(|| ticks() > cpus * 55), "process {pid} is not called");
}

#[test]
fn every_workload_reports_calls_and_the_cost_of_both_ends() {
    for workload in ["a", "b", "c", "d", "d16", "e"] {
        let output = run(&["--workload", workload, "--seconds", "0.2", "--rounds", "2"]);
        assert!(output.status.success(), "{output:?}");
        let report = report(&output);
        let raw = &report["contenders"][0];
        assert_eq!(raw["rounds"].as_array().unwrap().len(), 2);
        assert!(raw["median"]["calls"].as_u64().unwrap() > 0, "{workload}: {raw}");
        assert_eq!(raw["median"]["failures"], serde_json::json!({}), "{workload}");
        assert!(raw["median"]["answerer"]["rss_peak_bytes"].as_u64().unwrap() > 0, "{workload}");
        let (series, curve) = (&raw["series"][1], raw["distribution"].as_array().unwrap());
        assert!(series[0]["calls_per_second"].as_f64().unwrap() > 0.0, "{workload}: {series}");
        assert!(series[0]["answerer_rss_bytes"].as_u64().unwrap() > 0, "{workload}: {series}");
        assert!(curve.len() > 10 && curve[0]["us"].as_f64().unwrap() > 0.0, "{workload}: {curve:?}");
        assert!(String::from_utf8_lossy(&output.stderr).contains("calls/s"), "the table went missing");
    }
}

#[test]
fn the_page_shows_everyone_and_the_command_it_came_from() {
    let file = Scratch::new("page.html");
    let output = run(&["--workload", "b", "--seconds", "0.3", "--rounds", "1", "--html", file.path()]);
    assert!(output.status.success(), "{output:?}");
    let page = file.text();
    for part in [
        "Latency: raw",
        "Latency: farcall",
        "Throughput",
        "farcall/raw",
        "--workload b",
        "handlers_running_max",
    ] {
        assert!(page.contains(part), "{part} is missing in {page}");
    }
}

#[test]
fn a_report_can_be_judged_and_compared_afterwards() {
    let (report, bounds) = (Scratch::new("judged.json"), Scratch::new("bounds.toml"));
    let once = ["--workload", "b", "--seconds", "0.2", "--rounds", "1", "--json", report.path()];
    let load = |more: &[&str]| Command::new(PROGRAM).args(more).output().unwrap();
    let check = || load(&["check", report.path(), "--thresholds", bounds.path()]);

    std::fs::write(&bounds.0, "[raw]\ncalls_per_second_min = 1\nerrors_max = 0\n").unwrap();
    let kept = load(&[&once[..], &["--thresholds", bounds.path()]].concat());
    assert_eq!(kept.status.code(), Some(0), "{kept:?}");
    assert!(String::from_utf8_lossy(&kept.stdout).contains("kept   raw errors_max = 0: 0"), "{kept:?}");
    assert_eq!(check().status.code(), Some(0));

    std::fs::write(
        &bounds.0,
        "[farcall]\nratio_to.raw.calls_per_second_min = 1000\n[absent]\nerrors_max = 0",
    )
    .unwrap();
    let broken = check();
    assert_eq!(broken.status.code(), Some(3), "{broken:?}");
    let said = String::from_utf8_lossy(&broken.stdout);
    assert!(said.contains("broken farcall ratio_to.raw.calls_per_second_min = 1000: 0."), "{said}");
    assert!(said.contains("broken absent errors_max = 0: not in the report"), "{said}");
    let gated = load(&[&once[..], &["--thresholds", bounds.path()]].concat());
    assert_eq!(gated.status.code(), Some(3), "{gated:?}");

    let same = load(&["compare", report.path(), report.path()]);
    assert_eq!(same.status.code(), Some(0), "{same:?}");
    let said = String::from_utf8_lossy(&same.stdout);
    assert!(said.contains("calls/s") && said.contains("0.0 %") && !said.contains("Not alike"), "{said}");
}

#[test]
fn thresholds_that_are_none_are_named_before_anything_runs() {
    let bounds = Scratch::new("wrong.toml");
    std::fs::write(&bounds.0, "[raw]\nspeed_min = 1\n").unwrap();
    let output =
        Command::new(PROGRAM).args(["--seconds", "60", "--thresholds", bounds.path()]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() == Some(1) && said.contains("[raw] speed_min is unknown"), "{said}");
    let output = Command::new(PROGRAM).args(["compare", bounds.path(), bounds.path()]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() == Some(1) && said.contains("is no report of this tool"), "{said}");
}

#[test]
fn an_open_loop_keeps_its_rate() {
    let output =
        run(&["--workload", "c", "--bots", "8", "--rate", "1000", "--seconds", "0.5", "--rounds", "1"]);
    let report = report(&output);
    let rate = report["contenders"][0]["median"]["calls_per_second"].as_f64().unwrap();
    assert!((800.0..=1_050.0).contains(&rate), "{rate}");
}

#[test]
fn one_process_can_be_both_ends() {
    for workload in ["b", "e"] {
        let once = ["--workload", workload, "--seconds", "0.2", "--rounds", "1"];
        let output = run(&[&once[..], &["--separate-processes", "false"]].concat());
        assert!(output.status.success(), "{output:?}");
        assert!(report(&output)["contenders"][0]["median"]["answerer"].is_null());
    }
}

#[test]
fn a_server_ends_when_its_stdin_closes() {
    let (mut server, _) = server();
    drop(server.stdin.take());
    assert!(soon(|| server.try_wait().unwrap().is_some()));
}

#[cfg(target_os = "linux")]
#[test]
fn a_server_ends_when_its_parent_is_killed() {
    let mut parent = start(&["--seconds", "60"]);
    let child = child_of(parent.id());
    parent.kill().unwrap();
    parent.wait().unwrap();
    // Orphaned, it is reaped by whoever adopts it, or stays a zombie where nobody does.
    let gone =
        || std::fs::read_to_string(format!("/proc/{child}/stat")).map_or(true, |stat| stat.contains(") Z "));
    assert!(soon(gone));
}

#[cfg(target_os = "linux")]
#[test]
fn a_server_that_vanishes_is_an_error_by_kind() {
    let (mut server, address) = server();
    let mut load = start(&["--addr", &address, "--seconds", "30", "--rounds", "1"]);
    has_worked(server.id());
    server.kill().unwrap();
    server.wait().unwrap();
    assert!(soon(|| load.try_wait().unwrap().is_some()));
    let (_, report) = load.report();
    let median = &report["contenders"][0]["median"];
    assert!(median["calls"].as_u64().unwrap() > 0);
    assert_eq!(median["failures"], serde_json::json!({ "connection lost": 64 * 16 }));
}

#[test]
fn a_server_that_refuses_is_an_error_by_kind() {
    let closed = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().to_string();
    let output = run(&["--addr", &closed, "--bots", "3", "--seconds", "0.2", "--rounds", "1"]);
    assert_eq!(output.status.code(), Some(1));
    let failures = &report(&output)["contenders"][0]["median"]["failures"];
    assert_eq!(failures, &serde_json::json!({ "connection refused": 3 }));
}

#[test]
fn a_server_that_never_answers_is_an_error_by_kind() {
    // Connections wait in its backlog for ever.
    let silent = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = silent.local_addr().unwrap().to_string();
    let output = run(&["--workload", "b", "--addr", &address, "--seconds", "0.1", "--rounds", "1"]);
    let failures = &report(&output)["contenders"][0]["median"]["failures"];
    assert_eq!(failures, &serde_json::json!({ "no reply": 256 }));
}

#[cfg(target_os = "linux")]
#[test]
fn an_interrupt_still_prints_the_report() {
    let mut load = start(&["--seconds", "60", "--rounds", "2"]);
    has_worked(child_of(load.id()));
    load.interrupt();
    let (_, report) = load.report();
    assert_eq!(report["interrupted"], true);
    assert!(report["contenders"][0]["median"]["calls"].as_u64().unwrap() > 0);
    assert_eq!(report["contenders"][0]["median"]["failures"], serde_json::json!({}));
}

#[cfg(target_os = "linux")]
#[test]
fn too_few_descriptors_are_told_before_anything_starts() {
    let limited = format!("ulimit -Sn 100; exec {PROGRAM} --bots 200");
    let output = Command::new("sh").args(["-c", &limited]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && said.contains("run `ulimit -n 264` first"), "{said}");
}
