//! A sweep as an aligned table for people. Every figure comes from the sweep as it is.

use std::fmt::Write as _;

use comfy_table::{CellAlignment, Table, presets};
use indicatif::HumanCount;

use super::swept::{Measured, Swept, Unmeasured};

/// A line for each value and contender; beside each figure its ratio to the baseline's.
pub(super) fn table(swept: &Swept) -> String {
    let sweep = swept.sweep;
    let mut text = format!("{} (workload {})\n\n", sweep.title, sweep.shape());
    let mut table = Table::new();
    table.load_preset(presets::NOTHING);
    table.set_header(header(swept));
    let contenders = swept.contenders();
    for point in &swept.points {
        for (place, contender) in contenders.iter().enumerate() {
            // Said once: a block of lines belongs to it.
            let at = if place == 0 { sweep.unit.text(point.at as f64) } else { String::new() };
            table.add_row([at, (*contender).to_owned()].into_iter().chain(cells(swept, point, contender)));
        }
    }
    for (_, column) in table.column_iter_mut().enumerate().filter(|(place, _)| *place != CONTENDERS) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    for line in table.lines() {
        let _ = writeln!(text, "{}", line.trim_end());
    }
    text + &remarks(swept)
}

fn header(swept: &Swept) -> Vec<String> {
    let ratio = swept.baseline().map(|baseline| format!("/{baseline}"));
    let measures = swept.sweep.measures.iter();
    let columns = measures.flat_map(|measure| std::iter::once(measure.title.to_owned()).chain(ratio.clone()));
    [swept.sweep.name.to_owned(), String::new()].into_iter().chain(columns).collect()
}

/// Each figure and, if there is anybody to compare with, its ratio. A dash says "not known here", an empty cell "means nothing here".
fn cells(swept: &Swept, point: &Measured, contender: &str) -> Vec<String> {
    let figure_and_ratio = |measure| {
        let figure = point.value(contender, measure).map(|value| measure.text(value));
        let ratio = point.ratio(contender, measure).map(|ratio| format!("{ratio:.2}"));
        let ratio = swept.baseline().map(|_| ratio.unwrap_or_default());
        std::iter::once(figure.unwrap_or_else(|| "-".into())).chain(ratio)
    };
    swept.sweep.measures.iter().flat_map(figure_and_ratio).collect()
}

/// What must be known beside the figures: what failed, who and what is not among them.
fn remarks(swept: &Swept) -> String {
    let mut text = String::new();
    let at = |at: usize| swept.sweep.unit.text(at as f64);
    for point in &swept.points {
        for (name, failures) in point.report.failures() {
            for (why, times) in failures {
                let _ = writeln!(text, "\n {} at {}: {} x {why}", name, at(point.at), HumanCount(*times));
            }
        }
        for (name, why) in &point.report.left_out {
            let _ = writeln!(text, "\n {name} at {} is left out: {why}", at(point.at));
        }
        if point.report.interrupted {
            let _ = writeln!(text, "\n {} has not all of its rounds", at(point.at));
        }
    }
    for Unmeasured { at: value, why } in &swept.left_out {
        let _ = writeln!(text, "\n {} is left out: {why}", at(*value));
    }
    for Unmeasured { at: value, why } in &swept.failed {
        let _ = writeln!(text, "\n {} failed: {why}", at(*value));
    }
    text
}

/// The column of names.
const CONTENDERS: usize = 1;

#[cfg(test)]
mod tests {
    use super::super::swept::tests::{half_alone, half_of_raw};
    use super::*;

    #[test]
    fn each_value_has_a_line_for_everyone_with_ratios_beside_figures() {
        let text = table(&half_of_raw());
        let lines: Vec<Vec<&str>> = text.lines().map(|line| line.split_whitespace().collect()).collect();
        assert_eq!(lines[2], ["in-flight", "calls/s", "/raw", "CPU", "s/million", "/raw", "p99", "/raw"]);
        assert_eq!(lines[3][..3], ["1", "raw", "20,000"], "{text}");
        assert_eq!(lines[4][..3], ["half", "10,000", "0.50"], "{text}");
        assert_eq!(lines[5][..3], ["16", "raw", "320,000"], "{text}");
    }

    #[test]
    fn whoever_is_alone_has_no_ratios() {
        let text = table(&half_alone());
        let lines: Vec<Vec<&str>> = text.lines().map(|line| line.split_whitespace().collect()).collect();
        assert_eq!(lines[2], ["in-flight", "calls/s", "CPU", "s/million", "p99"]);
        assert_eq!((&lines[3][..3], lines[3].len()), (&["1", "half", "10,000"][..], 6), "{text}");
    }

    #[test]
    fn failures_and_what_is_left_out_are_told() {
        let left_out = vec![Unmeasured { at: 4_096, why: "too many".into() }];
        let failed = vec![Unmeasured { at: 64, why: "no word".into() }];
        let text = table(&Swept { left_out, failed, ..half_of_raw() });
        assert!(text.contains("\n half at 16: 2 x busy\n"), "{text}");
        assert!(text.contains("\n 4,096 is left out: too many\n"), "{text}");
        assert!(text.contains("\n 64 failed: no word\n"), "{text}");
    }
}
