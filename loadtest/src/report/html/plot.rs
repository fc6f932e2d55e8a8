//! Lines over two axes as inline SVG. Knows nothing of what they show; colours are the style sheet's.

use std::fmt::Write as _;

use super::axis::Axis;
use super::text::Escaped;

/// One plot with its heading and legend.
#[derive(Debug)]
pub(super) struct Plot {
    pub(super) title: String,
    /// What is shown and how to read it, in a sentence.
    pub(super) note: String,
    pub(super) x: Axis,
    pub(super) y: Axis,
    pub(super) lines: Vec<Line>,
    /// Where on `x` something begins anew: upright lines.
    pub(super) marks: Vec<f64>,
}

/// One line of a plot, in strokes that are not joined to each other.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) name: String,
    /// Number of its colour; they begin anew after the last.
    pub(super) colour: usize,
    pub(super) dashed: bool,
    pub(super) strokes: Vec<Vec<(f64, f64)>>,
}

impl Plot {
    /// A figure with heading, legend and drawing.
    pub(super) fn figure(&self) -> String {
        let mut html = format!("<figure>\n<h3>{}</h3>\n", Escaped(&self.title));
        let _ = writeln!(html, "<p class=note>{}</p>\n<p class=legend>", Escaped(&self.note));
        for line in &self.lines {
            let _ = writeln!(html, "<span><i class=\"{}\"></i>{}</span>", line.class(), Escaped(&line.name));
        }
        let _ = writeln!(html, "</p>\n{}</figure>", self.svg());
        html
    }

    fn svg(&self) -> String {
        let title = Escaped(&self.title);
        let mut svg = format!("<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=img aria-label=\"{title}\">\n");
        self.grid(&mut svg);
        for line in &self.lines {
            for stroke in &line.strokes {
                self.stroke(&mut svg, line, stroke);
            }
        }
        // Above all lines, so that the pointer finds them.
        for line in &self.lines {
            self.readings(&mut svg, line);
        }
        svg + "</svg>\n"
    }

    fn grid(&self, svg: &mut String) {
        let (left, right, top, bottom) = (LEFT, WIDTH - RIGHT, TOP, HEIGHT - BOTTOM);
        for tick in &self.y.ticks {
            let (y, label) = (self.up(*tick), self.y.unit.text(*tick));
            let _ = writeln!(svg, "<path class=grid d=\"M{left} {y:.1}H{right}\"/>");
            let _ = writeln!(svg, "<text class=y x={} y={:.1}>{label}</text>", left - 8.0, y + 4.0);
        }
        for tick in &self.x.ticks {
            let (x, label) = (self.along(*tick), self.x.unit.text(*tick));
            let _ = writeln!(svg, "<path class=tick d=\"M{x:.1} {bottom}v5\"/>");
            let _ = writeln!(svg, "<text class=x x={x:.1} y={}>{label}</text>", bottom + 20.0);
        }
        for mark in &self.marks {
            let _ = writeln!(svg, "<path class=mark d=\"M{:.1} {top}V{bottom}\"/>", self.along(*mark));
        }
    }

    fn stroke(&self, svg: &mut String, line: &Line, stroke: &[(f64, f64)]) {
        let class = line.class();
        if let [(x, y)] = stroke {
            let _ = writeln!(
                svg,
                "<circle class=\"dot {class}\" cx={:.1} cy={:.1} r=3 />",
                self.along(*x),
                self.up(*y)
            );
            return;
        }
        let mut path = String::new();
        for (place, (x, y)) in stroke.iter().enumerate() {
            let step = if place == 0 { 'M' } else { 'L' };
            let _ = write!(path, "{step}{:.1} {:.1}", self.along(*x), self.up(*y));
        }
        let _ = writeln!(svg, "<path class=\"line {class}\" d=\"{path}\"/>");
    }

    /// What the pointer reads where it rests.
    fn readings(&self, svg: &mut String, line: &Line) {
        let points: Vec<_> = line.strokes.iter().flatten().collect();
        for (x, y) in points.iter().step_by(points.len().div_ceil(READINGS_MAX).max(1)) {
            let (at, value) = (self.x.unit.text(*x), self.y.unit.text(*y));
            let _ = writeln!(
                svg,
                "<circle class=\"reading {}\" cx={:.1} cy={:.1} r=6><title>{}: {value} at {at}</title></circle>",
                line.class(),
                self.along(*x),
                self.up(*y),
                Escaped(&line.name)
            );
        }
    }

    fn along(&self, x: f64) -> f64 {
        LEFT + self.x.place(x) * (WIDTH - LEFT - RIGHT)
    }

    fn up(&self, y: f64) -> f64 {
        HEIGHT - BOTTOM - self.y.place(y) * (HEIGHT - TOP - BOTTOM)
    }
}

impl Line {
    fn class(&self) -> String {
        format!("c{}{}", colour(self.colour), if self.dashed { " dashed" } else { "" })
    }
}

/// One of the style sheet's colours; they begin anew after the last.
pub(super) fn colour(number: usize) -> usize {
    number % COLOURS
}

/// In units of the drawing, which are about a pixel each.
const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 260.0;
/// Room for labels.
const LEFT: f64 = 68.0;
const RIGHT: f64 = 20.0;
const TOP: f64 = 10.0;
const BOTTOM: f64 = 30.0;
/// As many as the style sheet has.
const COLOURS: usize = 10;
/// Per line: enough to point at, few enough for a small file.
const READINGS_MAX: usize = 100;

#[cfg(test)]
mod tests {
    use super::super::unit::Unit;
    use super::*;

    fn plot(strokes: Vec<Vec<(f64, f64)>>) -> Plot {
        Plot {
            title: "rate <b>".into(),
            note: "a & b".into(),
            x: Axis::until(Unit::Seconds, 2.0),
            y: Axis::from_zero(Unit::PerSecond, [100.0].into_iter()),
            lines: vec![Line { name: "\"x\"<".into(), colour: 11, dashed: true, strokes }],
            marks: vec![1.0],
        }
    }

    #[test]
    fn a_line_goes_from_corner_to_corner() {
        let html = plot(vec![vec![(0.0, 0.0), (2.0, 100.0)]]).figure();
        assert!(html.contains("class=\"line c1 dashed\" d=\"M68.0 230.0L700.0 10.0\""), "{html}");
        assert!(html.contains("class=mark d=\"M384.0"), "{html}");
    }

    #[test]
    fn a_lone_sample_is_a_dot() {
        assert!(plot(vec![vec![(1.0, 50.0)]]).figure().contains("class=\"dot c1 dashed\" cx=384.0 cy=120.0"));
    }

    #[test]
    fn names_are_text_and_nothing_else() {
        let html = plot(vec![vec![(1.0, 50.0)]]).figure();
        assert!(html.contains("rate &lt;b&gt;") && html.contains("a &amp; b"), "{html}");
        assert!(html.contains("&quot;x&quot;&lt;: 50/s at 1 s") && !html.contains("\"x\"<"), "{html}");
    }

    #[test]
    fn many_samples_keep_the_file_small() {
        let html = plot(vec![(0..5_000).map(|i| (f64::from(i) / 2_500.0, 1.0)).collect()]).figure();
        assert_eq!(html.matches("<title>").count(), READINGS_MAX);
    }
}
