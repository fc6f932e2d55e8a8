//! Ends of sessions (P-70, P-71): what each call is told, what still goes out, and that nothing happens afterwards.

use super::*;

#[test]
fn sent_calls_are_indeterminate_and_unsent_ones_were_never_sent() {
    let mut p = Pair::new();
    let sent = p.call(Client, b"sent", secs(5));
    p.end(Client).stuck = true;
    let unsent = p.call(Client, b"unsent", secs(5));
    p.close(Client, CloseCode::ConnectionLost);
    assert_eq!(p.outcome(Client, sent), Some(Err(CallError::Indeterminate)));
    assert_eq!(p.outcome(Client, unsent), not_executed(NotExecuted::NeverSent));
    assert_eq!(p.session(Client).slots_used(), 0);
}

#[test]
fn an_orderly_close_lets_the_log_out_before_it() {
    for code in [CloseCode::Done, CloseCode::Shutdown, CloseCode::Kicked, CloseCode::Replaced] {
        let mut p = Pair::new();
        let call = p.call(Client, b"", secs(5));
        let id = p.taken(Server);
        p.end(Server).stuck = true;
        for _ in 0..100 {
            p.notify(Server, &[0; 4_000]);
        }
        p.answer(Server, id, b"last word");
        p.close(Server, code);
        p.end(Server).stuck = false;
        p.flow();
        assert_eq!(p.end(Client).said.len(), 100);
        assert_eq!(p.outcome(Client, call), value(b"last word"));
        assert_eq!((p.closed(Server), p.closed(Client)), (Some(code), Some(code)));
        assert!(p.session(Client).closed().unwrap().by_peer);
    }
}

#[test]
fn an_unsent_call_does_not_go_out_with_the_last_words() {
    let mut p = Pair::new();
    p.end(Server).stuck = true;
    p.notify(Server, b"before");
    let call = p.call(Server, b"must not run", secs(5));
    p.notify(Server, b"after");
    p.close(Server, CloseCode::Shutdown);
    assert_eq!(p.outcome(Server, call), not_executed(NotExecuted::NeverSent));
    p.end(Server).stuck = false;
    p.flow();
    assert!(p.end(Client).taken.is_empty());
    assert_eq!(p.end(Client).kinds, [Kind::Notify, Kind::Void, Kind::Notify, Kind::Ack, Kind::Close]);
}

#[test]
fn handlers_are_told_to_stop_and_finished_ones_are_not() {
    let mut p = Pair::with(|server, _| server.log_bytes_max = 2_000);
    p.call(Client, b"1", secs(5));
    p.call(Client, b"2", secs(5));
    let (running, parked) = (p.end(Server).taken[0].id, p.end(Server).taken[1].id);
    p.end(Server).held = true;
    while p.notify(Server, &[0; 100]) == Notified::Sent {}
    p.reply(Server, parked, Ok(&[0; 1_000]));
    p.close(Server, CloseCode::Kicked);
    assert_eq!(p.end(Server).stops, [(running, Stop::Cancelled)]);
    assert_eq!(p.session(Server).calls_incoming(), 0);
    let now = p.now;
    assert!(!p.session(Server).reply(running, Ok(b""), now));
}

#[test]
fn nothing_happens_after_the_end() {
    let mut p = Pair::new();
    p.call(Client, b"", secs(5));
    p.latest(Client, 0, b"kept");
    p.close(Client, CloseCode::Done);
    let call = p.call(Client, b"", secs(5));
    assert_eq!(p.outcome(Client, call), not_executed(NotExecuted::NeverSent));
    assert_eq!(p.notify(Client, b""), Notified::Dropped(Dropped::Closed));
    assert_eq!(p.latest(Client, 0, b""), Notified::Dropped(Dropped::Closed));
    p.close(Client, CloseCode::Kicked);
    assert_eq!(p.closed(Client), Some(CloseCode::Done), "the first reason stays");
    let now = p.now;
    for side in [Server, Client] {
        let session = p.session(side);
        assert_eq!((session.next_timeout(), session.has_output(now)), (None, false));
        assert_eq!((session.slots_used(), session.calls_incoming(), session.bytes_held()), (0, 0, 0));
    }
    p.inject(Server, &bytes_of(&Frame::Notify { to: target(), body: b"late" }));
    assert!(p.end(Client).said.is_empty());
}

#[test]
fn of_a_lost_connection_nobody_is_told() {
    let mut p = Pair::new();
    p.close(Server, CloseCode::ConnectionLost);
    assert_eq!((p.closed(Client), p.end(Client).kinds.len()), (None, 0));
}

#[test]
fn the_last_thing_before_a_close_is_an_acknowledgement() {
    let mut p = Pair::new();
    p.notify(Client, b"x");
    p.close(Server, CloseCode::Kicked);
    assert_eq!(p.end(Client).kinds, [Kind::Ack, Kind::Close]);
}

#[test]
fn an_unknown_close_code_is_an_end_without_return() {
    let mut p = Pair::new();
    p.inject(Server, &bytes_of(&Frame::Close { code: 999, message: "from the future" }));
    assert_eq!(p.closed(Client), Some(CloseCode::Done));
    assert_eq!(p.session(Client).closed().unwrap().message, "from the future");
}

#[test]
fn a_callers_outcome_outlives_the_session() {
    let mut p = Pair::new();
    p.end(Client).asleep = true;
    let call = p.call(Client, b"", secs(5));
    let id = p.taken(Server);
    p.answer(Server, id, b"x");
    p.close(Client, CloseCode::Done);
    p.wake_up(Client);
    assert_eq!(p.outcome(Client, call), value(b"x"));
    assert_eq!(p.session(Client).slots_used(), 0);
}
