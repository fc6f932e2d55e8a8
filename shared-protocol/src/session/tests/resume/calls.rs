//! Calls over a lost connection: each ends once, honestly, and starts once at most (P-39, P-66, P-67).

use super::*;
use crate::ids::TraceId;
use crate::wire::Target;

#[test]
fn a_call_that_the_peer_has_is_answered_over_the_next_connection() {
    let mut p = Pair::lasting();
    let call = p.call(Client, b"work", secs(20));
    let id = p.taken(Server);
    p.cut();
    p.pass(secs(3));
    p.answer(Server, id, b"done");
    assert_eq!(p.outcome(Client, call), None);
    p.come_back();
    assert_eq!(p.outcome(Client, call), value(b"done"));
}

#[test]
fn a_call_that_the_peer_has_not_starts_once_with_the_time_that_is_left() {
    let mut p = Pair::lasting();
    p.end(Client).held = true;
    let call = p.call(Client, b"work", secs(20));
    p.cut();
    p.pass(secs(3));
    p.come_back();
    let id = p.taken(Server);
    assert_eq!(p.time_left(Server), secs(17));
    p.cut();
    p.come_back();
    assert_eq!(p.end(Server).taken.len(), 1, "started again");
    p.answer(Server, id, b"done");
    assert_eq!(p.outcome(Client, call), value(b"done"));
}

#[test]
fn an_answer_on_its_way_is_written_again() {
    let mut p = Pair::lasting();
    let call = p.call(Client, b"work", secs(20));
    let id = p.taken(Server);
    p.end(Server).held = true;
    p.answer(Server, id, b"done");
    p.cut();
    p.come_back();
    assert_eq!(p.outcome(Client, call), value(b"done"));
    p.pass(secs(1));
    assert_eq!((p.session(Client).slots_used(), p.session(Server).bytes_held()), (0, 0));
}

#[test]
fn a_large_answer_kept_where_it_is_comes_in_order_and_is_written_again() {
    let mut p = Pair::lasting();
    let large = bytes::Bytes::from(vec![7; 40_000]);
    let small_call = p.call(Client, b"small", secs(20));
    let small_id = p.taken(Server);
    let large_call = p.call(Client, b"large", secs(20));
    let large_id = p.end(Server).taken[1].id;
    p.end(Server).held = true;
    p.answer(Server, small_id, b"first");
    let now = p.now;
    assert!(p.session(Server).reply_shared(large_id, large.clone(), now));
    assert!(!p.session(Server).reply_shared(large_id, large.clone(), now), "it is answered");
    assert!(p.session(Server).bytes_held() > 40_000, "it counts in full");
    p.cut();
    p.come_back();
    assert_eq!(p.outcome(Client, small_call), value(b"first"));
    assert_eq!(p.outcome(Client, large_call), value(&large));
    p.pass(secs(1));
    assert_eq!((p.session(Client).slots_used(), p.session(Server).bytes_held()), (0, 0));
}

#[test]
fn a_call_made_while_away_is_sent_after_the_return() {
    let mut p = Pair::lasting();
    p.cut();
    let call = p.call(Client, b"work", secs(5));
    p.pass(secs(4));
    p.come_back();
    assert_eq!(p.time_left(Server), secs(1));
    let id = p.taken(Server);
    p.answer(Server, id, b"");
    assert_eq!(p.outcome(Client, call), value(b""));
}

#[test]
fn a_call_made_while_away_whose_deadline_passes_never_starts() {
    let mut p = Pair::lasting();
    p.cut();
    let call = p.call(Client, b"too late", secs(1));
    p.pass(secs(2));
    assert_eq!(p.outcome(Client, call), not_executed(NotExecuted::NeverSent));
    p.notify(Client, b"after it");
    p.come_back();
    assert!(p.end(Server).taken.is_empty());
    assert_eq!(p.end(Server).kinds, [Kind::TokenOk, Kind::Void, Kind::Notify]);
}

#[test]
fn a_call_whose_deadline_passes_between_sending_and_return_may_have_run() {
    let mut p = Pair::lasting();
    p.end(Client).held = true;
    let call = p.call(Client, b"work", secs(1));
    p.cut();
    // Nobody can say whether the peer has it: it is cancelled, not withdrawn.
    p.pass(secs(2));
    assert_eq!(p.outcome(Client, call), Some(Err(CallError::DeadlineExceeded)));
    p.come_back();
    assert!(p.end(Server).taken.is_empty(), "its time was up when it arrived");
    assert_eq!(p.session(Client).calls_outgoing(), 0);
}

/// A call is sent and lost; the session comes back, and before the call is written again its deadline passes.
fn withdrawn_from_the_replay(nested: bool, traced: bool) {
    let mut p = Pair::lasting();
    p.call(Server, b"parent", secs(50));
    let parent = p.taken(Client);
    p.end(Client).held = true;
    p.notify(Client, b"before");
    let now = p.now;
    let to = Target { trace: traced.then_some(TraceId(5)), ..target() };
    let new = NewCall {
        to,
        deadline: now + secs(1),
        parent: nested.then_some(parent),
        body: Message::Own(b"work"),
    };
    let id = p.session(Client).call(new, None, now).expect("a permit");
    p.notify(Client, b"after");
    p.cut();
    p.reconnect();
    // The connection takes nothing yet.
    p.end(Client).stuck = true;
    p.pass(secs(2));
    let ended = p.session(Client).poll_call(id, || 0);
    assert_eq!(ended, not_executed(NotExecuted::NeverSent));
    p.end(Client).stuck = false;
    p.flow();
    assert_eq!((p.closed(Server), p.closed(Client)), (None, None));
    assert!(p.end(Server).taken.is_empty(), "it was said never to have been sent, and started");
    assert_eq!(p.heard(Server), [&b"before"[..], b"after"]);
    p.pass(secs(1));
    assert_eq!(p.session(Client).calls_outgoing(), 0);
    p.notify(Client, b"goes on");
    assert_eq!(p.heard(Server).len(), 3);
}

#[test]
fn a_call_withdrawn_from_the_replay_never_starts_whatever_fields_it_had() {
    for (nested, traced) in [(false, false), (true, false), (false, true), (true, true)] {
        withdrawn_from_the_replay(nested, traced);
    }
}

#[test]
fn a_caller_that_goes_away_meanwhile_stops_the_handler_after_the_return() {
    for arrives in [true, false] {
        let mut p = Pair::lasting();
        p.end(Client).held = !arrives;
        let call = p.call(Client, b"work", secs(20));
        p.cut();
        p.drop_call(Client, call);
        p.come_back();
        let id = p.taken(Server);
        assert_eq!(p.end(Server).stops, [(id, Stop::Cancelled)], "arrives: {arrives}");
        p.stopped(Server, id);
        p.pass(secs(1));
        assert_eq!((p.session(Client).slots_used(), p.session(Client).bytes_held()), (0, 0));
    }
}

#[test]
fn a_handlers_deadline_passes_while_away() {
    let mut p = Pair::lasting();
    p.call(Client, b"work", secs(2));
    let id = p.taken(Server);
    p.cut();
    p.pass(secs(3));
    assert_eq!(p.end(Server).stops, [(id, Stop::Expired)]);
}

#[test]
fn nested_calls_survive_as_their_parents_do() {
    let mut p = Pair::lasting();
    let outer = p.call(Client, b"outer", secs(20));
    let parent = p.taken(Server);
    p.end(Server).held = true;
    let inner = p.call_within(Server, Some(parent), b"inner", secs(20));
    p.cut();
    p.come_back();
    assert!(p.end(Client).taken[0].nested);
    let id = p.taken(Client);
    p.answer(Client, id, b"inner");
    p.answer(Server, parent, b"outer");
    assert_eq!((p.outcome(Server, inner), p.outcome(Client, outer)), (value(b"inner"), value(b"outer")));
}
