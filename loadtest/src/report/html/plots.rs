//! Which plots a report has, and what is on their axes. Draws none of them.

use super::axis::Axis;
use super::plot::{Line, Look, Plot};
use super::unit::Unit;
use crate::report::words::Words;
use crate::report::{Report, Standing};
use crate::series::Sample;

/// One figure of a sample, where it has it.
type Of = fn(&Sample) -> Option<f64>;

/// All plots that this report has something for, in the order of the page.
pub(super) fn plots(report: &Report) -> Vec<Plot> {
    let mut plots = latencies(report);
    plots.extend([throughput(report), distribution(report), memory(report), bots(report), errors(report)]);
    plots.iter_mut().for_each(|plot| plot.lines.retain(|line| !line.strokes.is_empty()));
    plots.retain(|plot| !plot.lines.is_empty());
    plots
}

/// p50, p99 and p99.9 over time, a plot for each contender, all on the same axes: they are to be compared.
fn latencies(report: &Report) -> Vec<Plot> {
    let percentiles: [(&str, Of); 3] = [
        ("p50", |sample| Some(sample.latency_us?.p50)),
        ("p99", |sample| Some(sample.latency_us?.p99)),
        ("p99.9", |sample| Some(sample.latency_us?.p99_9)),
    ];
    let samples = report.contenders.iter().flat_map(|standing| standing.series.iter().flatten());
    let values = samples.flat_map(|sample| percentiles.iter().filter_map(|(_, of)| of(sample)));
    let y = Axis::logarithmic(Unit::Microseconds, values);
    let plot = |standing: &Standing| Plot {
        title: format!("Latency: {}", standing.name),
        note: "Of what ended in each stretch of time; logarithmic.".into(),
        x: time(report),
        y: y.clone(),
        lines: percentiles
            .iter()
            .enumerate()
            .map(|(place, (name, of))| Line {
                name: (*name).to_owned(),
                colour: PERCENTILES + place,
                dashed: false,
                strokes: strokes(standing, of),
            })
            .collect(),
        marks: marks(report),
        look: Look::PAGE,
    };
    report.contenders.iter().map(plot).collect()
}

fn throughput(report: &Report) -> Plot {
    let lines = each(report, |sample| Some(sample.calls_per_second));
    Plot {
        title: "Throughput".into(),
        note: format!("{} per second, over each stretch of time.", capital(report.counted.name())),
        y: Axis::from_zero(Unit::PerSecond, values(&lines)),
        ..over_time(report, lines)
    }
}

fn memory(report: &Report) -> Plot {
    let Words { here, there, .. } = Words::of(report);
    let mut lines = Vec::new();
    for (colour, standing) in report.contenders.iter().enumerate() {
        let ends: [(&str, bool, Of); 2] = [
            (there, false, |sample| sample.answerer_rss_bytes.map(|bytes| bytes as f64)),
            (here, true, |sample| sample.caller_rss_bytes.map(|bytes| bytes as f64)),
        ];
        for (end, dashed, of) in ends {
            let strokes = strokes(standing, &of);
            let most = strokes.iter().flatten().map(|(_, bytes)| *bytes).fold(0.0, f64::max);
            if most > 0.0 {
                let (all, one) = (Unit::Bytes.text(most), Unit::Bytes.text(most / report.bots.max(1) as f64));
                let name = format!("{}, {end}: {all}, {one} a session", standing.name);
                lines.push(Line { name, colour, dashed, strokes });
            }
        }
    }
    Plot {
        title: "Memory".into(),
        note: "Resident memory of both processes; at most, and divided by the sessions, the process itself included."
            .into(),
        y: Axis::from_zero(Unit::Bytes, values(&lines)),
        ..over_time(report, lines)
    }
}

/// Only where something failed.
fn errors(report: &Report) -> Plot {
    let per_second = |sample: &Sample| {
        Some(sample.failures.values().sum::<u64>() as f64 / sample.seconds.max(f64::EPSILON))
    };
    let mut samples = report.contenders.iter().flat_map(|standing| standing.series.iter().flatten());
    let any = samples.any(|sample| !sample.failures.is_empty());
    let lines = if any { each(report, per_second) } else { Vec::new() };
    Plot {
        title: "Errors over time".into(),
        note: "Of all kinds, per second.".into(),
        y: Axis::from_zero(Unit::PerSecond, values(&lines)),
        ..over_time(report, lines)
    }
}

/// Only where bots begin while it is measured.
fn bots(report: &Report) -> Plot {
    let lines = each(report, |sample| sample.bots.map(|bots| bots as f64));
    Plot {
        title: "Bots".into(),
        note: "At work at the time.".into(),
        y: Axis::from_zero(Unit::Count, values(&lines)),
        ..over_time(report, lines)
    }
}

/// All latencies, as how long so many of a hundred took at most.
fn distribution(report: &Report) -> Plot {
    let curve = |standing: &Standing| -> Vec<(f64, f64)> {
        // The slowest of all has no place on an axis of nines; it stands in the table.
        let points = standing.distribution.iter().filter(|point| point.quantile < 1.0);
        points.map(|point| (1.0 / (1.0 - point.quantile), point.us)).collect()
    };
    let lines: Vec<Line> = report
        .contenders
        .iter()
        .enumerate()
        .map(|(colour, standing)| {
            let strokes = Some(curve(standing)).filter(|points| !points.is_empty());
            Line {
                name: standing.name.clone(),
                colour,
                dashed: false,
                strokes: strokes.into_iter().collect(),
            }
        })
        .collect();
    let furthest = lines.iter().flat_map(|line| line.strokes.iter().flatten()).map(|(x, _)| *x);
    Plot {
        title: "Latency distribution".into(),
        note: "So many of a hundred took so long at most; each nine is as wide as the one before.".into(),
        x: Axis::nines(furthest.fold(0.0, f64::max)),
        y: Axis::logarithmic(Unit::Microseconds, values(&lines)),
        lines,
        marks: Vec::new(),
        look: Look::PAGE,
    }
}

/// A line for each contender.
fn each(report: &Report, of: impl Fn(&Sample) -> Option<f64>) -> Vec<Line> {
    let line = |(colour, standing): (usize, &Standing)| Line {
        name: standing.name.clone(),
        colour,
        dashed: false,
        strokes: strokes(standing, &of),
    };
    report.contenders.iter().enumerate().map(line).collect()
}

/// A plot over the time of all rounds, without its own words and upright axis.
fn over_time(report: &Report, lines: Vec<Line>) -> Plot {
    Plot {
        title: String::new(),
        note: String::new(),
        x: time(report),
        y: Axis::from_zero(Unit::Count, std::iter::empty()),
        lines,
        marks: marks(report),
        look: Look::PAGE,
    }
}

/// A stroke for each round; rounds follow each other although other contenders had their turns between.
fn strokes(standing: &Standing, of: &dyn Fn(&Sample) -> Option<f64>) -> Vec<Vec<(f64, f64)>> {
    let mut began = 0.0;
    let mut strokes = Vec::new();
    for (samples, figures) in standing.series.iter().zip(&standing.rounds) {
        let points: Vec<_> =
            samples.iter().filter_map(|sample| Some((began + sample.at_seconds, of(sample)?))).collect();
        if !points.is_empty() {
            strokes.push(points);
        }
        began += figures.seconds;
    }
    strokes
}

/// As long as the longest contender's rounds together.
fn time(report: &Report) -> Axis {
    let lengths =
        report.contenders.iter().map(|standing| standing.rounds.iter().map(|round| round.seconds).sum());
    Axis::until(Unit::Seconds, lengths.fold(0.0, f64::max))
}

/// Where rounds after the first begin.
fn marks(report: &Report) -> Vec<f64> {
    let rounds = report.contenders.first().map(|standing| standing.rounds.as_slice()).unwrap_or_default();
    let ends = rounds.iter().scan(0.0, |end, round| {
        *end += round.seconds;
        Some(*end)
    });
    let inner = rounds.len().saturating_sub(1);
    ends.take(inner).collect()
}

fn values(lines: &[Line]) -> impl Iterator<Item = f64> {
    lines.iter().flat_map(|line| line.strokes.iter().flatten()).map(|(_, y)| *y)
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// The first of the colours kept for percentiles, after those of contenders.
const PERCENTILES: usize = 7;
