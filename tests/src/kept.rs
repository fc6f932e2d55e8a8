//! What handlers and callbacks have seen, kept for a test to read: a list that several hold.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Things in the order in which they came. Clones are the same list; `type Heard = Kept<u32>` gives it a name and makes it a
/// state.
#[derive(Debug)]
pub struct Kept<T>(Arc<Mutex<Vec<T>>>);

impl<T> Kept<T> {
    /// Puts one behind the others.
    pub fn add(&self, thing: impl Into<T>) {
        self.things().push(thing.into());
    }

    /// All so far.
    pub fn all(&self) -> Vec<T>
    where
        T: Clone,
    {
        self.things().clone()
    }

    fn things(&self) -> MutexGuard<'_, Vec<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Default for Kept<T> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<T> Clone for Kept<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}
