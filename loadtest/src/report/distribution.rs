//! All latencies of a contender as a curve: how long so many of a hundred calls took at most. Plain arithmetic.

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

/// One point of the curve.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// This share of all calls, from 0 to 1, ...
    pub quantile: f64,
    /// ... took so long at most.
    pub us: f64,
}

/// The curve of all `rounds` together, as far out as there are calls to tell; empty without any.
pub(crate) fn distribution<'a>(rounds: impl IntoIterator<Item = &'a Histogram<u64>>) -> Vec<Point> {
    let mut all: Option<Histogram<u64>> = None;
    for round in rounds {
        match &mut all {
            None => all = Some(round.clone()),
            // Same bounds everywhere, so nothing falls out.
            Some(all) => drop(all.add(round)),
        }
    }
    let Some(all) = all.filter(|all| !all.is_empty()) else { return Vec::new() };
    // Beyond one call in all, the curve would only repeat the slowest.
    let told = quantiles().take_while(|quantile| (1.0 - quantile) * all.len() as f64 >= 1.0);
    let points = told.map(|quantile| Point { quantile, us: all.value_at_quantile(quantile) as f64 / 1e3 });
    points.chain([Point { quantile: 1.0, us: all.max() as f64 / 1e3 }]).collect()
}

/// Denser towards the end: each nine is as wide as the one before.
fn quantiles() -> impl Iterator<Item = f64> {
    (0..=NINES_MAX * STEPS_PER_NINE)
        .map(|step| 1.0 - 10_f64.powf(-f64::from(step) / f64::from(STEPS_PER_NINE)))
}

/// Up to 99.99999 %.
const NINES_MAX: u32 = 7;
const STEPS_PER_NINE: u32 = 10;

#[cfg(test)]
mod tests {
    use super::*;

    fn histogram(values: impl Iterator<Item = u64>) -> Histogram<u64> {
        let mut histogram = Histogram::new(3).unwrap();
        values.for_each(|us| histogram.record(us * 1_000).unwrap());
        histogram
    }

    #[test]
    fn rounds_make_one_curve_that_only_rises() {
        let (low, high) = (histogram(1..=500), histogram(501..=1_000));
        let curve = distribution([&low, &high]);
        let tenth = curve.iter().find(|point| (point.quantile - 0.9).abs() < 1e-9).unwrap();
        assert!((tenth.us - 900.0).abs() < 2.0, "{tenth:?}");
        assert!(curve.is_sorted_by(|one, next| one.us <= next.us && one.quantile < next.quantile));
        let last = curve.last().unwrap();
        assert!(last.quantile == 1.0 && (last.us - 1_000.0).abs() < 2.0, "{last:?}");
        assert!(curve[curve.len() - 2].quantile <= 0.9991, "a thousand calls have three nines: {curve:?}");
    }

    #[test]
    fn no_calls_make_no_curve() {
        assert!(distribution([&histogram(1..1)]).is_empty());
        assert!(distribution([]).is_empty());
    }
}
