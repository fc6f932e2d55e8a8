//! When a session is to be looked after next: never too late, whatever sets a time. [`Session::next_wake`] asserts that whenever it is
//! asked, and all that passes time in these tests asks it; here is what no other test would miss.

use super::*;

#[test]
fn a_stalled_connection_is_seen_to_in_time() {
    let mut p = Pair::with(|_, client| client.write_stall_max = secs(3));
    let now = p.now;
    p.session(Client).wrote(false, true, now);
    assert_eq!(p.session(Client).next_wake(now), Some(now + secs(3)));
}

#[test]
fn the_end_of_a_short_window_is_seen_to_in_time() {
    let mut p = Pair::with(|server, _| server.resume_window = secs(3));
    let now = p.now;
    p.session(Server).give_up(CloseCode::ConnectionLost.into(), now, &mut Vec::new());
    assert_eq!(p.session(Server).next_wake(now), Some(now + secs(3)));
}

#[test]
fn what_is_over_wakes_once_and_never_again() {
    let mut p = Pair::new();
    p.call(Client, b"", secs(7));
    let id = p.taken(Server);
    p.answer(Server, id, b"");
    let now = p.now;
    let wakes_at = p.session(Client).next_wake(now).expect("an acknowledgement is due");
    assert_eq!(p.session(Client).next_timeout(), Some((wakes_at, Timer::Ack)));
    p.pass(secs(1));
    let now = p.now;
    let (next, _) = p.session(Client).next_timeout().unwrap();
    let first = p.session(Client).next_wake(now).unwrap();
    assert!(first <= next);
    assert_eq!(p.session(Client).next_wake(first), Some(next), "looked, and knows");
    p.close(Client, CloseCode::Done);
    assert_eq!(p.session(Client).next_timeout(), None);
}
