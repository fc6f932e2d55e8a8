//! Deadlines (P-39): they travel, they are refreshed when written late, they end calls on both ends.

use super::*;

#[test]
fn a_call_ends_at_its_deadline_and_not_before() {
    let mut p = Pair::new();
    let call = p.call(Client, b"", secs(5));
    p.pass(ms(4_999));
    assert_eq!(p.outcome(Client, call), None);
    p.pass(ms(1));
    assert_eq!(p.outcome(Client, call), Some(Err(CallError::DeadlineExceeded)));
}

#[test]
fn the_handler_is_told_to_stop_and_its_late_answer_frees_the_slot() {
    let mut p = Pair::new();
    let call = p.call(Client, b"", secs(5));
    let id = p.taken(Server);
    p.pass(secs(6));
    assert_eq!(p.end(Server).stops, [(id, Stop::Expired)]);
    assert_eq!(p.session(Client).slots_used(), 1);
    p.stopped(Server, id);
    assert_eq!(p.outcome(Client, call), Some(Err(CallError::DeadlineExceeded)));
    assert_eq!(p.session(Client).slots_used(), 0);
    p.pass(secs(1));
    assert_eq!((p.session(Client).bytes_held(), p.session(Server).bytes_held()), (0, 0));
}

#[test]
fn a_deadline_exceeded_here_is_what_its_caller_is_told_even_if_a_value_comes_first() {
    let mut p = Pair::new();
    p.end(Client).asleep = true;
    let call = p.call(Client, b"", secs(5));
    let id = p.taken(Server);
    p.pass(secs(5));
    p.answer(Server, id, b"late");
    p.wake_up(Client);
    assert_eq!(p.outcome(Client, call), Some(Err(CallError::DeadlineExceeded)));
    assert_eq!(p.session(Client).slots_used(), 0);
}

#[test]
fn a_deadline_travels_as_what_is_left_of_it() {
    let mut p = Pair::new();
    p.call(Client, b"", secs(5));
    assert_eq!(p.time_left(Server), secs(5));
}

#[test]
fn a_call_written_late_says_what_is_left_then() {
    let mut p = Pair::new();
    p.end(Client).stuck = true;
    p.call(Client, b"", secs(5));
    p.pass(ms(1_500));
    p.end(Client).stuck = false;
    p.flow();
    assert_eq!(p.time_left(Server), ms(3_500));
}

#[test]
fn a_call_that_expires_unsent_was_never_sent() {
    let mut p = Pair::new();
    p.end(Client).stuck = true;
    let call = p.call(Client, b"", secs(1));
    p.pass(secs(1));
    assert_eq!(p.outcome(Client, call), not_executed(NotExecuted::NeverSent));
    p.end(Client).stuck = false;
    p.pass(secs(1));
    assert_eq!(p.end(Server).kinds[0], Kind::Void);
    assert!(p.end(Server).taken.is_empty());
    assert_eq!((p.session(Client).slots_used(), p.session(Client).bytes_held()), (0, 0));
}

#[test]
fn a_deadline_that_has_passed_before_the_call_sends_nothing() {
    let mut p = Pair::new();
    let call = p.call(Client, b"", secs(0));
    assert_eq!(p.outcome(Client, call), not_executed(NotExecuted::NeverSent));
    assert!(p.end(Server).kinds.is_empty());
}

#[test]
fn a_peers_deadline_is_cut_to_the_maximum_before_any_arithmetic() {
    let mut p = Pair::with(|server, _| server.deadline_max = secs(120));
    p.call(Client, b"", Duration::from_secs(u64::from(u32::MAX)));
    assert_eq!(p.time_left(Server), secs(120));
}

#[test]
fn a_nested_call_ends_with_its_parent_at_the_latest() {
    let mut p = Pair::new();
    p.call(Client, b"", secs(2));
    let parent = p.taken(Server);
    let child = p.call_within(Server, Some(parent), b"", secs(60));
    assert_eq!(p.time_left(Client), secs(2));
    p.pass(secs(2));
    assert_eq!(p.outcome(Server, child), Some(Err(CallError::DeadlineExceeded)));
}

#[test]
fn many_deadlines_end_each_call_in_its_turn() {
    let mut p = Pair::new();
    let calls: Vec<usize> = (1..=50).rev().map(|n| p.call(Client, b"", ms(100 * n))).collect();
    for done in 0..50_usize {
        let ended = calls.iter().filter(|&&call| p.outcome(Client, call).is_some()).count();
        assert_eq!(ended, done, "at {:?}", p.elapsed());
        p.pass(ms(100));
    }
}
