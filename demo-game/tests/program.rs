//! The program as a user runs it: its summary, its smallest sibling, and how it refuses.

use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

fn demo(arguments: &[&str]) -> Output {
    let program = env!("CARGO_BIN_EXE_demo-game");
    Command::new(program).args(arguments).env_remove("RUST_LOG").output().expect("it starts")
}

#[test]
fn a_whole_evening_ends_without_errors() {
    let began = Instant::now();
    let output = demo(&["--json", "--seconds", "2", "--bots", "8"]);
    assert!(began.elapsed() < Duration::from_secs(20), "took {:?}", began.elapsed());
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    let summary: Value = serde_json::from_slice(&output.stdout).expect("one JSON object and nothing else");
    let count = |key: &str| summary[key].as_u64().unwrap_or_else(|| panic!("no {key} in {summary}"));
    assert_eq!(count("errors"), 0, "{summary}");
    assert_eq!(["cuts", "resumes", "lost", "repeated"].map(count), [1, 1, 0, 0], "{summary}");
    assert_eq!((count("players"), count("matches_played")), (8, 2), "{summary}");
    // One bot says no on purpose.
    assert_eq!((count("ready_checks_asked"), count("ready_checks_answered")), (8, 8), "{summary}");
    assert!(count("snapshots_received") > 7 * 30, "{summary}");
    assert!(count("whispers_answered") > 0, "{summary}");
    // Everyone enqueues, everyone who plays asks for the leaderboard twice.
    assert!(count("calls_to_server") >= 8 + 2 * 7, "{summary}");
    // A ready check each, and two votes of those who play.
    assert!(count("calls_to_players") >= 8 + 2 * 7, "{summary}");
}

#[test]
fn plain_lines_tell_the_evening_and_what_to_type_next() {
    let output = demo(&["--seconds", "2", "--bots", "8"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let told = String::from_utf8(output.stdout).expect("text");
    for line in [
        "server → cat: ready_check → true",
        "server → ant: ready_check → false",
        "match 1 begins: 7 play, ant is left out",
        ": whisper → \"",
        "server → cat: rematch → true",
        "match 2 begins: 7 play",
        "cat → server: leaderboard →",
        "0 errors.",
        "1 connections cut, 1 resumed, 0 messages lost, 0 repeated.",
        "-p demo-game -- play",
    ] {
        assert!(told.contains(line), "no `{line}` in:\n{told}");
    }
}

#[test]
fn a_bot_whose_connection_is_cut_comes_back_and_misses_nothing() {
    let output = demo(&["--seconds", "2", "--bots", "8"]);
    let told = String::from_utf8(output.stdout).expect("text");
    let lines: Vec<&str> = told.lines().filter(|line| line.starts_with("link ")).collect();
    let [line] = lines[..] else { panic!("not one line:\n{told}") };
    let parts: Vec<&str> = line.split(" · ").collect();
    let ["link   owl detached", waiting, resumed, "0 lost 0 repeated"] = parts[..] else { panic!("{line}") };
    let number = |part: &str, before: &str, after: &str| {
        let number = part.strip_prefix(before).and_then(|part| part.strip_suffix(after));
        number.and_then(|number| number.parse::<u64>().ok()).unwrap_or_else(|| panic!("{line}"))
    };
    // Who is back at once has nothing waiting; how long it takes is left to chance.
    assert!(number(waiting, "", " waiting") < 1_000, "{line}");
    assert!(number(resumed, "resumed ", " ms") < 10_000, "{line}");
}

#[test]
fn cuts_all_evening_lose_nothing_and_repeat_nothing() {
    let began = Instant::now();
    let output = demo(&["--chaos", "--json", "--seconds", "4", "--bots", "10"]);
    assert!(began.elapsed() < Duration::from_secs(25), "took {:?}", began.elapsed());
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    let summary: Value = serde_json::from_slice(&output.stdout).expect("one JSON object and nothing else");
    let count = |key: &str| summary[key].as_u64().unwrap_or_else(|| panic!("no {key} in {summary}"));
    assert!(count("cuts") > 20, "{summary}");
    assert_eq!(count("resumes"), count("cuts"), "{summary}");
    assert_eq!(["lost", "repeated", "errors"].map(count), [0, 0, 0], "{summary}");
    assert_eq!((count("players"), count("matches_played")), (10, 2), "{summary}");
}

#[test]
fn hello_calls_both_ways() {
    let output = Command::new(env!("CARGO_BIN_EXE_hello")).output().expect("it starts");
    assert!(output.status.success());
    let told = String::from_utf8(output.stdout).expect("text");
    assert_eq!(told, "ann → server: open_chest(1) → 100\nserver → ann: choose → true\n");
    let lines = include_str!("../hello/main.rs").lines().count();
    assert!(lines <= 60, "the smallest game has {lines} lines");
}

#[test]
fn a_taken_port_is_said_so() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address").to_string();
    let output = demo(&["server", "--address", &address]);
    assert!(!output.status.success());
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains(&format!("cannot listen on {address}")), "{said}");
}

#[test]
fn an_absent_server_is_said_so() {
    let free = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = free.local_addr().expect("an address").to_string();
    drop(free);
    let output = demo(&["play", "--address", &address]);
    assert!(!output.status.success());
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains(&format!("cannot reach {address}")), "{said}");
}

/// A program that runs until it is told to stop, and is stopped when a test fails.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts a part of the game, and gives the lines that it prints.
fn start(arguments: &[&str]) -> (Running, impl Iterator<Item = String> + use<>) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_demo-game"));
    command.args(arguments).env_remove("RUST_LOG").stdin(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.stdout(Stdio::piped()).spawn().expect("it starts");
    let lines = BufReader::new(child.stdout.take().expect("its lines")).lines();
    (Running(child), lines.map_while(Result::ok))
}

/// A server, and where it listens.
fn start_server() -> (Running, String) {
    let (server, mut lines) = start(&["server", "--address", "127.0.0.1:0"]);
    let listening = lines.next().expect("where it listens");
    let address = listening.split([' ', ';']).nth(2).expect("an address").to_owned();
    // It goes on printing; somebody must read.
    std::thread::spawn(move || lines.for_each(drop));
    (server, address)
}

#[cfg(unix)]
#[test]
fn a_player_whose_old_client_hangs_is_welcomed_promptly_and_the_old_one_is_told_when_it_wakes() {
    let (_server, address) = start_server();
    let play = ["play", "--name", "ann", "--address", &address];
    let signal = |name: &str, running: &Running| {
        let sent = Command::new("kill").args([name, &running.0.id().to_string()]).status().expect("kill");
        assert!(sent.success());
    };
    let (mut old, mut lines) = start(&play);
    lines.find(|line| line.contains("ann → server: enqueue → ticket")).expect("a ticket");
    signal("-STOP", &old);
    let began = Instant::now();
    let (mut new, mut lines) = start(&play);
    lines.find(|line| line.contains("ann → server: enqueue → ticket")).expect("a ticket for the new one");
    assert!(began.elapsed() < Duration::from_secs(3), "it took {:?}", began.elapsed());
    signal("-CONT", &old);
    let ended = old.0.wait().expect("it ends");
    let mut said = String::new();
    old.0.stderr.take().expect("its words").read_to_string(&mut said).expect("text");
    assert!(!ended.success() && said.contains("the player logged in elsewhere"), "{said}");
    assert!(new.0.try_wait().expect("a status").is_none(), "the new one plays on");
}

#[test]
fn bots_and_a_player_meet_on_a_server_of_another_process() {
    let (_server, address) = start_server();
    let (_bots, _talk) = start(&["bots", "3", "--address", &address]);
    let (_player, lines) = start(&["play", "--name", "ann", "--address", &address]);
    let mut told = Vec::new();
    for line in lines {
        told.push(line);
        if told.iter().any(|line: &String| line.contains("leads with")) {
            break;
        }
    }
    let told = told.join("\n");
    for line in ["ann → server: enqueue → ticket", "server → ann: ready_check → true", "4 play"] {
        assert!(told.contains(line), "no `{line}` in:\n{told}");
    }
}
