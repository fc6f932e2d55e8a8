//! One axis of a plot: where a value stands between its ends, and where the ticks are. Draws nothing.

use super::unit::Unit;

/// From its least to its greatest value, straight or in powers of ten.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Axis {
    pub(crate) unit: Unit,
    scale: Scale,
    least: f64,
    most: f64,
    /// Values with a line and a label.
    pub(crate) ticks: Vec<f64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scale {
    Linear,
    Logarithmic,
}

impl Axis {
    /// From zero to a round number that no value exceeds.
    pub(crate) fn from_zero(unit: Unit, values: impl Iterator<Item = f64>) -> Axis {
        let most = values.fold(0.0, f64::max).max(LEAST);
        let step = round_step(most / unit.base(most) / TICKS) * unit.base(most);
        let count = (most / step).ceil();
        let ticks = (0..=count as u32).map(|tick| f64::from(tick) * step).collect();
        Axis { unit, scale: Scale::Linear, least: 0.0, most: count * step, ticks }
    }

    /// From zero to exactly the last value, as time goes.
    pub(crate) fn until(unit: Unit, most: f64) -> Axis {
        let rounded = Axis::from_zero(unit, std::iter::once(most));
        let most = most.max(LEAST);
        // A sum of measured times may be a hair short of the round number it stands for.
        let ticks = rounded.ticks.into_iter().filter(|tick| *tick <= most * 1.001).collect();
        Axis { most, ticks, ..rounded }
    }

    /// In powers of ten that hold all values above zero.
    pub(crate) fn logarithmic(unit: Unit, values: impl Iterator<Item = f64>) -> Axis {
        let (least, most) =
            values.filter(|value| *value > 0.0).fold((f64::INFINITY, 0.0), |(least, most), value| {
                (f64::min(least, value), f64::max(most, value))
            });
        let (least, most) = if most > 0.0 { (least, most) } else { (1.0, 10.0) };
        // From 1, 2 or 5 to 1, 2 or 5, so that a narrow band fills the plot.
        let least =
            EDGES.map(|edge| edge * decade(least)).into_iter().rfind(|edge| *edge <= least).unwrap_or(least);
        let most = round_step(most).max(least * 10.0);
        let decades = least.log10().floor() as i32..=most.log10().ceil() as i32;
        let within: &[f64] = if most / least > FINE_UP_TO { &[1.0] } else { &EDGES };
        let ticks = decades.flat_map(|decade| within.iter().map(move |edge| 10_f64.powi(decade) * edge));
        let ticks = ticks.filter(|tick| *tick >= least * 0.999 && *tick <= most * 1.001).collect();
        Axis { unit, scale: Scale::Logarithmic, least, most, ticks }
    }

    /// Stretched evenly by factors from the first of `points` to the last, with a tick at each: what they grow by is
    /// seen as steps of about one width. Points are above zero, and ascend.
    pub(crate) fn by_factors(unit: Unit, points: &[f64]) -> Axis {
        let least = points.first().copied().unwrap_or(1.0);
        // An axis of one point still has a length.
        let most = points.last().copied().filter(|most| *most > least).unwrap_or(least * 2.0);
        Axis { unit, scale: Scale::Logarithmic, least, most, ticks: points.to_vec() }
    }

    /// In powers of ten from one, as far as `most`: nines.
    pub(crate) fn nines(most: f64) -> Axis {
        let most = most.max(10.0);
        let decades = (0..=most.log10().floor() as i32).map(|nines| 10_f64.powi(nines));
        Axis {
            unit: Unit::Nines,
            scale: Scale::Logarithmic,
            least: 1.0,
            most,
            ticks: std::iter::once(2.0).chain(decades).collect(),
        }
    }

    /// Where `value` stands: 0 at the least, 1 at the most, never beyond.
    pub(crate) fn place(&self, value: f64) -> f64 {
        let share = match self.scale {
            Scale::Linear => (value - self.least) / (self.most - self.least),
            Scale::Logarithmic => (value / self.least).log10() / (self.most / self.least).log10(),
        };
        share.clamp(0.0, 1.0)
    }
}

/// The next of 1, 2, 5 times a power of ten.
fn round_step(rough: f64) -> f64 {
    let decade = decade(rough);
    EDGES.map(|edge| edge * decade).into_iter().find(|edge| *edge >= rough * 0.999).unwrap_or(10.0 * decade)
}

/// The power of ten at or below `value`.
fn decade(value: f64) -> f64 {
    10_f64.powf(value.log10().floor())
}

/// Round numbers within a decade.
const EDGES: [f64; 3] = [1.0, 2.0, 5.0];
/// About so many ticks on a straight axis.
const TICKS: f64 = 5.0;
/// Up to this ratio of its ends a logarithmic axis has ticks at 2 and 5 as well.
const FINE_UP_TO: f64 = 2_000.0;
/// An axis of nothing but zeros still has a length.
const LEAST: f64 = 1e-9;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_straight_axis_ends_at_a_round_number() {
        let axis = Axis::from_zero(Unit::PerSecond, [3.0, 87_000.0].into_iter());
        assert_eq!(axis.ticks, [0.0, 20_000.0, 40_000.0, 60_000.0, 80_000.0, 100_000.0]);
        assert_eq!((axis.place(0.0), axis.place(50_000.0), axis.place(1e9)), (0.0, 0.5, 1.0));
        let memory = Axis::from_zero(Unit::Bytes, [9.0 * 1_048_576.0].into_iter());
        assert_eq!(memory.ticks[1], 2.0 * 1_048_576.0);
    }

    #[test]
    fn a_logarithmic_axis_holds_its_values_closely() {
        let axis = Axis::logarithmic(Unit::Microseconds, [30.0, 0.0, 900.0].into_iter());
        assert_eq!(
            axis.ticks.iter().map(|tick| tick.round()).collect::<Vec<_>>(),
            [20.0, 50.0, 100.0, 200.0, 500.0, 1_000.0]
        );
        assert!(axis.place(20.0) < 1e-9 && (axis.place(1_000.0) - 1.0).abs() < 1e-9);
        assert_eq!(axis.place(0.0), 0.0, "nothing is below the axis");
    }

    #[test]
    fn an_axis_by_factors_goes_from_point_to_point() {
        let axis = Axis::by_factors(Unit::Count, &[1.0, 4.0, 16.0]);
        assert_eq!([1.0, 4.0, 16.0].map(|point| axis.place(point)), [0.0, 0.5, 1.0]);
        assert_eq!(axis.ticks, [1.0, 4.0, 16.0]);
        assert_eq!(Axis::by_factors(Unit::Count, &[9.0]).place(9.0), 0.0);
    }

    #[test]
    fn an_axis_of_nothing_is_still_an_axis() {
        for axis in [
            Axis::from_zero(Unit::Bytes, std::iter::empty()),
            Axis::logarithmic(Unit::Microseconds, std::iter::empty()),
            Axis::until(Unit::Seconds, 0.0),
            Axis::by_factors(Unit::Count, &[]),
            Axis::nines(0.0),
        ] {
            assert!(axis.place(1.0).is_finite() && axis.ticks.len() < 20, "{axis:?}");
        }
    }
}
