//! When a snapshot was sent, in its first bytes, and how old it was on arrival. By the wall clock, which both processes of
//! one machine share.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Bytes that a stamp takes: a snapshot has at least so many.
pub(crate) const STAMP_BYTES: usize = 8;

/// Stamps `body` with the present, or with nothing if it is not `measured`.
pub(super) fn stamp(body: &mut [u8], measured: bool) {
    let at = if measured { now_ns() } else { 0 };
    if let Some(place) = body.first_chunk_mut() {
        *place = at.to_le_bytes();
    }
}

/// The age of a snapshot that arrives now; `None` if it bears no stamp.
pub(super) fn age_ns(body: &[u8]) -> Option<u64> {
    let sent = u64::from_le_bytes(*body.first_chunk::<STAMP_BYTES>()?);
    (sent > 0).then(|| now_ns().saturating_sub(sent))
}

/// The ages in one line of the child's.
pub(super) fn ages(line: &str) -> impl Iterator<Item = Duration> {
    line.split(' ').filter_map(|age| age.parse().ok()).map(Duration::from_nanos)
}

fn now_ns() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_stamped_has_an_age() {
        let mut body = [7; 32];
        stamp(&mut body, true);
        assert!(age_ns(&body).unwrap() < 60_000_000_000);
        stamp(&mut body, false);
        assert_eq!((age_ns(&body), age_ns(&[1; 7])), (None, None));
    }

    #[test]
    fn a_line_is_its_ages() {
        assert_eq!(ages("1500 7").collect::<Vec<_>>(), [1_500, 7].map(Duration::from_nanos));
        assert_eq!(ages("").count(), 0);
    }
}
