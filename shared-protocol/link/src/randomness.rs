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

    thread_local! {
        static SEEDED: RefCell<Option<fastrand::Rng>> = const { RefCell::new(None) };
    }

    /// From now on, and until it is dropped, servers and clients on this thread draw all their randomness from a seed. Whoever
    /// knows the seed knows their tokens: never in a game that is played.
    #[derive(Debug)]
    #[must_use = "dropped, it ends"]
    pub struct Simulated(());

    impl Simulated {
        /// Begins. One at a time on a thread.
        pub fn from_seed(seed: u64) -> Self {
            SEEDED.set(Some(fastrand::Rng::with_seed(seed)));
            Self(())
        }
    }

    impl Drop for Simulated {
        fn drop(&mut self) {
            SEEDED.set(None);
        }
    }

    /// Whether this thread simulates; if so, `bytes` are filled.
    pub(super) fn fill(bytes: &mut [u8]) -> bool {
        SEEDED.with_borrow_mut(|seeded| seeded.as_mut().map(|seeded| seeded.fill(bytes)).is_some())
    }
}
