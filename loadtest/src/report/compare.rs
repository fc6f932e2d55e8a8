//! Two reports beside each other: what changed, and what makes them unlike. Judges nothing: noise is the reader's to
//! know.

use std::fmt::Write as _;

use comfy_table::{CellAlignment, Table, presets};

use super::figure::FIGURES;
use super::html::page_with;
use super::words::Words;
use super::{Figures, Ratio, Report, Standing};

/// What differs between two runs, as text.
pub fn comparison(before: &Report, after: &Report) -> String {
    let (mut text, words) = (String::new(), Words::of(after));
    for sentence in unlike(before, after) {
        let _ = writeln!(text, "Not alike: {sentence}.");
    }
    for standing in &after.contenders {
        let Some(earlier) = find(before, &standing.name) else {
            let _ = writeln!(text, "Only in the second: {}.", standing.name);
            continue;
        };
        let _ =
            write!(text, "\n{}\n{}", standing.name, differences(&words, &earlier.median, &standing.median));
    }
    for standing in before.contenders.iter().filter(|standing| find(after, &standing.name).is_none()) {
        let _ = writeln!(text, "Only in the first: {}.", standing.name);
    }
    text
}

/// Both runs on one page, each contender of the second beside its own first: the same tables and plots as of one run.
pub fn comparison_page(before: &Report, after: &Report) -> String {
    let named = |standing: &Standing, which: &str| Standing {
        name: format!("{}, {which}", standing.name),
        ..standing.clone()
    };
    let (mut contenders, mut ratios) = (Vec::new(), Vec::new());
    for standing in &after.contenders {
        let (earlier, second) = (find(before, &standing.name), named(standing, "second"));
        if let Some(first) = earlier.map(|standing| named(standing, "first")) {
            ratios.push(Ratio::of(&second, &first));
            contenders.push(first);
        }
        contenders.push(second);
    }
    let remarks: Vec<_> =
        unlike(before, after).iter().map(|sentence| format!("Not alike: {sentence}.")).collect();
    page_with(&Report { contenders, ratios, ..after.clone() }, &remarks)
}

/// What was not the same in both, a sentence each: the figures differ for these reasons, too.
fn unlike(before: &Report, after: &Report) -> Vec<String> {
    let pairs = |report: &Report| {
        let conditions = &report.conditions;
        let limits = conditions.changed_limits.iter();
        let limits: Vec<_> = limits.map(|(name, changed)| format!("{name} {}", changed.join("; "))).collect();
        let build = if conditions.optimised { "optimised" } else { "not optimised" };
        let stages = report.scenario.as_ref().map(|staging| &staging.stages).or(report.stages.as_ref());
        let stages = stages.map(String::as_str).unwrap_or_default();
        let processes = report.scenario.as_ref().map_or(0, |staging| staging.processes);
        [
            ("the workload is", report.workload.clone()),
            ("bots are", report.bots.to_string()),
            ("their stages are", stages.to_owned()),
            ("their processes are", processes.to_string()),
            ("calls in flight are", report.in_flight.to_string()),
            ("bytes of a call are", report.payload_bytes.to_string()),
            ("the pace is", format!("{:?}", report.pace)),
            ("seconds of a round are", report.window_seconds.to_string()),
            ("rounds are", report.rounds.to_string()),
            ("the answering end has a process of its own:", report.separate_processes.to_string()),
            ("CPUs are", report.cpus.to_string()),
            ("the processor is", conditions.processor.clone().unwrap_or_default()),
            ("the system is", conditions.system.clone()),
            ("the build is", build.to_owned()),
            ("the version is", report.version.clone()),
            ("limits not at their defaults are", limits.join(", ")),
            ("the run ended early:", report.interrupted.to_string()),
        ]
    };
    let both = pairs(before).into_iter().zip(pairs(after));
    let unlike = both.filter(|((_, before), (_, after))| before != after);
    unlike
        .map(|((what, before), (_, after))| format!("{what} {} and {}", told(&before), told(&after)))
        .collect()
}

fn told(value: &str) -> &str {
    if value.is_empty() { "none" } else { value }
}

/// A line for each figure that both have.
fn differences(words: &Words, before: &Figures, after: &Figures) -> String {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING);
    table.set_header(["", "first", "second", "difference", ""]);
    for figure in FIGURES {
        let (Some(before), Some(after)) = ((figure.of)(before), (figure.of)(after)) else { continue };
        let text = figure.text;
        let difference = format!("{}{}", sign(after - before), text((after - before).abs()));
        let row = [(figure.label)(words), text(before), text(after), difference, percent(before, after)];
        table.add_row(row);
    }
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table.lines().fold(String::new(), |text, line| text + line.trim_end() + "\n")
}

/// By how much of the first it changed; nothing where there is no first to speak of.
fn percent(before: f64, after: f64) -> String {
    if before == 0.0 {
        return String::new();
    }
    let percent = 100.0 * (after - before) / before;
    // Rounded first, so that a hair less than nothing is no negative zero.
    let percent = (percent * 10.0).round() / 10.0;
    format!("{}{:.1} %", sign(percent), percent.abs())
}

fn sign(difference: f64) -> &'static str {
    match difference {
        more if more > 0.0 => "+",
        less if less < 0.0 => "-",
        _ => "",
    }
}

fn find<'a>(report: &'a Report, name: &str) -> Option<&'a Standing> {
    report.contenders.iter().find(|standing| standing.name == name)
}

#[cfg(test)]
mod tests {
    use super::super::tests::half_of_raw;
    use super::*;

    #[test]
    fn differences_have_signs_and_percentages() {
        let before = half_of_raw();
        let mut after = before.clone();
        after.contenders[1].median.calls_per_second *= 1.5;
        if let Some(latency) = &mut after.contenders[1].median.latency_us {
            latency.p99 /= 4.0;
        }
        let text = comparison(&before, &after);
        assert!(!text.contains("Not alike"), "{text}");
        let (_, half) = text.split_once("\nhalf\n").unwrap();
        let row = |label: &str| half.lines().find(|line| line.trim().starts_with(label)).unwrap();
        let words = |label| row(label).split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(words("calls/s"), "calls/s 100,000 150,000 +50,000 +50.0 %");
        assert_eq!(words("p99 "), "p99 100.0 us 25.0 us -75.0 us -75.0 %");
        assert_eq!(words("errors"), "errors, all rounds 6 6 0 0.0 %");
    }

    #[test]
    fn unlike_runs_are_told_as_such() {
        let before = half_of_raw();
        let mut after = before.clone();
        (after.bots, after.conditions.processor) = (128, Some("another".into()));
        after.contenders[0].name = "bare".into();
        let text = comparison(&before, &after);
        for part in
            ["bots are 64 and 128.", "the processor is none and another.", "Only in the second: bare."]
        {
            assert!(text.contains(part), "{part} is missing in {text}");
        }
        assert!(text.contains("Only in the first: raw."), "{text}");
    }

    #[test]
    fn a_page_has_both_beside_each_other() {
        let before = half_of_raw();
        let mut after = before.clone();
        (after.bots, after.contenders[1].median.calls_per_second) = (5, 150_000.0);
        let html = comparison_page(&before, &after);
        for part in ["half, second/half, first", "<td>1.50</td>", "bots are 64 and 5", "Latency distribution"]
        {
            assert!(html.contains(part), "{part} is missing in {html}");
        }
    }

    #[test]
    fn nothing_before_has_no_percentage() {
        assert_eq!((percent(0.0, 5.0), percent(10.0, 10.0)), (String::new(), "0.0 %".to_owned()));
        assert_eq!(percent(1_000_000.0, 999_999.0), "0.0 %");
    }
}
