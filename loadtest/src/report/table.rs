//! The report as an aligned table for people. Every figure comes from the report as it is.

use std::fmt::Write as _;

use comfy_table::{CellAlignment, Table, presets};
use indicatif::{HumanBytes, HumanCount};

use super::title::in_a_sentence;
use super::words::Words;
use super::{Figures, Latency, Ratio, Report};
use crate::plan::{Counted, Pace};

/// What was measured, a column per contender and per ratio, then failures by kind, then what
/// became of thresholds.
pub fn table(report: &Report) -> String {
    let mut text = format!("{}\n\n", in_a_sentence(report));
    let mut table = Table::new();
    table.load_preset(presets::NOTHING);
    table.set_header(header(report));
    for row in rows(report) {
        table.add_row(row);
    }
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    for line in table.lines() {
        let _ = writeln!(text, "{}", line.trim_end());
    }
    for (name, why) in &report.left_out {
        let _ = writeln!(text, "\n {name} is left out: {why}");
    }
    for (name, failures) in report.failures() {
        let _ = writeln!(text, "\n {name}, errors by kind:");
        for (why, times) in failures {
            let _ = writeln!(text, "   {} x {why}", HumanCount(*times));
        }
    }
    if !report.thresholds.is_empty() {
        text += "\n thresholds:\n";
    }
    for verdict in &report.thresholds {
        let _ = writeln!(text, "   {verdict}");
    }
    text
}

/// What stands above each column.
pub(super) fn header(report: &Report) -> Vec<String> {
    let names = report.contenders.iter().map(|standing| standing.name.clone());
    let ratios = report.ratios.iter().map(|ratio| format!("{}/{}", ratio.contender, ratio.baseline));
    std::iter::once(String::new()).chain(names).chain(ratios).collect()
}

/// The lines below it, their labels first; two blanks before a label say that it goes on from the line above.
pub(super) fn rows(report: &Report) -> Vec<Vec<String>> {
    let cells = |row: Row| {
        let figures = report.contenders.iter().map(|standing| (row.figure)(&standing.median));
        let ratios = report.ratios.iter().map(|ratio| (row.ratio)(ratio).map(|times| format!("{times:.2}")));
        // A dash says "not known here", an empty cell "means nothing here".
        let figures = figures.map(|figure| figure.unwrap_or_else(|| "-".into()));
        let ratios = ratios.map(Option::unwrap_or_default);
        std::iter::once(row.label).chain(figures).chain(ratios).collect()
    };
    kinds(report).into_iter().map(cells).collect()
}

/// One line of the table.
struct Row {
    label: String,
    figure: fn(&Figures) -> Option<String>,
    ratio: fn(&Ratio) -> Option<f64>,
}

/// The lines that this report has something for.
fn kinds(report: &Report) -> Vec<Row> {
    fn latency(figures: &Figures, which: fn(&Latency) -> f64) -> Option<String> {
        figures.latency_us.as_ref().map(which).map(duration)
    }
    let plain = |label: &str, figure| Row { label: label.to_owned(), figure, ratio: |_| None };
    let Words { many, timed, here, there } = Words::of(report);
    let mut rows = Vec::new();
    match report.counted {
        Counted::Sessions => rows.extend([
            plain("sessions", |f| Some(count(f.calls as f64))),
            plain("server memory / session", |f| {
                f.session_bytes.map(|bytes| format!("{:.2} KiB", bytes / 1024.0))
            }),
        ]),
        Counted::Logins | Counted::Returns => {
            rows.push(plain("all done in", |f| Some(duration(f.seconds * 1e6))))
        }
        Counted::Calls | Counted::Deliveries => {}
    }
    if report.counted != Counted::Sessions {
        let rate = plain(&format!("{many}/s"), |f| Some(count(f.calls_per_second)));
        rows.push(Row { ratio: |ratio| ratio.rate, ..rate });
    }
    if let Some(timed) = timed {
        rows.extend([
            plain(&format!("{timed} mean"), |f| latency(f, |l| l.mean)),
            Row { ratio: |ratio| ratio.p50, ..plain("  p50", |f| latency(f, |l| l.p50)) },
            plain("  p90", |f| latency(f, |l| l.p90)),
            Row { ratio: |ratio| ratio.p99, ..plain("  p99", |f| latency(f, |l| l.p99)) },
            plain("  p99.9", |f| latency(f, |l| l.p99_9)),
            plain("  max", |f| latency(f, |l| l.max)),
        ]);
    }
    if report.pace != Pace::Closed && report.counted == Counted::Calls {
        rows.push(plain("start lag p50", |f| f.start_lag_us.map(|lag| duration(lag.p50))));
        rows.push(plain("  p99", |f| f.start_lag_us.map(|lag| duration(lag.p99))));
    }
    let per_million = plain(&format!("CPU s / million {many}"), |f| f.cpu_seconds_per_million.map(seconds));
    rows.extend([
        Row { ratio: |ratio| ratio.cpu_per_call, ..per_million },
        plain(&format!("  {here}"), |f| f.caller?.cpu_seconds_per_million.map(seconds)),
        plain(&format!("  {there}"), |f| f.answerer?.cpu_seconds_per_million.map(seconds)),
        plain(&format!("peak memory, {here}"), |f| Some(HumanBytes(f.caller?.rss_peak_bytes).to_string())),
        plain(&format!("  {there}"), |f| Some(HumanBytes(f.answerer?.rss_peak_bytes).to_string())),
        plain("errors, all rounds", |f| Some(HumanCount(f.failures.values().sum()).to_string())),
    ]);
    rows
}

pub(super) fn count(value: f64) -> String {
    HumanCount(value.round() as u64).to_string()
}

fn seconds(value: f64) -> String {
    format!("{value:.2}")
}

/// Three or four digits and the unit they are best read in.
pub(super) fn duration(us: f64) -> String {
    match us {
        us if us < 1e3 => format!("{us:.1} us"),
        us if us < 1e6 => format!("{:.2} ms", us / 1e3),
        us => format!("{:.2} s", us / 1e6),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::half_of_raw;
    use super::*;

    #[test]
    fn columns_are_aligned_and_ratios_beside_them() {
        let text = table(&half_of_raw());
        let lines: Vec<&str> = text.lines().collect();
        assert!(
            lines[0]
                .starts_with("C: clients call, 64 x 16 in flight, 32 B, closed loop; medians of 3 rounds")
        );
        let header = lines.iter().position(|line| line.contains("half/raw")).unwrap();
        let rate = lines[header + 1];
        assert!(rate.contains("200,000") && rate.contains("100,000") && rate.ends_with("0.50"), "{rate}");
        assert_eq!(lines[header].len(), rate.len(), "right edges differ:\n{text}");
    }

    #[test]
    fn errors_are_listed_by_kind() {
        assert!(table(&half_of_raw()).contains("half, errors by kind:\n   6 x busy"));
    }

    #[test]
    fn durations_read_well() {
        assert_eq!([27.04, 4_321.0, 60e6].map(duration), ["27.0 us", "4.32 ms", "60.00 s"]);
    }
}
