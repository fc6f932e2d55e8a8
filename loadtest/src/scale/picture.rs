//! A sweep as an SVG file that needs nothing else, to stand in a document on light or dark ground. Only arranges:
//! plots are those of the report's page.

use std::fmt::Write as _;

use super::sweep::Measure;
use super::swept::{Swept, Unmeasured};
use crate::report::html::axis::Axis;
use crate::report::html::plot::{self, Line, Look, Plot};
use crate::report::html::text::Escaped;
use crate::report::html::unit::Unit;

/// Title, legend, and a plot for each measure; the last compares with the baseline, if there is one.
pub(super) fn picture(swept: &Swept, points: &[usize]) -> String {
    let mut plots: Vec<Plot> =
        swept.sweep.measures.iter().map(|measure| plot(swept, points, measure)).collect();
    plots.extend(swept.baseline().map(|baseline| ratios(swept, points, baseline)));
    let height = TOP + plots.len().div_ceil(COLUMNS) as f64 * ROW;
    let title = Escaped(swept.sweep.title);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{height}\" viewBox=\"0 0 {WIDTH} {height}\" role=\"img\">\n\
         <title>{title}</title>\n<style>\n{}{STYLE}</style>\n\
         <rect class=\"ground\" x=\"0.5\" y=\"0.5\" width=\"{}\" height=\"{}\" rx=\"8\"/>\n\
         <text class=\"title\" x=\"{MARGIN}\" y=\"32\">{title}</text>\n\
         <text x=\"{MARGIN}\" y=\"52\">{}</text>\n",
        plot::STYLE,
        WIDTH - 1.0,
        height - 1.0,
        Escaped(&circumstances(swept)),
    );
    if let Some(missing) = missing(swept, points) {
        let _ = writeln!(svg, "<text x=\"{MARGIN}\" y=\"68\">{}</text>", Escaped(&missing));
    }
    legend(&mut svg, &swept.contenders());
    for (place, plot) in plots.iter().enumerate() {
        let (column, row) = (place % COLUMNS, place / COLUMNS);
        let (x, y) = (MARGIN + column as f64 * COLUMN, TOP + row as f64 * ROW);
        panel(&mut svg, plot, swept.sweep.axis, x, y);
    }
    svg + "</svg>\n"
}

/// One measure of everyone.
fn plot(swept: &Swept, points: &[usize], measure: &Measure) -> Plot {
    let contenders = swept.contenders();
    let lines = contenders.iter().enumerate().map(|(colour, contender)| {
        let points = swept.points.iter();
        let values = points.filter_map(|point| Some((point.at as f64, point.value(contender, measure)?)));
        line(contender, colour, false, values)
    });
    let lines: Vec<Line> = lines.collect();
    let y = match measure.unit {
        // To stay as it is: from zero, a change is seen for what it is.
        Unit::Bytes => Axis::from_zero(measure.unit, values(&lines)),
        unit => Axis::logarithmic(unit, values(&lines)),
    };
    Plot { title: measure.title.into(), note: measure.note.into(), ..over(swept, points, y, lines) }
}

/// The first two measures of everyone but the baseline, divided by its.
fn ratios(swept: &Swept, points: &[usize], baseline: &str) -> Plot {
    let [first, second, _] = &swept.sweep.measures;
    let mut lines = Vec::new();
    for (colour, contender) in swept.contenders().into_iter().enumerate() {
        for (measure, dashed) in [(first, false), (second, true)] {
            let points = swept.points.iter();
            let values = points.filter_map(|point| Some((point.at as f64, point.ratio(contender, measure)?)));
            lines.push(line(contender, colour, dashed, values));
        }
    }
    let y = Axis::logarithmic(Unit::Count, values(&lines));
    Plot {
        title: format!("ratio to {baseline}"),
        note: format!("of {}; dashed: of {}", first.title, second.title),
        ..over(swept, points, y, lines)
    }
}

/// A plot over what grows, without its own words.
fn over(swept: &Swept, points: &[usize], y: Axis, lines: Vec<Line>) -> Plot {
    let points: Vec<f64> = points.iter().map(|point| *point as f64).collect();
    let x = Axis::by_factors(swept.sweep.unit, &points);
    Plot { title: String::new(), note: String::new(), x, y, lines, marks: Vec::new(), look: LOOK }
}

/// Without zeros: they have no place on an axis in powers of ten, and the table and the errors tell of them.
fn line(name: &str, colour: usize, dashed: bool, values: impl Iterator<Item = (f64, f64)>) -> Line {
    let stroke = Some(values.filter(|(_, value)| *value > 0.0).collect::<Vec<_>>())
        .filter(|stroke| !stroke.is_empty());
    Line { name: name.to_owned(), colour, dashed, strokes: stroke.into_iter().collect() }
}

fn values(lines: &[Line]) -> impl Iterator<Item = f64> {
    lines.iter().flat_map(|line| line.strokes.iter().flatten()).map(|(_, y)| *y)
}

/// A plot with its words: what it shows above, what grows below.
fn panel(svg: &mut String, plot: &Plot, axis: &str, x: f64, y: f64) {
    let _ = writeln!(
        svg,
        "<g transform=\"translate({x} {y})\">\n\
         <text x=\"0\" y=\"14\"><tspan class=\"heading\">{}</tspan> {}</text>\n\
         <g transform=\"translate(0 {HEADING})\">\n{}\
         <text class=\"x\" x=\"{}\" y=\"{}\">{}</text>\n</g>\n</g>",
        Escaped(&plot.title),
        Escaped(&plot.note),
        plot.drawing(),
        LOOK.middle(),
        LOOK.height + AXIS_TITLE,
        Escaped(axis),
    );
}

/// Who is which line, from the right edge leftwards, so that it stands clear of the title.
fn legend(svg: &mut String, contenders: &[&str]) {
    let mut right = WIDTH - MARGIN;
    for (colour, contender) in contenders.iter().enumerate().rev() {
        let text = right - contender.chars().count() as f64 * LETTER;
        let (colour, mark) = (plot::colour(colour), text - LEGEND_MARK);
        let _ = writeln!(
            svg,
            "<path class=\"line c{colour}\" d=\"M{mark} 28h20\"/><circle class=\"dot c{colour}\" cx=\"{}\" \
             cy=\"28\" r=\"3\"/><text class=\"name\" x=\"{text}\" y=\"32\">{}</text>",
            mark + 10.0,
            Escaped(contender),
        );
        right = mark - LEGEND_GAP;
    }
}

/// How it was measured, in a sentence.
fn circumstances(swept: &Swept) -> String {
    let Some(report) = swept.points.first().map(|point| &point.report) else {
        return "Nothing was measured.".into();
    };
    let rounds = match report.rounds {
        1 => "One round at each value".to_owned(),
        rounds => format!("Medians of {rounds} rounds at each value, interleaved"),
    };
    let build = if report.conditions.optimised { "" } else { "; built without optimisation" };
    format!(
        "{rounds}; both ends on one machine with {} CPUs; workload {}; {}{build}",
        report.cpus, report.workload, report.conditions.date
    )
}

/// The values that have no dots, or not those of all rounds. Why in full stands below the table, where there is room.
fn missing(swept: &Swept, points: &[usize]) -> Option<String> {
    let of = |unmeasured: &[Unmeasured]| unmeasured.iter().map(|one| one.at).collect::<Vec<_>>();
    let (left_out, failed) = (of(&swept.left_out), of(&swept.failed));
    let has_all = |at: &usize| swept.points.iter().any(|point| point.at == *at && !point.report.interrupted);
    let told = |at: &usize| left_out.contains(at) || failed.contains(at);
    let interrupted = points.iter().copied().filter(|at| !has_all(at) && !told(at)).collect();
    let kinds = [
        ("left out for a limit of the machine", left_out),
        ("failed", failed),
        ("interrupted before", interrupted),
    ];
    let kinds = kinds.into_iter().filter(|(_, values)| !values.is_empty()).map(|(kind, values)| {
        let values = values.into_iter().map(|at| swept.sweep.unit.text(at as f64));
        format!("{kind}: {}", values.collect::<Vec<_>>().join(", "))
    });
    Some(kinds.collect::<Vec<_>>().join("; ")).filter(|missing| !missing.is_empty())
}

/// A ground of its own, and words beside plots.
const STYLE: &str = include_str!("picture.css");
const LOOK: Look = Look { width: 440.0, height: 230.0, dots: true };
const COLUMNS: usize = 2;
/// In units of the drawing, which are about a pixel each.
const MARGIN: f64 = 20.0;
const COLUMN: f64 = LOOK.width + 20.0;
const WIDTH: f64 = MARGIN * 2.0 + COLUMN * COLUMNS as f64 - 20.0;
/// Above the first plots: title, circumstances.
const TOP: f64 = 74.0;
const HEADING: f64 = 22.0;
/// Below a plot's labels.
const AXIS_TITLE: f64 = 10.0;
const ROW: f64 = HEADING + LOOK.height + AXIS_TITLE + 24.0;
/// At least as wide as a letter of a name.
const LETTER: f64 = 8.0;
const LEGEND_MARK: f64 = 27.0;
const LEGEND_GAP: f64 = 18.0;

#[cfg(test)]
mod tests {
    use super::super::sweep::SWEEPS;
    use super::super::swept::tests::{half_alone, half_of_raw};
    use super::*;

    #[test]
    fn everyone_has_a_line_in_each_plot_and_a_dot_for_each_value() {
        let svg = picture(&half_of_raw(), &[1, 16]);
        // Raw in three plots, half in three and twice in that of ratios; and both in the legend.
        assert_eq!(svg.matches("class=\"line c0\"").count(), 3 + 1);
        assert_eq!(svg.matches("class=\"line c1\"").count(), 3 + 1 + 1);
        assert_eq!(svg.matches("class=\"line c1 dashed\"").count(), 1);
        assert_eq!(svg.matches("class=\"dot c1\"").count(), (3 + 1) * 2 + 1);
        assert_eq!(svg.matches(">calls in flight</text>").count(), 4);
    }

    #[test]
    fn whoever_is_alone_has_no_plot_of_ratios() {
        let svg = picture(&half_alone(), &[1, 16]);
        assert_eq!(svg.matches("class=\"line c0\"").count(), 3 + 1);
        assert!(!svg.contains("ratio to"), "{svg}");
    }

    #[test]
    fn nothing_is_no_value_on_an_axis_in_powers_of_ten() {
        let mut swept = half_of_raw();
        swept.points[1].report.contenders[1].median.calls_per_second = 0.0;
        let svg = picture(&swept, &[1, 16]);
        // Of three plots, of ratios twice, and of the legend; without the rate at 16 and its ratio.
        assert_eq!(svg.matches("class=\"dot c1\"").count(), (3 + 1) * 2 + 1 - 2);
    }

    #[test]
    fn headings_fit_above_their_plots() {
        for sweep in &SWEEPS {
            for measure in &sweep.measures {
                let letters = |text: &str| text.chars().count() as f64;
                let width = letters(measure.title) * 8.5 + letters(measure.note) * 6.5;
                assert!(width < LOOK.width - 10.0, "{measure:?}");
            }
        }
    }

    #[test]
    fn it_is_an_element_of_nothing_else() {
        let svg = picture(&half_of_raw(), &[1, 16]);
        for outside in ["https:", "href", "@import", "url(", "<script"] {
            assert!(!svg.contains(outside), "{outside} in {svg}");
        }
        // Every attribute is quoted and every element closed, as XML asks.
        assert!(!svg.replace("=\"", "").contains('='), "{svg}");
        let opened = svg.matches('<').count() - svg.matches("</").count() - svg.matches("/>").count();
        assert_eq!(opened, svg.matches("</").count(), "{svg}");
    }

    #[test]
    fn values_without_dots_are_named() {
        let one = |at| vec![Unmeasured { at, why: "why".into() }];
        let mut swept = Swept { left_out: one(4_096), failed: one(64), ..half_of_raw() };
        let all = [1, 16, 64, 256, 4_096];
        let left_out = "left out for a limit of the machine: 4,096; failed: 64";
        assert_eq!(missing(&swept, &all), Some(format!("{left_out}; interrupted before: 256")));
        swept.points[1].report.interrupted = true;
        assert_eq!(missing(&swept, &all), Some(format!("{left_out}; interrupted before: 16, 256")));
        assert!(picture(&swept, &all).contains(left_out));
        assert_eq!(missing(&half_of_raw(), &[1, 16]), None);
    }

    #[test]
    fn a_sweep_of_nothing_is_still_a_picture() {
        let svg = picture(&Swept { points: Vec::new(), ..half_of_raw() }, &[1, 16]);
        assert!(svg.contains("Nothing was measured.") && !svg.contains("NaN"), "{svg}");
    }
}
