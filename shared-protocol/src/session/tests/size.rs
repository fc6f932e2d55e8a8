//! What a session takes while it does nothing.

use super::*;

/// A server holds many sessions, most of them idle, and one that pushes to all of them in turn finds each out of the
/// processor's caches: what a push costs then is how many lines of 64 bytes it has to fetch.
#[test]
fn a_session_is_small() {
    let bytes = size_of::<Session<[usize; 3]>>();
    assert!(bytes <= 776, "{bytes} bytes");
}
