//! A game's own load test as its team runs it: the example `duel` against its server, over loopback.
#![expect(clippy::unwrap_used, clippy::panic, reason = "what helps a test fails as a test does")]

use std::io::{BufRead, BufReader, Read};
use std::net::{Ipv4Addr, TcpListener};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;

/// The example, which `cargo test` builds beside the tests.
fn duel() -> Command {
    let tests = std::env::current_exe().unwrap();
    let name = format!("duel{}", std::env::consts::EXE_SUFFIX);
    let path: PathBuf = tests.ancestors().nth(2).unwrap().join("examples").join(name);
    assert!(path.exists(), "run `cargo build -p loadtest --example duel` first");
    Command::new(path)
}

/// A running server, ended when dropped.
struct Server {
    child: Child,
    address: String,
}

impl Server {
    fn start() -> Server {
        let mut serve = duel();
        let mut child = serve.arg("serve").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Server { child, address: line.trim().to_owned() }
    }

    fn pid(&self) -> String {
        self.child.id().to_string()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Plays it to its end, the report on stdout.
fn play(arguments: &[&str]) -> Output {
    duel().args(arguments).args(["--json", "-"]).output().unwrap()
}

fn report(text: &[u8]) -> Value {
    serde_json::from_slice(text).unwrap_or_else(|why| panic!("{why}: {}", String::from_utf8_lossy(text)))
}

/// The medians of one step.
fn step<'a>(report: &'a Value, name: &str) -> &'a Value {
    let all = report["contenders"].as_array().unwrap();
    let found = all.iter().find(|step| step["name"] == name);
    &found.unwrap_or_else(|| panic!("no step {name} in {report}"))["median"]
}

fn calls(report: &Value, name: &str) -> u64 {
    step(report, name)["calls"].as_u64().unwrap()
}

#[test]
fn two_processes_are_one_run_and_every_bot_is_in_it_once() {
    let server = Server::start();
    let run = ["--addr", &server.address, "--bots", "20", "--processes", "2", "--server-pid", &server.pid()];
    let output = play(&[&run[..], &["--ramp", "0.5", "--seconds", "1.5"]].concat());
    assert!(output.status.success(), "{output:?}");
    let report = report(&output.stdout);
    assert_eq!((calls(&report, "connect"), calls(&report, "enqueue")), (20, 20));
    // Ten a second and bot, for a second and a quarter; a slow machine answers some after the window.
    assert!((100..=320).contains(&calls(&report, "shoot")), "{report}");
    assert_eq!(calls(&report, "all"), 40 + calls(&report, "shoot"));
    assert_eq!(step(&report, "all")["failures"], serde_json::json!({}));
    assert!(step(&report, "all")["answerer"]["rss_peak_bytes"].as_u64().unwrap() > 0);
    let series = report["contenders"][0]["series"][0].as_array().unwrap();
    let bots: Vec<u64> = series.iter().map(|sample| sample["bots"].as_u64().unwrap()).collect();
    assert!(bots[0] < 10 && bots.is_sorted() && bots.last() == Some(&20), "no ramp: {bots:?}");
}

#[test]
fn nobody_to_connect_to_is_an_error_of_that_step() {
    let closed = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().to_string();
    let output = play(&["--addr", &closed, "--bots", "3", "--seconds", "0.5"]);
    assert_eq!(output.status.code(), Some(1));
    let report = report(&output.stdout);
    let failures = step(&report, "connect")["failures"].as_object().unwrap();
    let [(why, times)] = &failures.iter().collect::<Vec<_>>()[..] else { panic!("{failures:?}") };
    assert!(why.starts_with("cannot reach #: ") && **times == 3, "{failures:?}");
    let ended = step(&report, "all")["failures"].as_object().unwrap();
    assert_eq!(ended[&format!("a bot ended: {why}")], 3);
}

#[cfg(target_os = "linux")]
#[test]
fn an_interrupt_still_reports_what_all_processes_did() {
    let server = Server::start();
    let mut command = duel();
    command.args(["--addr", &server.address, "--bots", "40", "--processes", "2", "--seconds", "60"]);
    command.args(["--json", "-"]).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut load = command.spawn().unwrap();
    // What it takes to let 40 bots in is a third of this: then all of them are shooting.
    let worked = || {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", server.pid())).unwrap();
        let after_name = stat.rsplit(") ").next().unwrap();
        after_name.split(' ').skip(11).take(2).map(|ticks| ticks.parse::<u64>().unwrap()).sum::<u64>() >= 20
    };
    for _ in 0..2_000 {
        if worked() {
            break;
        }
        // Another process moves on; there is nothing of it to await.
        std::thread::park_timeout(std::time::Duration::from_millis(5));
    }
    let interrupted = Command::new("kill").args(["-INT", &load.id().to_string()]).status().unwrap();
    assert!(interrupted.success());
    let mut text = Vec::new();
    load.stdout.take().unwrap().read_to_end(&mut text).unwrap();
    assert_eq!(load.wait().unwrap().code(), Some(0));
    let report = report(&text);
    assert_eq!((&report["interrupted"], calls(&report, "connect")), (&Value::Bool(true), 40));
}
