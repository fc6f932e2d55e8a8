//! Sessions that do not come back, and peers that disagree about what they have (P-62, P-65, P-67).

use super::*;

fn at(position: u64, latest: u64) -> resume::Taken {
    resume::Taken { position, latest }
}

#[test]
fn a_session_whose_window_passes_is_over_at_both_ends() {
    let mut p = Pair::lasting();
    let sent = p.call(Client, b"sent", secs(110));
    p.call(Server, b"sent", secs(110));
    p.cut();
    let unsent = p.call(Client, b"unsent", secs(110));
    p.pass(secs(59));
    assert_eq!((p.closed(Server), p.closed(Client)), (None, None));
    p.pass(secs(1));
    for side in [Server, Client] {
        let reason = p.session(side).closed().cloned().expect("closed");
        assert_eq!((reason.code, reason.by_peer), (CloseCode::ConnectionLost, false));
        assert!(reason.message.contains("60 s"), "{reason}");
        assert_eq!((p.end(side).stops.len(), p.session(side).bytes_held()), (1, 0));
    }
    assert_eq!(p.outcome(Client, sent), Some(Err(CallError::Indeterminate)));
    assert_eq!(p.outcome(Client, unsent), not_executed(NotExecuted::NeverSent));
}

#[test]
fn without_a_window_a_session_ends_with_its_connection() {
    let mut p = Pair::new();
    p.lose(Server);
    assert_eq!(p.closed(Server), Some(CloseCode::ConnectionLost));
}

#[test]
fn a_session_that_is_over_does_not_come_back() {
    let mut p = Pair::lasting();
    p.cut();
    p.pass(secs(61));
    let refused = p.go_on(Server, at(0, 0)).expect_err("it is over");
    assert_eq!(refused.code, CloseCode::ConnectionLost);
    assert!(!p.session(Server).is_attached());
}

#[test]
fn a_peer_that_says_how_much_it_had_makes_the_rest_definite() {
    let mut p = Pair::lasting();
    let calls: Vec<usize> = (0..4).map(|_| p.call(Client, b"", secs(110))).collect();
    p.cut();
    let now = p.now;
    let mut events = Vec::new();
    let forgotten = CloseReason::theirs(CloseCode::NotResumable, "");
    p.session(Client).close_forgotten(forgotten, Some(2), &mut events);
    p.end(Client).note(events, now);
    let ends: Vec<Option<Outcome>> = calls.iter().map(|call| p.outcome(Client, *call)).collect();
    let (open, safe) = (Some(Err(CallError::Indeterminate)), not_executed(NotExecuted::NeverSent));
    assert_eq!(ends, [open.clone(), open, safe.clone(), safe]);
}

#[test]
fn a_peer_that_has_what_was_never_sent_ends_the_session() {
    let mut p = Pair::lasting();
    p.notify(Server, b"taken");
    p.pass(secs(1));
    p.cut();
    p.notify(Server, b"not sent");
    // One frame was sent; the second is only logged.
    assert_eq!(p.go_on(Server, at(2, 0)).map_err(|reason| reason.code), Err(CloseCode::Diverged));
}

#[test]
fn a_peer_that_has_less_than_it_confirmed_ends_the_session() {
    let mut p = Pair::lasting();
    p.notify(Server, b"taken");
    p.pass(secs(1));
    p.cut();
    assert_eq!(p.go_on(Server, at(0, 0)).map_err(|reason| reason.code), Err(CloseCode::Diverged));
}

#[test]
fn latest_values_are_counted_as_strictly() {
    let both = [(at(0, 3), "never sent"), (at(0, 1), "confirmed")];
    for (said, what) in both {
        let mut p = Pair::lasting();
        p.latest(Server, 0, b"1");
        p.latest(Server, 0, b"2");
        p.pass(secs(1));
        p.cut();
        let refused = p.go_on(Server, said).map_err(|reason| reason.code);
        assert_eq!(refused, Err(CloseCode::Diverged), "{what}");
    }
}

#[test]
fn an_acknowledgement_of_what_is_still_to_be_written_again_ends_the_session() {
    let mut p = Pair::lasting();
    p.end(Server).held = true;
    p.notify(Server, b"lost");
    p.cut();
    p.reconnect();
    p.end(Server).stuck = true;
    p.flow();
    // It was sent once; over this connection the peer cannot have it.
    p.inject_now(Client, &bytes_of(&Frame::Ack { position: 1, latest: 0 }));
    assert_eq!(p.closed(Server), Some(CloseCode::Diverged));
}

#[test]
fn what_comes_before_the_token_is_confirmed_harms_the_connection_only() {
    let notify = bytes_of(&Frame::Notify { to: target(), body: b"too early" });
    let ack = bytes_of(&Frame::Ack { position: 0, latest: 0 });
    let close = bytes_of(&Frame::Close { code: CloseCode::Done.number(), message: "" });
    let garbage = vec![0xff; 10];
    let malformed = vec![3, 0, 0, 0, Kind::TokenOk as u8, 0, 1];
    for early in [notify, ack, close, garbage, malformed] {
        let mut p = Pair::lasting();
        p.notify(Client, b"before");
        p.cut();
        p.give_back();
        p.inject_now(Client, &early);
        assert_eq!(p.closed(Server), None, "{early:?}");
        assert!(p.detached_for(Server).is_some(), "{early:?}");
        assert_eq!(p.end(Server).confirmed, 0);
        p.come_back();
        p.notify(Client, b"after");
        assert_eq!(p.heard(Server), [&b"before"[..], b"after"]);
    }
}

#[test]
fn a_token_that_nobody_gave_cannot_be_confirmed() {
    let mut p = Pair::lasting();
    let confirm = bytes_of(&Frame::TokenOk);
    p.inject(Client, &confirm);
    assert_eq!(p.closed(Server), Some(CloseCode::UnexpectedFrame));

    let mut p = Pair::lasting();
    p.cut();
    p.come_back();
    p.inject(Client, &confirm);
    assert_eq!(p.closed(Server), Some(CloseCode::UnexpectedFrame), "a second time");

    let mut p = Pair::lasting();
    p.inject(Server, &confirm);
    assert_eq!(p.closed(Client), Some(CloseCode::UnexpectedFrame), "from the server");
}

#[test]
fn only_what_the_network_does_can_be_mended() {
    let mut p = Pair::lasting();
    p.close(Server, CloseCode::Kicked);
    assert_eq!((p.closed(Server), p.closed(Client)), (Some(CloseCode::Kicked), Some(CloseCode::Kicked)));

    let mut p = Pair::lasting();
    p.inject(Client, &bytes_of(&Frame::Result { id: CallId { slot: 0, generation: 0 }, ending: Ok(b"") }));
    assert_eq!(p.closed(Server), Some(CloseCode::UnknownCall));

    // What a peer says of itself is its decision, whatever the code.
    let mut p = Pair::lasting();
    p.inject(Client, &bytes_of(&Frame::Close { code: CloseCode::PeerSilent.number(), message: "" }));
    assert_eq!(p.closed(Server), Some(CloseCode::PeerSilent));
}

#[test]
fn a_session_may_be_closed_while_it_has_no_connection() {
    let mut p = Pair::lasting();
    let call = p.call(Server, b"", secs(50));
    p.cut();
    p.close(Server, CloseCode::Replaced);
    let now = p.now;
    assert_eq!(p.outcome(Server, call), Some(Err(CallError::Indeterminate)));
    assert!(!p.session(Server).has_output(now), "there is nobody to tell");
    assert_eq!(p.session(Server).next_timeout(), None);
}

#[test]
fn an_orderly_end_during_the_replay_lets_it_out_without_its_calls() {
    let mut p = Pair::lasting();
    p.end(Server).held = true;
    p.notify(Server, b"notify");
    let call = p.call(Server, b"call", secs(50));
    p.cut();
    p.reconnect();
    p.close(Server, CloseCode::Shutdown);
    assert_eq!(p.outcome(Server, call), not_executed(NotExecuted::NeverSent));
    assert_eq!(p.heard(Client), [b"notify"]);
    assert!(p.end(Client).taken.is_empty(), "it was never sent, and started");
    assert_eq!(p.closed(Client), Some(CloseCode::Shutdown));
}
