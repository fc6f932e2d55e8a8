//! Lines over two axes as SVG, inline in a page or within a picture. Knows nothing of what they show; colours are the
//! style sheet's. Well-formed as XML too: a picture in a file of its own is read as such.

use std::fmt::Write as _;

use super::axis::Axis;
use super::text::Escaped;

/// One plot with its heading and legend.
#[derive(Debug)]
pub(crate) struct Plot {
    pub(crate) title: String,
    /// What is shown and how to read it, in a sentence.
    pub(crate) note: String,
    pub(crate) x: Axis,
    pub(crate) y: Axis,
    pub(crate) lines: Vec<Line>,
    /// Where on `x` something begins anew: upright lines.
    pub(crate) marks: Vec<f64>,
    pub(crate) look: Look,
}

/// How large a plot is drawn, and whether its values stand out.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Look {
    /// In units of the drawing, which are about a pixel each; room for labels included.
    pub(crate) width: f64,
    pub(crate) height: f64,
    /// Each value is a dot on its line: where there are few, and what lies between was not measured.
    pub(crate) dots: bool,
}

impl Look {
    /// On the page of a report.
    pub(super) const PAGE: Look = Look { width: 720.0, height: 260.0, dots: false };

    /// Half-way along the axis `x`, which has room for labels on both its sides.
    pub(crate) const fn middle(self) -> f64 {
        f64::midpoint(LEFT, self.width - RIGHT)
    }
}

/// One line of a plot, in strokes that are not joined to each other.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) name: String,
    /// Number of its colour; they begin anew after the last.
    pub(crate) colour: usize,
    pub(crate) dashed: bool,
    pub(crate) strokes: Vec<Vec<(f64, f64)>>,
}

impl Plot {
    /// A figure with heading, legend and drawing.
    pub(crate) fn figure(&self) -> String {
        let mut html = format!("<figure>\n<h3>{}</h3>\n", Escaped(&self.title));
        let _ = writeln!(html, "<p class=note>{}</p>\n<p class=legend>", Escaped(&self.note));
        for line in &self.lines {
            let _ = writeln!(html, "<span><i class=\"{}\"></i>{}</span>", line.class(), Escaped(&line.name));
        }
        let _ = writeln!(html, "</p>\n{}</figure>", self.svg());
        html
    }

    fn svg(&self) -> String {
        let (title, Look { width, height, .. }) = (Escaped(&self.title), self.look);
        format!(
            "<svg viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"{title}\">\n{}</svg>\n",
            self.drawing()
        )
    }

    /// Grid and lines, from the upper left corner of its own [`Look`].
    pub(crate) fn drawing(&self) -> String {
        let mut svg = String::new();
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
        svg
    }

    fn grid(&self, svg: &mut String) {
        let (left, right, top, bottom) = (LEFT, self.right(), TOP, self.bottom());
        for tick in &self.y.ticks {
            let (y, label) = (self.up(*tick), self.y.unit.text(*tick));
            let _ = writeln!(svg, "<path class=\"grid\" d=\"M{left} {y:.1}H{right}\"/>");
            let _ =
                writeln!(svg, "<text class=\"y\" x=\"{}\" y=\"{:.1}\">{label}</text>", left - 8.0, y + 4.0);
        }
        for tick in &self.x.ticks {
            let (x, label) = (self.along(*tick), self.x.unit.text(*tick));
            let _ = writeln!(svg, "<path class=\"tick\" d=\"M{x:.1} {bottom}v5\"/>");
            let _ = writeln!(svg, "<text class=\"x\" x=\"{x:.1}\" y=\"{}\">{label}</text>", bottom + 20.0);
        }
        for mark in &self.marks {
            let _ = writeln!(svg, "<path class=\"mark\" d=\"M{:.1} {top}V{bottom}\"/>", self.along(*mark));
        }
    }

    fn stroke(&self, svg: &mut String, line: &Line, stroke: &[(f64, f64)]) {
        let class = line.class();
        if self.look.dots || stroke.len() == 1 {
            for (x, y) in stroke {
                let (x, y) = (self.along(*x), self.up(*y));
                let _ = writeln!(svg, "<circle class=\"dot {class}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3\"/>");
            }
        }
        if stroke.len() == 1 {
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
                "<circle class=\"reading {}\" cx=\"{:.1}\" cy=\"{:.1}\" r=\"6\"><title>{}: {value} at {at}</title></circle>",
                line.class(),
                self.along(*x),
                self.up(*y),
                Escaped(&line.name)
            );
        }
    }

    fn along(&self, x: f64) -> f64 {
        LEFT + self.x.place(x) * (self.right() - LEFT)
    }

    fn up(&self, y: f64) -> f64 {
        self.bottom() - self.y.place(y) * (self.bottom() - TOP)
    }

    fn right(&self) -> f64 {
        self.look.width - RIGHT
    }

    fn bottom(&self) -> f64 {
        self.look.height - BOTTOM
    }
}

impl Line {
    fn class(&self) -> String {
        format!("c{}{}", colour(self.colour), if self.dashed { " dashed" } else { "" })
    }
}

/// What drawings look like, on a light ground: colours, lines, labels.
pub(crate) const STYLE: &str = include_str!("drawing.css");

/// One of the style sheet's colours; they begin anew after the last.
pub(crate) fn colour(number: usize) -> usize {
    number % COLOURS
}

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
            look: Look::PAGE,
        }
    }

    #[test]
    fn a_line_goes_from_corner_to_corner() {
        let html = plot(vec![vec![(0.0, 0.0), (2.0, 100.0)]]).figure();
        assert!(html.contains("class=\"line c1 dashed\" d=\"M68.0 230.0L700.0 10.0\""), "{html}");
        assert!(html.contains("class=\"mark\" d=\"M384.0"), "{html}");
    }

    #[test]
    fn a_lone_sample_is_a_dot() {
        assert!(
            plot(vec![vec![(1.0, 50.0)]])
                .figure()
                .contains("class=\"dot c1 dashed\" cx=\"384.0\" cy=\"120.0\"")
        );
    }

    #[test]
    fn few_values_stand_out() {
        let dotted = Look { dots: true, ..Look::PAGE };
        let plot = Plot { look: dotted, ..plot(vec![vec![(0.0, 0.0), (1.0, 50.0), (2.0, 100.0)]]) };
        assert_eq!(plot.figure().matches("class=\"dot").count(), 3);
        assert!(plot.figure().contains("class=\"line"));
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
