//! Bounds that a run must keep to pass, from a file. Reads and judges; what a broken one leads to is the command
//! line's.
//!
//! ```toml
//! [farcall]
//! calls_per_second_min = 100_000
//! p99_us_max = 900
//! errors_max = 0
//! ratio_to.raw.calls_per_second_min = 0.8
//! ```
//!
//! A table is a contender, or a step of a scenario (`[all]` is their sum). A key is a figure of its medians and `_min`
//! or `_max`; below `ratio_to` it is about the figure divided by that of another.

use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::figure::{FIGURES, Figure, named};
use super::{Report, Standing};
use crate::failure::Trouble;

/// All bounds of a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Thresholds(Vec<Threshold>);

#[derive(Debug, Clone, PartialEq)]
struct Threshold {
    contender: String,
    ratio_to: Option<String>,
    key: String,
    figure: &'static Figure,
    side: Side,
    bound: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Least,
    Most,
}

/// What became of one threshold.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// Whom it is about.
    pub contender: String,
    /// As in the file: `p99_us_max`, `ratio_to.raw.p99_us_max`.
    pub key: String,
    /// The least or the most that keeps it.
    pub bound: f64,
    /// What was measured; `None` if that contender or figure is not in the report, which breaks the threshold.
    pub value: Option<f64>,
    /// Not broken.
    pub kept: bool,
}

impl Thresholds {
    /// Of a file in TOML, or in JSON if its name ends so.
    ///
    /// # Errors
    /// [`Trouble::System`] if it cannot be read; [`Trouble::Options`] names every key that is none.
    pub fn read(path: &Path) -> Result<Thresholds, Trouble> {
        let text = std::fs::read_to_string(path)
            .map_err(|why| Trouble::System { doing: format!("reading {}", path.display()), why })?;
        let is_json = path.extension().is_some_and(|extension| extension == "json");
        Thresholds::parse(&text, is_json)
            .map_err(|why| Trouble::Options(format!("{}: {why}", path.display())))
    }

    fn parse(text: &str, is_json: bool) -> Result<Thresholds, String> {
        let tables: Result<Map<String, Value>, String> = if is_json {
            serde_json::from_str(text).map_err(|why| why.to_string())
        } else {
            toml::from_str(text).map_err(|why| why.to_string())
        };
        let (mut thresholds, mut wrong) = (Vec::new(), Vec::new());
        for (contender, keys) in tables? {
            match keys {
                Value::Object(keys) => read_keys(&contender, None, keys, &mut thresholds, &mut wrong),
                _ => wrong.push(format!("`{contender}` is no table")),
            }
        }
        if wrong.is_empty() { Ok(Thresholds(thresholds)) } else { Err(wrong.join("; ")) }
    }

    /// Each threshold's verdict, in the order of the file's names.
    pub fn judge(&self, report: &Report) -> Vec<Verdict> {
        self.0.iter().map(|threshold| threshold.judge(report)).collect()
    }
}

impl Threshold {
    fn judge(&self, report: &Report) -> Verdict {
        let of = |name: &str| {
            let standing = report.contenders.iter().find(|standing: &&Standing| standing.name == name)?;
            (self.figure.of)(&standing.median)
        };
        let value = match &self.ratio_to {
            None => of(&self.contender),
            Some(other) => of(&self.contender).zip(of(other)).map(|(ours, theirs)| ours / theirs),
        };
        // Not a number (0 / 0) keeps nothing.
        let value = value.filter(|value| !value.is_nan());
        let kept = value.is_some_and(|value| match self.side {
            Side::Least => value >= self.bound,
            Side::Most => value <= self.bound,
        });
        Verdict { contender: self.contender.clone(), key: self.key.clone(), bound: self.bound, value, kept }
    }
}

impl std::fmt::Display for Verdict {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Verdict { contender, key, bound, value, kept } = self;
        let word = if *kept { "kept  " } else { "broken" };
        match value {
            Some(value) => write!(to, "{word} {contender} {key} = {bound}: {}", number(*value)),
            None => write!(to, "{word} {contender} {key} = {bound}: not in the report"),
        }
    }
}

/// The keys of one table, or of one below `ratio_to`.
fn read_keys(
    contender: &str,
    ratio_to: Option<&str>,
    keys: Map<String, Value>,
    thresholds: &mut Vec<Threshold>,
    wrong: &mut Vec<String>,
) {
    for (key, value) in keys {
        let whole = ratio_to.map_or_else(|| key.clone(), |other| format!("{RATIO_TO}.{other}.{key}"));
        match (value, figure(&key)) {
            (Value::Object(others), _) if key == RATIO_TO && ratio_to.is_none() => {
                for (other, keys) in others {
                    match keys {
                        Value::Object(keys) => read_keys(contender, Some(&other), keys, thresholds, wrong),
                        _ => wrong.push(format!("[{contender}] {RATIO_TO}.{other} is no table")),
                    }
                }
            }
            (value, Some((figure, side))) => match value.as_f64() {
                Some(bound) => thresholds.push(Threshold {
                    contender: contender.to_owned(),
                    ratio_to: ratio_to.map(str::to_owned),
                    key: whole,
                    figure,
                    side,
                    bound,
                }),
                None => wrong.push(format!("[{contender}] {whole} is no number")),
            },
            (_, None) => {
                let known: Vec<&str> = FIGURES.iter().map(|figure| figure.key).collect();
                let known = known.join(", ");
                wrong
                    .push(format!("[{contender}] {whole} is unknown; there are, with _min or _max: {known}"));
            }
        }
    }
}

/// Of `p99_us_max`.
fn figure(key: &str) -> Option<(&'static Figure, Side)> {
    let sides = [("_min", Side::Least), ("_max", Side::Most)];
    let (name, side) = sides.into_iter().find_map(|(end, side)| Some((key.strip_suffix(end)?, side)))?;
    Some((named(name)?, side))
}

/// As many digits as it takes to tell it from its bound by eye.
fn number(value: f64) -> String {
    let text = if value.abs() >= 100.0 { format!("{value:.1}") } else { format!("{value:.4}") };
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

const RATIO_TO: &str = "ratio_to";

#[cfg(test)]
mod tests {
    use super::super::tests::half_of_raw;
    use super::*;

    fn verdicts(text: &str) -> Vec<String> {
        let thresholds = Thresholds::parse(text, false).unwrap();
        thresholds.judge(&half_of_raw()).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn bounds_hold_up_to_themselves() {
        // The report's own figures: 100,000 calls a second, six errors, half of raw.
        assert_eq!(
            verdicts("[half]\ncalls_per_second_min = 100_000\nerrors_max = 5\nerrors_min = 6"),
            [
                "kept   half calls_per_second_min = 100000: 100000",
                "broken half errors_max = 5: 6",
                "kept   half errors_min = 6: 6",
            ]
        );
        assert_eq!(
            verdicts("[half]\nratio_to.raw.calls_per_second_min = 0.51"),
            ["broken half ratio_to.raw.calls_per_second_min = 0.51: 0.5"]
        );
    }

    #[test]
    fn who_is_missing_keeps_nothing() {
        let verdicts = verdicts("[nobody]\nerrors_max = 0\n[half]\nratio_to.none.p99_us_max = 3");
        assert_eq!(
            verdicts,
            [
                "broken half ratio_to.none.p99_us_max = 3: not in the report",
                "broken nobody errors_max = 0: not in the report",
            ]
        );
    }

    #[test]
    fn every_wrong_key_is_named() {
        let text =
            "loose = 1\n[half]\np99_max = 1\np50_us_max = 'x'\nratio_to.raw.speed_min = 1\nratio_to.x = 3";
        let why = Thresholds::parse(text, false).unwrap_err();
        for part in [
            "`loose` is no table",
            "[half] p99_max is unknown; there are, with _min or _max: calls_per_second, mean_us,",
            "[half] p50_us_max is no number",
            "[half] ratio_to.raw.speed_min is unknown",
            "[half] ratio_to.x is no table",
        ] {
            assert!(why.contains(part), "{part} is missing in {why}");
        }
    }

    #[test]
    fn json_is_the_same() {
        let json = r#"{ "half": { "p99_us_max": 3, "ratio_to": { "raw": { "p99_us_max": 3.5 } } } }"#;
        let toml = "[half]\np99_us_max = 3\nratio_to.raw.p99_us_max = 3.5";
        assert_eq!(Thresholds::parse(json, true).unwrap(), Thresholds::parse(toml, false).unwrap());
    }
}
