//! Where a session's events go: one at a time into whatever keeps them. `Extend` would do, but makes a list of
//! one for each, and asks how long it is.

use smallvec::{Array, SmallVec};

/// Takes items one at a time.
pub trait Sink<T> {
    /// Takes one.
    fn put(&mut self, item: T);

    /// Takes one, if there is one, or several.
    fn put_all(&mut self, items: impl IntoIterator<Item = T>) {
        items.into_iter().for_each(|item| self.put(item));
    }
}

impl<T> Sink<T> for Vec<T> {
    fn put(&mut self, item: T) {
        self.push(item);
    }
}

impl<T, A: Array<Item = T>> Sink<T> for SmallVec<A> {
    fn put(&mut self, item: T) {
        self.push(item);
    }
}
