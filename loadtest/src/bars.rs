//! A histogram on its way from one process to another: its values, and how many there were of each. Records nothing
//! itself.

use std::collections::BTreeMap;

use hdrhistogram::Histogram;

/// Values, and how many there were of each.
pub(crate) type Bars = BTreeMap<u64, u64>;

/// What `histogram` holds.
pub(crate) fn of(histogram: &Histogram<u64>) -> Bars {
    let recorded = histogram.iter_recorded();
    recorded.map(|bar| (bar.value_iterated_to(), bar.count_at_value())).collect()
}

/// Adds `bars` to what `histogram` holds.
pub(crate) fn add(bars: &Bars, histogram: &mut Histogram<u64>) {
    bars.iter().for_each(|(value, times)| histogram.saturating_record_n(*value, *times));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tally::Counts;

    #[test]
    fn what_arrives_is_what_was_sent() {
        let mut sent = Counts::new().unwrap().latency_ns;
        for value in [150, 2_000, 2_000, 7_000_000] {
            sent.record(value).unwrap();
        }
        let mut arrived = Counts::new().unwrap().latency_ns;
        add(&of(&sent), &mut arrived);
        assert_eq!(arrived, sent);
        add(&of(&sent), &mut arrived);
        assert_eq!(arrived.len(), 8);
    }
}
