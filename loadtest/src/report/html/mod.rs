//! The report as one HTML page that needs nothing else: no script, no file beside it. Works in light and dark, narrow
//! and wide. Every figure comes from the report as it is; text that a user or a peer gave is escaped.

pub(crate) mod axis;
pub(crate) mod plot;
mod plots;
pub(crate) mod text;
pub(crate) mod unit;

use std::fmt::Write as _;

use self::text::Escaped;
use super::table::{self, count, duration};
use super::title::in_a_sentence;
use super::{Conditions, Report, Standing};
use indicatif::HumanBytes;

/// The whole page.
pub fn page(report: &Report) -> String {
    page_with(report, &[])
}

/// The page with `remarks` above all figures.
pub(super) fn page_with(report: &Report, remarks: &[String]) -> String {
    let kind = if report.scenario.is_some() { "scenario" } else { "workload" };
    let title = format!("farcall-load, {kind} {}", report.workload);
    let title = Escaped(&title);
    let sentence = in_a_sentence(report);
    let mut html = format!(
        "<!doctype html>\n<html lang=en>\n<meta charset=utf-8>\n\
         <meta name=viewport content=\"width=device-width, initial-scale=1\">\n\
         <title>{title}</title>\n<style>\n{}{STYLE}</style>\n<main>\n<h1>{title}</h1>\n<p class=lead>{}</p>\n",
        plot::STYLE,
        Escaped(&sentence)
    );
    for warning in warnings(report) {
        let _ = writeln!(html, "<p class=warning>{warning}</p>");
    }
    let left_out = report.left_out.iter().map(|(name, why)| format!("{name} is left out: {why}"));
    for remark in left_out.chain(remarks.iter().cloned()) {
        let _ = writeln!(html, "<p class=warning>{}</p>", Escaped(&remark));
    }
    html += &cards(report);
    html += &summary(report);
    html += &failures(report);
    html += &thresholds(report);
    html += "<h2>As it went</h2>\n<div class=plots>\n";
    for plot in plots::plots(report) {
        html += &plot.figure();
    }
    html += "</div>\n";
    html += &conditions(report);
    html + "</main>\n</html>\n"
}

/// What a reader must know before any figure.
fn warnings(report: &Report) -> Vec<&'static str> {
    let mut warnings = Vec::new();
    if report.interrupted {
        warnings.push("The run ended early: these are the figures of what was measured until then.");
    }
    if !report.is_sound() {
        warnings.push("Not every round had answers: do not compare these figures.");
    }
    if !report.conditions.optimised {
        warnings.push("Built without optimisation: these figures say nothing about a release build.");
    }
    warnings
}

/// Each contender's figures that people ask for first.
fn cards(report: &Report) -> String {
    let mut html = String::from("<div class=cards>\n");
    // The table's first line is what the workload is about.
    let first = table::rows(report).into_iter().next().unwrap_or_default();
    let label = first.first().cloned().unwrap_or_default();
    for (colour, Standing { name, median, .. }) in report.contenders.iter().enumerate() {
        let value = first.get(colour + 1).cloned().unwrap_or_default();
        let mut ratios = report.ratios.iter().zip(first.iter().skip(1 + report.contenders.len()));
        let ratio = ratios.find(|(ratio, times)| ratio.contender == *name && !times.is_empty());
        let ratio = ratio.map(|(ratio, times)| format!("{times} of {}", ratio.baseline));
        let _ = write!(
            html,
            "<section class=c{}><h2>{}</h2><p><b>{}</b> {} <small>{}</small></p>",
            plot::colour(colour),
            Escaped(name),
            Escaped(&value),
            Escaped(&label),
            Escaped(&ratio.unwrap_or_default()),
        );
        if let Some(bytes) = median.session_bytes {
            let _ = write!(html, "<p><b>{}</b> each</p>", HumanBytes(bytes as u64));
        }
        if let Some(latency) = median.latency_us {
            let _ = write!(html, "<p><b>{}</b> p99</p>", duration(latency.p99));
        }
        let errors = count(median.failures.values().sum::<u64>() as f64);
        let _ = writeln!(html, "<p><b>{errors}</b> errors</p></section>");
    }
    html + "</div>\n"
}

/// The same table as on the terminal.
fn summary(report: &Report) -> String {
    let mut html = String::from("<h2>Summary</h2>\n<div class=wide><table>\n<tr>");
    for name in table::header(report) {
        let _ = write!(html, "<th>{}</th>", Escaped(&name));
    }
    html += "</tr>\n";
    for row in table::rows(report) {
        let mut cells = row.iter();
        let label = cells.next().map(String::as_str).unwrap_or_default();
        let class = if label.starts_with(' ') { " class=more" } else { "" };
        let _ = write!(html, "<tr><th{class}>{}</th>", Escaped(label.trim()));
        for cell in cells {
            let _ = write!(html, "<td>{}</td>", Escaped(cell));
        }
        html += "</tr>\n";
    }
    html + "</table></div>\n"
}

/// All failures by kind, each with its share of the most frequent as a bar.
fn failures(report: &Report) -> String {
    let most = report.failures().flat_map(|(_, kinds)| kinds.values()).max().copied().unwrap_or_default();
    if most == 0 {
        return "<h2>Errors</h2>\n<p>None, in any round.</p>\n".into();
    }
    let mut html = String::from("<h2>Errors, all rounds</h2>\n<div class=wide><table class=bars>\n");
    for (name, kinds) in report.failures() {
        for (why, times) in kinds {
            let share = 100.0 * *times as f64 / most as f64;
            let _ = writeln!(
                html,
                "<tr><th>{}</th><td>{}</td><td>{}</td><td><i style=\"width:{share:.1}%\"></i></td></tr>",
                Escaped(name),
                Escaped(why),
                count(*times as f64)
            );
        }
    }
    html + "</table></div>\n"
}

/// What became of each threshold, where there were any.
fn thresholds(report: &Report) -> String {
    if report.thresholds.is_empty() {
        return String::new();
    }
    let mut html = String::from("<h2>Thresholds</h2>\n<ul class=verdicts>\n");
    for verdict in &report.thresholds {
        let class = if verdict.kept { "kept" } else { "broken" };
        let _ = writeln!(html, "<li class={class}>{}</li>", Escaped(&verdict.to_string()));
    }
    html + "</ul>\n"
}

/// Under what it was measured.
fn conditions(report: &Report) -> String {
    let Conditions { date, command_line, system, processor, memory_bytes, open_files_max, .. } =
        &report.conditions;
    let known = |value: Option<String>| value.unwrap_or_else(|| "not known".into());
    let build = if report.conditions.optimised { "optimised" } else { "not optimised" };
    let facts = [
        ("Date", date.clone()),
        ("Version", format!("{}, {build}", report.version)),
        ("CPUs", format!("{}, {}", report.cpus, known(processor.clone()))),
        ("System", system.clone()),
        ("Memory", known(memory_bytes.map(|bytes| HumanBytes(bytes).to_string()))),
        ("Open files", known(open_files_max.map(|most| format!("{most} at most")))),
    ];
    let whole = |name: &str, value: &str| {
        format!("<div class=whole><dt>{}</dt><dd>{}</dd></div>\n", Escaped(name), Escaped(value))
    };
    let mut html = String::from("<h2>Conditions</h2>\n<dl>\n");
    html += &whole("Command", command_line);
    html += &whole("Workload", &in_a_sentence(report));
    for (name, value) in facts {
        let _ = writeln!(html, "<div><dt>{name}</dt><dd>{}</dd></div>", Escaped(&value));
    }
    for (name, limits) in &report.conditions.changed_limits {
        html += &whole(&format!("Not at default: {name}"), &limits.join("; "));
    }
    html + "</dl>\n"
}

/// The page beyond its drawings; and in the dark, theirs too.
const STYLE: &str = include_str!("style.css");

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::Verdict;
    use super::super::tests::half_of_raw;
    use super::*;

    /// A report in which everything that is text would do harm as markup.
    fn hostile() -> Report {
        let mut report = half_of_raw();
        let harm = || "</style><script>alert('\"1\"')</script>".to_owned();
        report.workload = harm();
        report.contenders[1].name = harm();
        report.contenders[1].median.failures = BTreeMap::from([(harm(), 3)]);
        report.ratios[0].contender = harm();
        report.left_out = BTreeMap::from([(harm(), harm())]);
        report.thresholds =
            vec![Verdict { contender: harm(), key: harm(), bound: 1.0, value: None, kept: false }];
        report.conditions = Conditions {
            command_line: harm(),
            processor: Some(harm()),
            changed_limits: BTreeMap::from([(harm(), vec![harm()])]),
            ..Conditions::default()
        };
        report
    }

    #[test]
    fn no_text_becomes_markup() {
        let html = page(&hostile());
        assert!(!html.contains("<script"), "{html}");
        assert_eq!(html.matches("</style>").count(), 1);
        assert!(html.matches("&lt;script&gt;").count() >= 13);
    }

    #[test]
    fn it_needs_nothing_else() {
        let html = page(&half_of_raw());
        for outside in ["http:", "https:", "src=", "@import", "url(", "<link", "<script"] {
            assert!(!html.contains(outside), "{outside} in {html}");
        }
    }

    #[test]
    fn it_says_what_the_table_says() {
        let html = page(&half_of_raw());
        for text in ["<td>200,000</td>", "<th>half/raw</th>", "<td>0.50</td>", "64 x 16 in flight", "busy"] {
            assert!(html.contains(text), "{text} is missing in {html}");
        }
        assert!(html.contains("Built without optimisation"));
        assert!(html.contains("Latency distribution") && !html.contains("Errors over time"));
    }

    #[test]
    fn a_report_of_nothing_is_still_a_page() {
        let mut report = half_of_raw();
        (report.contenders, report.ratios, report.interrupted) = (Vec::new(), Vec::new(), true);
        let html = page(&report);
        assert!(
            html.contains("ended early") && html.contains("None, in any round") && !html.contains("<svg")
        );
    }
}
