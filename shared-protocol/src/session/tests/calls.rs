//! How calls end, and what cancelling them does (P-30, P-33, P-34, P-36, P-43). The table is design.md, section 3, "Outcomes".

use super::*;
use crate::ids::Signature;

#[test]
fn either_side_calls_the_other_and_gets_its_value() {
    for cut in [Cut::Whole, Cut::Bytes, Cut::Random(7)] {
        let mut p = Pair::new();
        p.cut = cut;
        for side in [Server, Client] {
            let call = p.call(side, b"question", secs(5));
            let id = p.taken(side.other());
            assert_eq!(p.end(side.other()).taken[0].body, b"question");
            p.answer(side.other(), id, b"answer");
            assert_eq!(p.outcome(side, call), value(b"answer"));
            assert_eq!((p.session(side).slots_used(), p.session(side.other()).calls_incoming()), (0, 0));
        }
    }
}

#[test]
fn every_ending_a_peer_can_give_arrives_as_it_was_given() {
    use CallError as E;
    let endings: Vec<Result<&[u8], E<&[u8]>>> = vec![
        Ok(b"value"),
        Ok(b""),
        Err(E::Handler(b"its own error")),
        Err(E::NotExecuted(NotExecuted::UnknownRoute)),
        Err(E::NotExecuted(NotExecuted::SignatureMismatch { ours: Signature(1), theirs: Signature(2) })),
        Err(E::NotExecuted(NotExecuted::BadArguments)),
        Err(E::NotExecuted(NotExecuted::Forbidden)),
        Err(E::NotExecuted(NotExecuted::RateLimited { retry_after: ms(1_500) })),
        Err(E::NotExecuted(NotExecuted::Busy)),
        Err(E::NotExecuted(NotExecuted::TooManyInFlight)),
        Err(E::NotExecuted(NotExecuted::TooDeep)),
        Err(E::NotExecuted(NotExecuted::Reentrant)),
        Err(E::NotExecuted(NotExecuted::TooLarge { bytes: 9, max: 8 })),
        Err(E::NotExecuted(NotExecuted::Draining)),
        Err(E::NotExecuted(NotExecuted::Expired)),
        Err(E::Failed(Failed::Panicked)),
        Err(E::Failed(Failed::Internal { reference: 7 })),
        Err(E::Failed(Failed::Abandoned)),
        Err(E::Failed(Failed::BadReply)),
        Err(E::DeadlineExceeded),
        Err(E::Cancelled),
    ];
    let mut p = Pair::new();
    for ending in endings {
        let call = p.call(Client, b"", secs(5));
        let id = p.taken(Server);
        p.reply(Server, id, ending.clone());
        let want = ending.map(Body::from_slice).map_err(|error| error.map_handler(Body::from_slice));
        assert_eq!(p.outcome(Client, call), Some(want));
    }
}

#[test]
fn replies_come_in_any_order_and_find_their_own_callers() {
    let mut p = Pair::new();
    let calls: Vec<usize> = (0..100).map(|n| p.call(Client, &[n], secs(5))).collect();
    let mut seed = 5;
    while !p.end(Server).taken.is_empty() {
        let at = random(&mut seed) as usize % p.end(Server).taken.len();
        let taken = p.end(Server).taken[at].clone();
        p.answer(Server, taken.id, &taken.body);
    }
    for (n, call) in calls.into_iter().enumerate() {
        assert_eq!(p.outcome(Client, call), value(&[n as u8]));
    }
    assert_eq!(p.session(Client).slots_used(), 0);
}

#[test]
fn a_detached_call_hands_its_outcome_over_once() {
    let mut p = Pair::new();
    let call = p.call(Client, b"", secs(5));
    p.detach(Client, call);
    let id = p.taken(Server);
    p.answer(Server, id, b"x");
    assert_eq!(p.outcome(Client, call), value(b"x"));
    assert_eq!(p.session(Client).slots_used(), 0);
}

#[test]
fn detaching_a_call_that_has_ended_gives_the_outcome_at_once() {
    let mut p = Pair::new();
    p.end(Client).asleep = true;
    let call = p.call(Client, b"", secs(5));
    let id = p.taken(Server);
    p.answer(Server, id, b"x");
    p.detach(Client, call);
    assert_eq!(p.outcome(Client, call), value(b"x"));
    assert_eq!(p.session(Client).slots_used(), 0);
}

#[test]
fn dropping_a_sent_call_stops_its_handler_and_keeps_the_slot_until_it_has_ended() {
    let mut p = Pair::new();
    let call = p.call(Client, b"", secs(5));
    let id = p.taken(Server);
    p.drop_call(Client, call);
    p.flow();
    assert_eq!(p.end(Server).stops, [(id, Stop::Cancelled)]);
    assert_eq!((p.session(Client).slots_used(), p.session(Client).calls_outgoing()), (1, 1));
    p.stopped(Server, id);
    assert_eq!((p.session(Client).slots_used(), p.session(Client).calls_outgoing()), (0, 0));
}

#[test]
fn dropping_an_unsent_call_leaves_a_void_and_the_peer_never_hears_of_it() {
    let mut p = Pair::new();
    let call = p.prepare(Client, None, &[9; 1_000], secs(5));
    p.drop_call(Client, call);
    p.flow();
    assert_eq!(p.end(Server).kinds, [Kind::Void]);
    assert!(p.end(Server).taken.is_empty());
    assert_eq!(p.session(Client).slots_used(), 0);
    p.pass(secs(1));
    assert_eq!(p.session(Client).bytes_held(), 0);
}

#[test]
fn a_cancel_that_crosses_the_result_means_nothing() {
    let mut p = Pair::new();
    let call = p.call(Client, b"", secs(5));
    p.end(Server).held = true;
    let id = p.taken(Server);
    p.answer(Server, id, b"too late");
    p.drop_call(Client, call);
    p.end(Server).held = false;
    p.flow();
    assert!(p.end(Server).stops.is_empty());
    assert_eq!((p.closed(Server), p.closed(Client)), (None, None));
    assert_eq!(p.session(Client).slots_used(), 0);
    p.pass(secs(1));
    assert_eq!((p.session(Client).bytes_held(), p.session(Server).bytes_held()), (0, 0));
}

#[test]
fn a_handler_that_answers_although_it_was_cancelled_ends_its_call() {
    let mut p = Pair::new();
    let call = p.call(Client, b"", secs(5));
    p.drop_call(Client, call);
    p.flow();
    let id = p.taken(Server);
    p.answer(Server, id, b"anyway");
    assert_eq!(p.session(Client).slots_used(), 0);
}

#[test]
fn what_is_dropped_twice_or_looked_at_and_dropped_frees_its_slot_once() {
    let mut p = Pair::new();
    let call = p.call(Client, b"", secs(5));
    let id = p.id(Client, call).unwrap();
    p.detach(Client, call);
    let taken = p.taken(Server);
    p.answer(Server, taken, b"");
    let now = p.now;
    for _ in 0..3 {
        assert_eq!(p.session(Client).abandon_call(id, now), None);
    }
    // Two calls on one slot would be told each other's answers.
    let (a, b) = (p.call(Client, b"a", secs(5)), p.call(Client, b"b", secs(5)));
    assert_ne!(p.id(Client, a).unwrap().slot, p.id(Client, b).unwrap().slot);
    for taken in p.end(Server).taken.clone() {
        p.answer(Server, taken.id, &taken.body);
    }
    assert_eq!((p.outcome(Client, a), p.outcome(Client, b)), (value(b"a"), value(b"b")));
}

#[test]
fn a_call_is_answered_once() {
    let mut p = Pair::new();
    p.call(Client, b"", secs(5));
    let (id, now) = (p.taken(Server), p.now);
    assert!(p.session(Server).reply(id, Ok(b"1"), now));
    assert!(!p.session(Server).reply(id, Ok(b"2"), now));
    assert!(!p.session(Server).reply_stopped(id, Failed::Abandoned, now));
}

#[test]
fn bodies_over_the_peers_limit_never_leave() {
    let mut p = Pair::with(|server, client| (server.body_bytes_max, client.body_bytes_max) = (100, 50));
    let call = p.call(Client, &[0; 101], secs(5));
    assert_eq!(p.outcome(Client, call), not_executed(NotExecuted::TooLarge { bytes: 101, max: 100 }));
    assert_eq!(p.notify(Client, &[0; 101]), Notified::Dropped(Dropped::TooLarge { bytes: 101, max: 100 }));
    assert_eq!(p.latest(Client, 0, &[0; 101]), Notified::Dropped(Dropped::TooLarge { bytes: 101, max: 100 }));
    assert!(p.end(Server).kinds.is_empty());

    for ending in [Ok(&[0; 51][..]), Err(CallError::Handler(&[0; 51][..]))] {
        let call = p.call(Client, &[0; 100], secs(5));
        let id = p.taken(Server);
        p.reply(Server, id, ending);
        assert_eq!(p.outcome(Client, call), Some(Err(CallError::Failed(Failed::BadReply))));
    }
}
