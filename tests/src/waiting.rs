//! Waiting for a condition, in real time and on a paused clock alike; and counting panics that no test asked for.

use std::panic;
use std::sync::Once;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval, timeout};

/// Waits until something is so; looks every millisecond, for at most a minute.
///
/// # Panics
/// When it never becomes so.
pub async fn until(mut is_so: impl FnMut() -> bool) {
    let mut look = interval(Duration::from_millis(1));
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let waiting = async {
        while !is_so() {
            look.tick().await;
        }
    };
    timeout(Duration::from_secs(60), waiting).await.expect("it never became so");
}

static PANICS: AtomicUsize = AtomicUsize::new(0);

/// Starts counting panics of the engine: those whose place is not in a test or in a handler of one.
pub fn count_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !info.location().is_some_and(|place| place.file().starts_with("tests/")) {
                PANICS.fetch_add(1, Ordering::SeqCst);
                before(info);
            } else if !info.payload_as_str().is_some_and(|text| text.starts_with("on purpose")) {
                before(info);
            }
        }));
    });
}

/// How many there were.
pub fn panics() -> usize {
    PANICS.load(Ordering::SeqCst)
}
