//! What several runs measured, as Markdown: `farcall-peers tables DIR [FILE]`. Reads reports, measures nothing; every
//! figure stands in a report as it is, rounded for people.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use farcall_load::{Counted, Direction, Figures, Latency, Report, Standing};

/// Prints the tables of the reports in the first argument's folder; or puts them into the second argument's file,
/// between the lines [`OPENING`] and [`CLOSING`].
///
/// # Errors
/// A sentence for people: a folder without reports, a report that cannot be read, a file without those lines.
pub fn tables(arguments: &[OsString]) -> Result<(), String> {
    let (folder, file) = match arguments {
        [folder] => (Path::new(folder), None),
        [folder, file] => (Path::new(folder), Some(Path::new(file))),
        _ => return Err("usage: farcall-peers tables DIR [FILE]".into()),
    };
    let text = markdown(&read(folder)?);
    let Some(file) = file else {
        // A reader that has left (`| head`) is no trouble of ours.
        let _ = write!(std::io::stdout(), "{text}");
        return Ok(());
    };
    let failed = |why: std::io::Error| format!("{}: {why}", file.display());
    let old = fs::read_to_string(file).map_err(failed)?;
    let new = between(&old, &text)
        .ok_or_else(|| format!("{}: no `{OPENING}` with a `{CLOSING}` after it", file.display()))?;
    fs::write(file, new).map_err(failed)
}

/// The reports in `folder` by their files' names, in the order in which they are read best.
fn read(folder: &Path) -> Result<Vec<(String, Report)>, String> {
    let failed = |path: &Path, why: &dyn std::fmt::Display| format!("{}: {why}", path.display());
    let entries = fs::read_dir(folder).map_err(|why| failed(folder, &why))?;
    let paths: Vec<PathBuf> = entries
        .map(|entry| entry.map(|entry| entry.path()).map_err(|why| failed(folder, &why)))
        .collect::<Result<_, _>>()?;
    let mut reports = Vec::new();
    for path in paths.iter().filter(|path| path.extension().is_some_and(|ending| ending == "json")) {
        let text = fs::read_to_string(path).map_err(|why| failed(path, &why))?;
        let report = serde_json::from_str(&text).map_err(|why| failed(path, &why))?;
        let name = path.file_stem().unwrap_or_default().to_string_lossy().to_uppercase();
        reports.push((name, report));
    }
    if reports.is_empty() {
        return Err(failed(folder, &"no reports (*.json) in it"));
    }
    let place = |name: &str| ORDER.iter().position(|known| *known == name).unwrap_or(ORDER.len());
    reports.sort_by(|(one, _), (other, _)| place(one).cmp(&place(other)).then_with(|| one.cmp(other)));
    Ok(reports)
}

/// A heading, a sentence and a table for each report.
fn markdown(reports: &[(String, Report)]) -> String {
    let mut text = String::new();
    for (name, report) in reports {
        let _ = writeln!(text, "### {name}\n\n{}\n", sentence(report));
        let much = match report.counted {
            Counted::Sessions => "KiB a session".to_owned(),
            counted => format!("{}/s", counted.name()),
        };
        let _ = writeln!(text, "| | {much} | of raw | CPU s per million | p50 | p99 | failed |");
        let _ = writeln!(text, "|---|--:|--:|--:|--:|--:|--:|");
        for contender in everyone(reports) {
            let _ = writeln!(text, "| {contender} | {} |", row(report, contender).join(" | "));
        }
        text.push('\n');
    }
    text + &limits(reports)
}

/// Whoever took part in any of the reports, in the order of the first that has them.
fn everyone(reports: &[(String, Report)]) -> Vec<&str> {
    let mut names = Vec::new();
    for standing in reports.iter().flat_map(|(_, report)| &report.contenders) {
        if !names.contains(&standing.name.as_str()) {
            names.push(&standing.name);
        }
    }
    names
}

/// How it was measured.
fn sentence(report: &Report) -> String {
    let (who, flight) = match (report.counted, report.direction) {
        (Counted::Calls, Direction::ToClient) => ("the server calls", "in flight"),
        (Counted::Calls, _) => ("clients call", "in flight"),
        (Counted::Deliveries, _) => ("the server pushes", "rounds ahead at most"),
        (Counted::Sessions | Counted::Logins | Counted::Returns, _) => {
            ("clients connect and call", "at once")
        }
    };
    let cpus = if report.cpus == 1 { "1 CPU".to_owned() } else { format!("{} CPUs", report.cpus) };
    let interrupted = if report.interrupted { ", interrupted" } else { "" };
    let length = report.round_seconds().map(|seconds| format!(" of {seconds} s")).unwrap_or_default();
    format!(
        "{who}: {} clients, {} {flight}, {} B; medians of {} rounds{length}, {cpus}{interrupted}.",
        count(report.bots as f64),
        count(report.in_flight as f64),
        count(report.payload_bytes as f64),
        report.contenders.iter().map(|standing| standing.rounds.len()).max().unwrap_or(0),
    )
}

/// One contender's cells: a dash where there is nothing to be known.
fn row(report: &Report, contender: &str) -> [String; 6] {
    let Some(Standing { median, .. }) = standing(report, contender) else {
        let said = if report.left_out.contains_key(contender) { DASH } else { "not measured" };
        return [said, DASH, DASH, DASH, DASH, DASH].map(str::to_owned);
    };
    let or_dash = |cell: Option<String>| cell.unwrap_or_else(|| DASH.into());
    let raw = standing(report, BASELINE).and_then(|raw| much(report, &raw.median));
    let own = much(report, median);
    let latency =
        |which: fn(&Latency) -> f64| median.latency_us.as_ref().map(|latency| duration(which(latency)));
    [
        or_dash(own.map(|own| if own < 100.0 { format!("{own:.1}") } else { count(own) })),
        or_dash(own.zip(raw).filter(|(_, raw)| *raw > 0.0).map(|(own, raw)| share(own / raw))),
        or_dash(median.cpu_seconds_per_million.map(|seconds| format!("{seconds:.2}"))),
        or_dash(latency(|latency| latency.p50)),
        or_dash(latency(|latency| latency.p99)),
        count(median.failures.values().sum::<u64>() as f64),
    ]
}

fn standing<'a>(report: &'a Report, contender: &str) -> Option<&'a Standing> {
    report.contenders.iter().find(|standing| standing.name == contender)
}

/// What the workload is about: how many a second, or KiB of memory for each session.
fn much(report: &Report, figures: &Figures) -> Option<f64> {
    match report.counted {
        Counted::Sessions => figures.session_bytes.map(|bytes| bytes / 1024.0),
        _ => Some(figures.calls_per_second),
    }
}

/// What contenders set other than a user would get, once for all reports.
fn limits(reports: &[(String, Report)]) -> String {
    let mut changed = BTreeMap::new();
    for (_, report) in reports {
        changed.extend(report.conditions.changed_limits.iter());
    }
    if changed.is_empty() {
        return String::new();
    }
    let mut text = "Set other than by default:\n\n".to_owned();
    for (contender, limits) in changed {
        let _ = writeln!(text, "* {contender}: {}", limits.join("; "));
    }
    text
}

/// `old` with `text` between the two lines; `None` if it has no such place.
fn between(old: &str, text: &str) -> Option<String> {
    let (before, rest) = old.split_once(OPENING)?;
    let (_, after) = rest.split_once(CLOSING)?;
    Some(format!("{before}{OPENING}\n{text}{CLOSING}{after}"))
}

/// With commas between thousands.
fn count(value: f64) -> String {
    let digits = format!("{value:.0}");
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// How many times raw's, with the digits that say something.
fn share(value: f64) -> String {
    match value {
        value if value < 0.1 => format!("{value:.3}"),
        value if value < 10.0 => format!("{value:.2}"),
        value => format!("{value:.1}"),
    }
}

fn duration(us: f64) -> String {
    match us {
        us if us < 1e3 => format!("{us:.1} us"),
        us if us < 1e6 => format!("{:.2} ms", us / 1e3),
        us => format!("{:.2} s", us / 1e6),
    }
}

/// Runs, by their files' names; others come after them.
const ORDER: [&str; 11] = ["AP", "BP", "A", "B", "C", "D", "D16", "E", "F", "FL", "G"];
const OPENING: &str = "<!-- peers -->";
const CLOSING: &str = "<!-- /peers -->";
const BASELINE: &str = "raw";
const DASH: &str = "–";

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// A report in which so much a second was measured of each contender, and so many KiB for each of its sessions.
    fn report(counted: &str, contenders: &[(&str, f64)]) -> Report {
        let latency =
            json!({ "mean": 1.0, "p50": 12.34, "p90": 2.0, "p99": 4_321.0, "p99_9": 4.0, "max": 5.0 });
        let standing = |&(name, much): &(&str, f64)| {
            let figures = json!({
                "seconds": 2.0, "calls": 1, "calls_per_second": much, "latency_us": latency, "start_lag_us": null,
                "cpu_seconds_per_million": 9.876, "caller": null, "answerer": null,
                "session_bytes": much * 1024.0, "failures": {},
            });
            json!({ "name": name, "median": figures, "rounds": [figures, figures] })
        };
        let standings: Vec<_> = contenders.iter().map(standing).collect();
        let whole = json!({
            "version": "0", "workload": "C", "direction": "to_server", "counted": counted, "bots": 2_000,
            "in_flight": 16, "payload_bytes": 32, "pace": "closed", "window_seconds": 2.0, "rounds": 2,
            "separate_processes": true, "cpus": 2, "interrupted": false, "contenders": standings, "ratios": [],
            "left_out": { "one-way": "cannot" },
        });
        serde_json::from_value(whole).unwrap()
    }

    #[test]
    fn a_row_has_rate_share_cost_and_latency() {
        let text = markdown(&[("C".into(), report("calls", &[("raw", 1_234_567.0), ("slow", 12_345.67)]))]);
        assert!(text.contains(
            "### C\n\nclients call: 2,000 clients, 16 in flight, 32 B; medians of 2 rounds of 2 s"
        ));
        assert!(text.contains("| raw | 1,234,567 | 1.00 | 9.88 | 12.3 us | 4.32 ms | 0 |"), "{text}");
        assert!(text.contains("| slow | 12,346 | 0.010 | 9.88 | 12.3 us | 4.32 ms | 0 |"), "{text}");
    }

    #[test]
    fn who_cannot_has_dashes_and_who_is_missing_is_named_so() {
        let calls = report("calls", &[("raw", 10.0), ("one-way", 5.0), ("late", 5.0)]);
        let pushes = report("deliveries", &[("raw", 10.0)]);
        let text = markdown(&[("C".into(), calls), ("F".into(), pushes)]);
        let (_, pushed) = text.split_once("### F").unwrap();
        assert!(pushed.contains("| | deliveries/s |"), "{text}");
        assert!(pushed.contains("| one-way | – | – | – | – | – | – |"), "{text}");
        assert!(pushed.contains("| late | not measured | – | – | – | – | – |"), "{text}");
    }

    #[test]
    fn idle_sessions_are_told_by_their_memory() {
        let text = markdown(&[("G".into(), report("sessions", &[("raw", 2.0), ("fat", 137.4)]))]);
        assert!(text.contains("medians of 2 rounds, 2 CPUs.\n\n| | KiB a session | of raw |"), "{text}");
        assert!(text.contains("| raw | 2.0 | 1.00 |") && text.contains("| fat | 137 | 68.7 |"), "{text}");
    }

    #[test]
    fn tables_replace_what_stands_between_their_lines() {
        let old = format!("before\n{OPENING}\nold\n{CLOSING}\nafter\n");
        let new = between(&old, "new\n").unwrap();
        assert_eq!(new, format!("before\n{OPENING}\nnew\n{CLOSING}\nafter\n"));
        assert_eq!(between("no such place", "new"), None);
        assert_eq!(between(&format!("{CLOSING} the wrong way round {OPENING}"), "new"), None);
    }

    #[test]
    fn counts_have_commas() {
        assert_eq!([0.0, 999.0, 1_000.0, 1_234_567.4].map(count), ["0", "999", "1,000", "1,234,567"]);
    }
}
