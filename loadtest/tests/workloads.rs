//! The workloads beside calls, as a user runs them, with small numbers: pushes, snapshots, logins, returns, idle memory.
#![expect(clippy::unwrap_used, clippy::panic, reason = "what helps a test fails as a test does")]

mod started;

use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use started::Started;

const PROGRAM: &str = env!("CARGO_BIN_EXE_farcall-load");

/// Runs one round to its end with the report on stdout.
fn run(arguments: &[&str]) -> Output {
    Command::new(PROGRAM).args(arguments).args(["--rounds", "1", "--json", "-"]).output().unwrap()
}

/// The JSON of a run that went well.
fn report(arguments: &[&str]) -> Value {
    let output = run(arguments);
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).unwrap_or_else(|why| panic!("{why}: {output:?}"))
}

/// The names of those who took part, and each one's medians.
fn standings(report: &Value) -> Vec<(&str, &Value)> {
    let standings = report["contenders"].as_array().unwrap();
    standings.iter().map(|one| (one["name"].as_str().unwrap(), &one["median"])).collect()
}

/// Started in the background, reporting to stdout.
fn start(arguments: &[&str]) -> Started {
    let mut command = Command::new(PROGRAM);
    command.args(arguments).args(["--rounds", "1", "--json", "-"]);
    Started::new(command.stdout(Stdio::piped()).stderr(Stdio::null()))
}

/// Its child, once that has used a tenth of a second of a CPU: far more than it takes to join.
#[cfg(target_os = "linux")]
fn child_at_work(pid: u32) -> u32 {
    let deadline = Instant::now() + Duration::from_secs(60);
    while Instant::now() < deadline {
        let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
        let lists = tasks.filter_map(|task| std::fs::read_to_string(task.path().join("children")).ok());
        let child: Option<u32> = lists.filter_map(|list| list.split_whitespace().next()?.parse().ok()).next();
        let ticks = |child| {
            let stat = std::fs::read_to_string(format!("/proc/{child}/stat")).ok()?;
            let fields = stat.rsplit(") ").next()?.split(' ').skip(11).take(2);
            Some(fields.filter_map(|ticks| ticks.parse::<u64>().ok()).sum::<u64>())
        };
        if let Some(child) = child.filter(|child| ticks(*child) > Some(10)) {
            return child;
        }
        // Another process moves on; there is nothing of it to await.
        std::thread::park_timeout(Duration::from_millis(5));
    }
    panic!("process {pid} has no child at work")
}

#[test]
fn pushes_are_counted_where_they_arrive() {
    for (workload, is_timed) in [("f", false), ("fl", true)] {
        let report = report(&["--workload", workload, "--bots", "20", "--seconds", "0.3"]);
        assert_eq!((&report["direction"], &report["counted"]), (&json!("push"), &json!("deliveries")));
        for (name, median) in standings(&report) {
            // Each round is 20 deliveries.
            assert!(median["calls"].as_u64().unwrap() > 20 * 10, "{workload} {name}: {median}");
            assert_eq!(median["latency_us"].is_object(), is_timed, "{workload} {name}");
            assert_eq!(median["failures"], json!({}), "{workload} {name}");
            assert!(median["answerer"]["cpu_seconds_per_million"].is_number(), "{workload} {name}");
        }
    }
}

#[test]
fn one_process_can_push_to_itself() {
    let inside = ["--workload", "fl", "--bots", "5", "--seconds", "0.2", "--separate-processes", "false"];
    assert_eq!(standings(&report(&inside)).len(), 3);
}

#[cfg(target_os = "linux")]
#[test]
fn clients_that_vanish_fail_the_round() {
    for contender in ["raw", "farcall", "farcall-cores"] {
        let mut load =
            start(&["--workload", "f", "--bots", "5", "--seconds", "60", "--contender", contender]);
        let child = child_at_work(load.id());
        assert!(Command::new("kill").args(["-KILL", &child.to_string()]).status().unwrap().success());
        let (code, report) = load.report();
        let [(_, median)] = standings(&report)[..] else { panic!("{report}") };
        let failures = median["failures"].as_object().unwrap();
        assert_eq!((code, failures.len()), (Some(1), 1), "{contender}: {failures:?}");
        assert!(median["seconds"].as_f64().unwrap() < 50.0, "the window ends with its clients");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn an_interrupted_round_of_pushes_is_reported() {
    let mut load = start(&["--workload", "f", "--bots", "5", "--seconds", "60", "--contender", "raw"]);
    child_at_work(load.id());
    load.interrupt();
    let (_, report) = load.report();
    assert_eq!(report["interrupted"], true);
    let [(_, median)] = standings(&report)[..] else { panic!("{report}") };
    assert_eq!(median["failures"], json!({}));
}

#[test]
fn every_login_is_counted_and_timed() {
    let report = report(&["--workload", "j", "--bots", "150"]);
    assert_eq!(report["counted"], "logins");
    for (name, median) in standings(&report) {
        assert_eq!((&median["calls"], &median["failures"]), (&json!(150), &json!({})), "{name}");
        assert!(median["latency_us"]["p99"].as_f64().unwrap() > 0.0, "{name}");
    }
}

#[test]
fn logins_that_are_refused_fail_the_round() {
    // Bound and never listening: nobody else gets the port meanwhile.
    let closed = tokio::net::TcpSocket::new_v4().unwrap();
    closed.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let closed = closed.local_addr().map(|address| (closed, address.to_string())).unwrap();
    let output = run(&["--workload", "j", "--bots", "3", "--contender", "raw", "--addr", &closed.1]);
    assert_eq!(output.status.code(), Some(1));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(standings(&report)[0].1["failures"], json!({ "connection refused": 3 }));
}

#[test]
fn every_session_comes_back() {
    let report = report(&["--workload", "r", "--bots", "60"]);
    let [("farcall", shared), ("farcall-cores", cores)] = standings(&report)[..] else { panic!("{report}") };
    for median in [shared, cores] {
        assert_eq!((&median["calls"], &median["failures"]), (&json!(60), &json!({})));
    }
    assert_eq!(report["left_out"], json!({ "raw": "this contender's sessions do not come back" }));
}

#[test]
fn nobody_left_to_measure_is_no_success() {
    let output = run(&["--workload", "r", "--bots", "5", "--contender", "raw"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("raw is left out: this contender's sessions"));
}

#[cfg(target_os = "linux")]
#[test]
fn an_idle_session_has_a_size() {
    let report = report(&["--workload", "g", "--bots", "300"]);
    for (name, median) in standings(&report) {
        let bytes = median["session_bytes"].as_f64().unwrap();
        // Less than any session can be, and more than any contender of ours would dare.
        assert!((256.0..1e6).contains(&bytes), "{name}: {bytes}");
        assert_eq!(median["calls"], 300);
    }
}

#[test]
fn snapshots_are_measured_with_and_without_stalls() {
    let asked = ["--workload", "s", "--bots", "10", "--rate", "50", "--seconds", "0.6"];
    let raw_is_left_out = json!({ "raw": "this server cannot push to its clients" });
    let everyone = report(&asked);
    assert_eq!((&everyone["left_out"], standings(&everyone).len()), (&raw_is_left_out, 4));
    // The figures of one arrangement of its server are enough to look at.
    let report = report(&[&asked[..], &["--contender", "farcall"]].concat());
    let [("farcall", all), ("farcall, 1 stalled", nine)] = standings(&report)[..] else { panic!("{report}") };
    let per_second = |median: &Value| median["calls_per_second"].as_f64().unwrap();
    // 50 to each of ten, and of nine; a slow machine may miss some, and replaces them by newer ones.
    assert!((50.0..=10.0 * 60.0).contains(&per_second(all)), "{all}");
    assert!((50.0..=9.0 * 60.0).contains(&per_second(nine)), "{nine}");
    assert!(all["latency_us"]["p99"].is_number() && nine["latency_us"]["p99"].is_number());
    assert_eq!(report["ratios"][0]["baseline"], "farcall");
}
