//! All randomness of servers and clients: epochs, session ids, tokens, nonces, jitter, pauses. From the operating system; on a
//! thread that simulates, from a seed, so that the same seed runs the same again. The pure core has none.

use std::io;

/// Fills `bytes` with randomness fit for secrets.
///
/// # Errors
/// The operating system has none.
pub fn fill(bytes: &mut [u8]) -> io::Result<()> {
    #[cfg(feature = "simulation")]
    if simulation::fill(bytes) {
        return Ok(());
    }
    getrandom::fill(bytes).map_err(|error| io::Error::other(error.to_string()))
}

/// A random share of a whole, from 0 to 1: jitter. Without randomness `fallback`, which may only cost smoothness.
pub fn share(fallback: f32) -> f32 {
    let mut bytes = [0; 4];
    fill(&mut bytes).map_or(fallback, |()| u32::from_le_bytes(bytes) as f32 / u32::MAX as f32)
}

/// Randomness that repeats itself, for tests on virtual time.
#[cfg(feature = "simulation")]
pub mod simulation {
    use std::cell::RefCell;

    /// Fills bytes with what is not random at all.
    type Source = Box<dyn FnMut(&mut [u8])>;

    thread_local! {
        static SOURCE: RefCell<Option<Source>> = const { RefCell::new(None) };
    }

    /// From now on, and until it is dropped, servers and clients on this thread draw all their randomness from a source that
    /// repeats itself. Whoever knows it knows their tokens: never in a game that is played.
    #[derive(Debug)]
    #[must_use = "dropped, it ends"]
    pub struct Simulated(());

    impl Simulated {
        /// Begins. One at a time on a thread; the source must not draw from itself.
        pub fn drawing_from(source: impl FnMut(&mut [u8]) + 'static) -> Self {
            SOURCE.set(Some(Box::new(source)));
            Self(())
        }
    }

    impl Drop for Simulated {
        fn drop(&mut self) {
            SOURCE.set(None);
        }
    }

    /// Whether this thread simulates; if so, `bytes` are filled.
    pub(super) fn fill(bytes: &mut [u8]) -> bool {
        SOURCE.with_borrow_mut(|source| source.as_mut().map(|source| source(bytes)).is_some())
    }
}
