//! What is pushed to everyone, and the account of whom it reached. Counts; knows nothing of connections.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use farcall_client::{Context, State, route};
use farcall_protocol::contract;
use tokio::sync::Notify;

/// What every session's client serves.
#[contract(served_by = client)]
pub trait Listener {
    /// The one push.
    #[notify]
    fn reach();
}

#[route(Listener::reach)]
fn reach(reached: State<Reached>, ctx: Context) {
    reached.mark(ctx.uid().as_str());
}

/// Which sessions of one process the push has reached: a bit each, so that one reached twice does not pass for two.
#[derive(Debug)]
pub(super) struct Reached {
    /// The uid of the first session of this process.
    first: u64,
    bits: Vec<AtomicU64>,
    once: AtomicU64,
    again: AtomicU64,
    last_unix_us: AtomicU64,
    /// Told of each.
    pub(super) news: Notify,
}

impl Reached {
    /// Nobody yet, of the sessions from `first` on.
    pub(super) fn of(first: u64, sessions: u64) -> Reached {
        Reached {
            first,
            bits: (0..sessions.div_ceil(BITS)).map(|_| AtomicU64::new(0)).collect(),
            once: AtomicU64::new(0),
            again: AtomicU64::new(0),
            last_unix_us: AtomicU64::new(0),
            news: Notify::new(),
        }
    }

    /// Sessions that it reached.
    pub(super) fn once(&self) -> u64 {
        self.once.load(Ordering::Relaxed)
    }

    /// Pushes that came to a session that had one, or to one that is not of this process.
    pub(super) fn again(&self) -> u64 {
        self.again.load(Ordering::Relaxed)
    }

    /// When the last came, in microseconds since 1970; 0 if none has.
    pub(super) fn last_unix_us(&self) -> u64 {
        self.last_unix_us.load(Ordering::Relaxed)
    }

    fn mark(&self, uid: &str) {
        let place = uid.parse::<u64>().ok().and_then(|number| number.checked_sub(self.first));
        let word = place.and_then(|place| Some((self.bits.get((place / BITS) as usize)?, place % BITS)));
        let is_first =
            word.is_some_and(|(word, bit)| word.fetch_or(1 << bit, Ordering::Relaxed) >> bit & 1 == 0);
        let count = if is_first { &self.once } else { &self.again };
        self.last_unix_us.fetch_max(unix_us(), Ordering::Relaxed);
        count.fetch_add(1, Ordering::Relaxed);
        self.news.notify_one();
    }
}

/// Now, in microseconds since 1970: a clock that all processes share.
pub(super) fn unix_us() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(now.as_micros()).unwrap_or(u64::MAX)
}

const BITS: u64 = u64::BITS as u64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whom_it_reaches_twice_is_not_two() {
        let reached = Reached::of(100, 70);
        for uid in ["100", "163", "164", "169", "164"] {
            reached.mark(uid);
        }
        assert_eq!((reached.once(), reached.again()), (4, 1));
        // Not of this process, and no number at all.
        for uid in ["99", "100000", "ann"] {
            reached.mark(uid);
        }
        assert_eq!((reached.once(), reached.again()), (4, 4));
        assert!(reached.last_unix_us() > 0);
    }
}
