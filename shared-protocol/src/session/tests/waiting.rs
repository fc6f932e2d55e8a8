//! Callers that wait for a permit (P-22) or for room: in order, woken one by the other, never forgotten.

use super::*;

fn one_permit() -> Pair {
    Pair::with(|server, _| server.calls_in_flight_max = 1)
}

#[test]
fn callers_get_through_in_the_order_in_which_they_came() {
    let mut p = one_permit();
    for n in 0..10 {
        p.call(Client, &[n], secs(5));
    }
    for n in 0..10 {
        assert_eq!(p.end(Server).taken[0].body, [n]);
        let id = p.taken(Server);
        p.answer(Server, id, b"");
    }
}

#[test]
fn a_newcomer_does_not_pass_one_who_was_woken_and_has_not_run() {
    let mut p = one_permit();
    p.call(Client, b"1", secs(5));
    p.call(Client, b"2", secs(5));
    p.end(Client).asleep = true;
    let id = p.taken(Server);
    p.answer(Server, id, b"");
    let newcomer = p.call(Client, b"3", secs(5));
    assert!(p.is_waiting(Client, newcomer));
    p.wake_up(Client);
    assert_eq!(p.end(Server).taken[0].body, b"2");
}

#[test]
fn who_gives_up_after_being_woken_wakes_the_next() {
    let mut p = one_permit();
    p.call(Client, b"1", secs(5));
    let second = p.call(Client, b"2", secs(5));
    p.call(Client, b"3", secs(5));
    p.end(Client).asleep = true;
    let id = p.taken(Server);
    p.answer(Server, id, b"");
    p.drop_call(Client, second);
    p.wake_up(Client);
    assert_eq!(p.end(Server).taken[0].body, b"3");
}

#[test]
fn dropping_an_unsent_call_lets_the_next_one_through() {
    let mut p = one_permit();
    p.end(Client).stuck = true;
    let first = p.call(Client, b"1", secs(5));
    p.call(Client, b"2", secs(5));
    p.drop_call(Client, first);
    p.end(Client).stuck = false;
    p.flow();
    assert_eq!(p.end(Server).taken[0].body, b"2");
}

#[test]
fn an_unsent_call_that_expires_lets_the_next_one_through() {
    let mut p = one_permit();
    p.end(Client).stuck = true;
    p.call(Client, b"1", secs(1));
    p.call(Client, b"2", secs(5));
    p.pass(secs(1));
    p.end(Client).stuck = false;
    p.flow();
    assert_eq!(p.end(Server).taken[0].body, b"2");
}

#[test]
fn a_caller_in_front_that_expires_lets_the_next_one_through() {
    let mut p = one_permit();
    p.call(Client, b"1", secs(5));
    let second = p.call(Client, b"2", secs(1));
    p.call(Client, b"3", secs(5));
    p.pass(secs(1));
    assert_eq!(p.outcome(Client, second), not_executed(NotExecuted::Busy));
    let id = p.taken(Server);
    p.answer(Server, id, b"");
    assert_eq!(p.end(Server).taken[0].body, b"3");
}

#[test]
fn a_caller_woken_after_its_deadline_is_busy_and_wakes_the_next() {
    let mut p = one_permit();
    p.call(Client, b"1", secs(5));
    let second = p.call(Client, b"2", secs(1));
    p.call(Client, b"3", secs(5));
    p.end(Client).asleep = true;
    let id = p.taken(Server);
    p.answer(Server, id, b"");
    // No timer has run when it looks.
    p.now += secs(1);
    p.wake_up(Client);
    assert_eq!(p.outcome(Client, second), not_executed(NotExecuted::Busy));
    assert_eq!(p.end(Server).taken[0].body, b"3");
}

#[test]
fn waiting_ends_at_the_deadline_as_busy() {
    let mut p = one_permit();
    p.call(Client, b"1", secs(5));
    let waiting = p.call(Client, b"2", secs(2));
    p.pass(ms(1_999));
    assert!(p.is_waiting(Client, waiting));
    p.pass(ms(1));
    assert_eq!(p.outcome(Client, waiting), not_executed(NotExecuted::Busy));
}

#[test]
fn callers_wait_for_room_in_the_log_in_order() {
    let mut p = Pair::with(|_, client| client.log_bytes_max = 10_000);
    p.end(Client).held = true;
    for n in 0..5 {
        p.call(Client, &[n; 4_000], secs(5));
    }
    let (third, small) = (2, p.call(Client, &[9], secs(5)));
    assert!(p.is_waiting(Client, third) && p.is_waiting(Client, small), "nobody passes, however small");
    p.end(Client).held = false;
    p.pass(secs(1));
    let order: Vec<u8> = p.end(Server).taken.iter().map(|taken| taken.body[0]).collect();
    assert_eq!(order, [0, 1, 2, 3, 4, 9]);
}

#[test]
fn everybody_who_waits_is_told_of_the_end() {
    let mut p = one_permit();
    let calls: Vec<usize> = (0..5).map(|_| p.call(Client, b"", secs(5))).collect();
    p.close(Client, CloseCode::Done);
    assert_eq!(p.outcome(Client, calls[0]), Some(Err(CallError::Indeterminate)));
    for &call in &calls[1..] {
        assert_eq!(p.outcome(Client, call), not_executed(NotExecuted::NeverSent));
    }
}
