//! The subcommand `scale` as a user runs it, with few values and short rounds: tables, pictures, figures, and what it
//! does when a limit bites or the user has seen enough.
#![expect(clippy::unwrap_used, clippy::panic, reason = "what helps a test fails as a test does")]

#[cfg(target_os = "linux")]
#[expect(dead_code, reason = "what is reported here is in files")]
mod started;

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

const PROGRAM: &str = env!("CARGO_BIN_EXE_farcall-load");

/// A folder that is not there yet, and gone when the test is over.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Folder {
        Folder(std::env::temp_dir().join(format!("farcall-scale-{}-{name}", std::process::id())))
    }

    fn text(&self, file: &str) -> String {
        fs::read_to_string(self.0.join(file)).unwrap_or_else(|why| panic!("{file}: {why}"))
    }

    fn figures(&self) -> Value {
        serde_json::from_str(&self.text("scale.json")).unwrap()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// `scale` with few values, of these sweeps.
fn scale(only: &str, out: &Folder) -> Command {
    let mut command = Command::new(PROGRAM);
    command.args(["scale", "--quick", "--seconds", "0.1", "--only", only, "--out"]).arg(&out.0);
    command
}

/// The values that a sweep has figures of.
fn values(sweep: &Value) -> Vec<u64> {
    sweep["points"].as_array().unwrap().iter().map(|point| point["at"].as_u64().unwrap()).collect()
}

#[test]
fn each_sweep_is_a_table_a_picture_and_figures() {
    let out = Folder::new("whole");
    let output = scale("payload,in-flight", &out).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let said = String::from_utf8(output.stdout).unwrap();
    let figures = out.figures();
    assert_eq!(figures["interrupted"], false);
    let sweeps = figures["sweeps"].as_array().unwrap();
    let names: Vec<_> = sweeps.iter().map(|sweep| sweep["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["in-flight", "payload"]);
    assert_eq!((values(&sweeps[0]), values(&sweeps[1])), (vec![1, 16, 256], vec![16, 1_024, 65_536]));
    for (sweep, grows) in sweeps.iter().zip(["in_flight", "payload_bytes"]) {
        for point in sweep["points"].as_array().unwrap() {
            let report = &point["report"];
            assert_eq!(report[grows], point["at"], "{report}");
            let names: Vec<_> =
                report["contenders"].as_array().unwrap().iter().map(|one| &one["name"]).collect();
            assert_eq!(names, ["raw", "farcall", "farcall-cores"]);
            assert!(report["ratios"][0]["rate"].as_f64().unwrap() > 0.0, "{report}");
            assert_eq!(report["contenders"][1]["median"]["failures"], serde_json::json!({}));
        }
    }
    for (name, title) in [("in-flight", "Calls of 32 bytes on one"), ("payload", "Calls on 64 connections")] {
        assert!(said.contains(title), "{said}");
        assert!(out.text(&format!("scale-{name}.svg")).contains(title));
    }
}

#[cfg(target_os = "linux")]
#[test]
fn what_the_descriptors_do_not_suffice_for_is_left_out_and_told() {
    let out = Folder::new("limited");
    let limited = format!("ulimit -Sn 140; exec {PROGRAM} scale --quick --only members --out \"$0\"");
    let output = Command::new("sh").args(["-c", &limited]).arg(&out.0).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains(" 100 is left out: 164 open files are needed"), "{said}");
    let sweep = &out.figures()["sweeps"][0];
    assert_eq!((values(sweep), &sweep["left_out"][0]["at"]), (vec![10], &Value::from(100)));
    assert!(out.text("scale-members.svg").contains("left out for a limit of the machine: 100"));
}

#[cfg(target_os = "linux")]
#[test]
fn sessions_that_one_process_may_not_hold_are_held_by_several() {
    let out = Folder::new("sessions");
    // 236 sessions of a process at most: the first value takes one pair of them, the second two.
    let limited = format!("ulimit -Sn 300; exec {PROGRAM} scale --quick --only sessions --out \"$0\"");
    let output = Command::new("sh").args(["-c", &limited]).arg(&out.0).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let sweep = &out.figures()["sweeps"][0];
    assert_eq!((values(sweep), &sweep["left_out"]), (vec![200, 400], &serde_json::json!([])));
    // But for the first 64 of each pair, which are not measured.
    for (point, measured) in sweep["points"].as_array().unwrap().iter().zip([200 - 64, 400 - 2 * 64]) {
        let [farcall] = &point["report"]["contenders"].as_array().unwrap()[..] else { panic!("{point:#}") };
        let median = &farcall["median"];
        assert_eq!((&farcall["name"], &median["calls"]), (&"farcall".into(), &measured.into()), "{median:#}");
        assert!(median["session_bytes"].as_f64().unwrap() > 256.0, "{median:#}");
        assert!(median["latency_us"]["p99"].as_f64().unwrap() > 0.0, "{median:#}");
        assert!(median["answerer"]["rss_peak_bytes"].as_u64().unwrap() > 200 * 256, "{median:#}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn an_interrupt_still_writes_what_was_measured() {
    use std::io::{BufRead, BufReader};
    use std::process::Stdio;

    let out = Folder::new("interrupted");
    let mut load = started::Started::new(scale("in-flight,sessions", &out).stdout(Stdio::piped()));
    let mut lines = BufReader::new(load.stdout.take().unwrap()).lines();
    // The first sweep is told: it is at the second, which takes seconds, or just before it, and then leaves it out.
    assert!(lines.any(|line| line.unwrap().starts_with("Calls of 32 bytes")));
    load.interrupt();
    let second = lines.map(Result::unwrap).filter(|line| line.contains("Idle sessions")).count();
    assert_eq!(load.wait().unwrap().code(), Some(1));
    let figures = out.figures();
    assert_eq!(figures["interrupted"], true);
    assert_eq!(values(&figures["sweeps"][0]), [1, 16, 256]);
    assert_eq!(figures["sweeps"].as_array().unwrap().len(), 1 + second);
    assert!(second <= 1);
}

#[test]
fn a_folder_that_cannot_be_made_is_told_before_anything_is_measured() {
    let beneath_a_file = Folder(PathBuf::from(PROGRAM).join("out"));
    let output = scale("in-flight", &beneath_a_file).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("making ") && output.stdout.is_empty(), "{said}");
    assert_eq!(output.status.code(), Some(1));
}
