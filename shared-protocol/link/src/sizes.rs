//! How large what each session holds may be. A server holds these for every player, idle or not: the aim is 2 KiB of its memory for
//! an idle session, of which the runtime takes about 600 bytes for task, timer and socket. Whoever raises a bound says
//! here what for; what is rare belongs into a box.

use std::mem::size_of;

use farcall_protocol::session::{Event, Session};

use crate::call::Call;
use crate::driver::Driver;
use crate::running::Running;
use crate::shared::{Shared, Waiter};

/// Fails if a thing is larger than it may be, and says how large it is.
#[track_caller]
fn at_most(what: &str, bytes: usize, max: usize) {
    assert!(bytes <= max, "{what} has {bytes} bytes, at most {max}");
}

#[test]
fn what_a_session_holds_is_bounded() {
    at_most("Session", size_of::<Session<Waiter>>(), 744);
    // The session, how its connection changes, and what handlers may ask for.
    at_most("Shared", size_of::<Shared>(), 1_072);
    // What is being handled and written is elsewhere: it is there for a moment only.
    at_most("Driver", size_of::<Driver>(), 136);
}

#[test]
fn the_future_that_drives_a_session_holds_little_beside_the_driver() {
    // It is part of the server's task for each session; the driver itself is in a box, and so is its end.
    at_most("Running", size_of::<Running>(), 72);
}

#[test]
fn what_is_made_for_each_call_is_bounded() {
    // Inside the caller's own future, once for each call in flight: the body is in it, up to 48 bytes. 8 are for telling those from
    // large ones, which the log takes without copying.
    at_most("Call", size_of::<Call<u64>>(), 240);
    // 64 of them are on the driver's stack while it takes frames in.
    at_most("Event", size_of::<Event<'_, Waiter>>(), 88);
}
