//! Numbers as people read them beside an axis or in a legend: few digits and a unit. Knows no positions.

use indicatif::HumanCount;

/// What a number on an axis counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    /// Microseconds, shown in the unit they are best read in.
    Microseconds,
    Seconds,
    Count,
    PerSecond,
    Bytes,
    /// `1 / (1 - quantile)`, shown as the percentile: each nine is as wide as the one before.
    Nines,
}

impl Unit {
    /// `value` in at most four digits.
    pub(crate) fn text(self, value: f64) -> String {
        match self {
            Unit::Microseconds if value >= 1e6 => format!("{} s", short(value / 1e6)),
            Unit::Microseconds if value >= 1e3 => format!("{} ms", short(value / 1e3)),
            Unit::Microseconds => format!("{} µs", short(value)),
            Unit::Seconds => format!("{} s", short(value)),
            Unit::PerSecond if value >= 1e6 => format!("{}M/s", short(value / 1e6)),
            Unit::PerSecond if value >= 1e4 => format!("{}k/s", short(value / 1e3)),
            Unit::PerSecond => format!("{}/s", short(value)),
            Unit::Count if value >= 1e3 => HumanCount(value.round() as u64).to_string(),
            Unit::Count => short(value),
            Unit::Bytes => {
                let (size, name) = binary(value);
                format!("{} {name}", short(value / size))
            }
            Unit::Nines => format!("{} %", percentile(value)),
        }
    }

    /// Ticks stand at round multiples of this.
    pub(crate) fn base(self, most: f64) -> f64 {
        match self {
            Unit::Bytes => binary(most).0,
            _ => 1.0,
        }
    }
}

/// The largest binary unit not above `bytes`.
fn binary(bytes: f64) -> (f64, &'static str) {
    const UNITS: [(f64, &str); 3] = [(1_073_741_824.0, "GiB"), (1_048_576.0, "MiB"), (1_024.0, "KiB")];
    UNITS.into_iter().find(|(size, _)| bytes >= *size).unwrap_or((1.0, "B"))
}

/// As many nines as are meant: 10 is 90, 1,000 is 99.9.
fn percentile(nines: f64) -> String {
    let percent = 100.0 - 100.0 / nines;
    let decimals = (nines.log10().ceil() - 2.0).clamp(0.0, 9.0) as usize;
    format!("{percent:.decimals$}")
}

/// Three or four digits, no zeros at the end.
fn short(value: f64) -> String {
    let decimals = match value.abs() {
        size if size >= 100.0 => 0,
        size if size >= 10.0 => 1,
        _ => 2,
    };
    let text = format!("{value:.decimals$}");
    if decimals == 0 { text } else { text.trim_end_matches('0').trim_end_matches('.').to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_few_digits_and_the_right_unit() {
        assert_eq!([20.0, 1_500.0, 2e6].map(|us| Unit::Microseconds.text(us)), ["20 µs", "1.5 ms", "2 s"]);
        assert_eq!(
            [0.0, 950.0, 123_456.0].map(|rate| Unit::PerSecond.text(rate)),
            ["0/s", "950/s", "123k/s"]
        );
        assert_eq!([4.0, 4_096.0].map(|count| Unit::Count.text(count)), ["4", "4,096"]);
        assert_eq!([512.0, 48.0 * 1_048_576.0].map(|bytes| Unit::Bytes.text(bytes)), ["512 B", "48 MiB"]);
        let nines = [1.0, 2.0, 10.0, 100.0, 1e3, 1e5];
        assert_eq!(
            nines.map(|nines| Unit::Nines.text(nines)),
            ["0 %", "50 %", "90 %", "99 %", "99.9 %", "99.999 %"]
        );
    }
}
