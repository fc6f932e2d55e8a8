//! Slots and generations (P-22): what the peer allows is a number of calls in flight, and no more.

use super::*;

#[test]
fn a_slot_is_used_again_with_the_next_generation() {
    let mut p = Pair::new();
    for generation in 0..5 {
        let call = p.call(Client, b"", secs(5));
        assert_eq!(p.id(Client, call), Some(CallId { slot: 0, generation }));
        let id = p.taken(Server);
        p.answer(Server, id, b"");
    }
}

#[test]
fn outcomes_that_nobody_looks_at_do_not_push_calls_beyond_the_announced_slots() {
    let mut p = Pair::with(|server, _| (server.calls_in_flight_max, server.nested_calls_max) = (4, 2));
    p.end(Client).asleep = true;
    let mut calls = Vec::new();
    for round in 0..10_u8 {
        for n in 0..4 {
            calls.push((p.call(Client, &[round, n], secs(5)), [round, n]));
        }
        for taken in p.end(Server).taken.clone() {
            assert!(taken.id.slot < 6, "slot {}", taken.id.slot);
            p.answer(Server, taken.id, &taken.body);
        }
        assert_eq!(p.closed(Server), None);
    }
    assert_eq!(p.session(Client).slots_used(), 40);
    // One in four is dropped without having been looked at.
    for (call, _) in calls.iter().step_by(4) {
        p.drop_call(Client, *call);
    }
    p.wake_up(Client);
    for (n, (call, body)) in calls.into_iter().enumerate() {
        let want = if n % 4 == 0 { None } else { value(&body) };
        assert_eq!(p.outcome(Client, call), want);
    }
    assert_eq!(p.session(Client).slots_used(), 0);
}

#[test]
fn an_outcome_set_aside_can_still_be_detached() {
    let mut p = Pair::with(|server, _| (server.calls_in_flight_max, server.nested_calls_max) = (1, 0));
    p.end(Client).asleep = true;
    let first = p.call(Client, b"1", secs(5));
    let id = p.taken(Server);
    p.answer(Server, id, b"1");
    let second = p.call(Client, b"2", secs(5));
    p.detach(Client, first);
    assert_eq!(p.outcome(Client, first), value(b"1"));
    assert_eq!(p.outcome(Client, second), None);
    assert_eq!(p.session(Client).slots_used(), 1);
}

#[test]
fn no_permits_no_calls() {
    let mut p = Pair::with(|server, _| (server.calls_in_flight_max, server.nested_calls_max) = (0, 0));
    let call = p.call(Client, b"", secs(1));
    p.pass(secs(1));
    assert_eq!(p.outcome(Client, call), not_executed(NotExecuted::Busy));
    assert!(!p.end(Server).kinds.contains(&Kind::Call));
}
