//! `farcall-load million` as a user runs it, with a few hundred sessions over two pairs of processes: what it reports,
//! and that it ends whatever happens. Linux, for there it runs.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "what helps a test fails as a test does")]

mod started;

use std::io::{BufRead, BufReader};
use std::process::{ChildStderr, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use started::Started;

const PROGRAM: &str = env!("CARGO_BIN_EXE_farcall-load");

/// A run in the background, and what it says on stderr.
fn start(options: &[&str]) -> (Started, BufReader<ChildStderr>) {
    let mut command = Command::new(PROGRAM);
    command.args(["million", "--json", "-", "--minutes", "2"]).args(options);
    let mut run = Started::new(command.stdout(Stdio::piped()).stderr(Stdio::piped()));
    let said = BufReader::new(run.stderr.take().unwrap());
    (run, said)
}

/// Reads until a line of progress says so.
fn says(said: &mut BufReader<ChildStderr>, wanted: &str) {
    let found = said.lines().map(Result::unwrap).any(|line| line.contains(wanted));
    assert!(found, "it ended without saying `{wanted}`");
}

/// Its report, and its exit code; what it says meanwhile is read, so that it can go on.
fn report(mut run: Started, said: BufReader<ChildStderr>) -> (Option<i32>, Value, String) {
    let listening =
        std::thread::spawn(move || said.lines().map_while(Result::ok).collect::<Vec<_>>().join("\n"));
    let (code, report) = run.report();
    (code, report, listening.join().unwrap())
}

/// The processes that process `pid` has started: those of that role.
fn children_of(pid: u32, role: &str) -> Vec<u32> {
    let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let lists = tasks.filter_map(|task| std::fs::read_to_string(task.path().join("children")).ok());
    let pids: Vec<u32> = lists
        .flat_map(|list| list.split_whitespace().map(|pid| pid.parse().unwrap()).collect::<Vec<_>>())
        .collect();
    let is = |pid: &u32| {
        std::fs::read_to_string(format!("/proc/{pid}/cmdline")).is_ok_and(|line| line.contains(role))
    };
    pids.into_iter().filter(is).collect()
}

/// Whether they all end within half a minute. Orphaned, they may stay zombies where nobody reaps them.
fn all_end(pids: &[u32]) -> bool {
    let has_ended = |pid: &u32| {
        std::fs::read_to_string(format!("/proc/{pid}/stat")).map_or(true, |stat| stat.contains(") Z "))
    };
    let deadline = Instant::now() + Duration::from_secs(30);
    while Instant::now() < deadline {
        if pids.iter().all(has_ended) {
            return true;
        }
        // Other processes; there is nothing of them to await.
        std::thread::park_timeout(Duration::from_millis(5));
    }
    false
}

#[test]
fn two_hundred_are_held_reached_once_each_and_accounted_for() {
    // Held for longer than the silence: without heartbeats they would be lost.
    let times = ["--heartbeat", "1", "--silence", "3", "--quiet", "5"];
    let (run, said) = start(&[&["--sessions", "200", "--per-process", "100"], &times[..]].concat());
    let (code, report, said) = report(run, said);
    assert_eq!(code, Some(0), "{report:#}\n{said}");
    assert_eq!((&report["asked"], &report["held"], &report["pairs"]), (&json!(200), &json!(200), &json!(2)));
    let step = &report["steps"][0];
    assert_eq!((&step["connected"], &step["held"], &step["lost"]), (&json!(200), &json!(200), &json!(0)));
    assert_eq!(step["quiet"]["heartbeats_per_second"], 200.0);
    assert!(step["quiet"]["machine_cpus"].as_f64().unwrap() > 0.0, "{step}");
    let (push, memory) = (&report["push"], &report["memory"]);
    assert_eq!((&push["sent"], &push["reached"], &push["again"]), (&json!(200), &json!(200), &json!(0)));
    assert!(push["seconds"].as_f64().unwrap() > 0.0, "{push}");
    for part in ["servers", "clients", "kernel"] {
        assert!(memory[part].as_u64().unwrap() > 200 * 256, "{part}: {memory}");
    }
    assert_eq!(report["stopped"], Value::Null);
    for part in
        ["200 of 200 sessions", "200 sessions asked for, 200 held at most", "push        reached 200 of 200"]
    {
        assert!(said.contains(part), "`{part}` is missing in {said}");
    }
}

#[test]
fn it_gets_there_in_steps_and_holds_each() {
    let options = ["--sessions", "90", "--steps", "3", "--per-process", "50", "--quiet", "0.2"];
    let (run, said) = start(&options);
    let (code, report, said) = report(run, said);
    assert_eq!(code, Some(0), "{report:#}\n{said}");
    let steps = report["steps"].as_array().unwrap();
    assert_eq!(steps.iter().map(|step| step["held"].as_u64().unwrap()).collect::<Vec<_>>(), [30, 60, 90]);
    assert!(steps.iter().all(|step| step["connected"] == 30), "{steps:#?}");
}

#[test]
fn sessions_that_do_not_last_stop_it_and_are_counted() {
    let options = ["--sessions", "60", "--per-process", "30", "--steps", "2", "--quiet", "2"];
    let (run, mut said) = start(&options);
    says(&mut said, "holding");
    let clients = children_of(run.id(), "million-clients");
    assert_eq!(clients.len(), 2);
    assert!(Command::new("kill").args(["-KILL", &clients[0].to_string()]).status().unwrap().success());
    let (code, report, said) = report(run, said);
    assert_eq!(code, Some(1), "{report:#}\n{said}");
    let steps = report["steps"].as_array().unwrap();
    assert_eq!(
        (steps.len(), &steps[0]["held"], &steps[0]["lost"]),
        (1, &json!(15), &json!(15)),
        "{report:#}"
    );
    assert_eq!(report["stopped"]["by"], "lost");
    assert_eq!(report["push"]["reached"], 15);
}

#[test]
fn an_interrupt_ends_it_with_what_there_is() {
    let (run, mut said) = start(&["--sessions", "20", "--per-process", "10", "--quiet", "60"]);
    says(&mut said, "holding");
    let children = children_of(run.id(), "million-");
    assert_eq!(children.len(), 4);
    run.interrupt();
    let (code, report, said) = report(run, said);
    assert_eq!(code, Some(1), "{report:#}\n{said}");
    assert_eq!((&report["held"], &report["stopped"]["by"]), (&json!(20), &json!("interrupt")));
    assert_eq!(report["push"], Value::Null);
    assert!(all_end(&children));
}

#[test]
fn no_process_outlives_it() {
    let (mut run, mut said) = start(&["--sessions", "20", "--per-process", "10", "--quiet", "60"]);
    says(&mut said, "holding");
    let children = children_of(run.id(), "million-");
    assert_eq!(children.len(), 4);
    run.kill().unwrap();
    run.wait().unwrap();
    assert!(all_end(&children));
}
