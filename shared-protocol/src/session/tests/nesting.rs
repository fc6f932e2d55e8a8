//! Calls within calls (P-32): they need no permit, wait for nobody, and go 16 deep.

use super::*;

/// Calls back and forth, each on behalf of the one before, until one is refused or `depth` is reached.
fn chain(p: &mut Pair, depth: usize) -> (Side, usize) {
    let mut side = Client;
    let mut call = p.call(side, &[0], secs(10));
    for level in 1..=depth {
        let id = p.end(side.other()).taken.last().unwrap().id;
        side = side.other();
        call = p.call_within(side, Some(id), &[level as u8], secs(10));
    }
    (side, call)
}

#[test]
fn sixteen_levels_are_called_and_the_seventeenth_is_refused() {
    let mut p = Pair::new();
    let (side, call) = chain(&mut p, 16);
    assert_eq!(p.outcome(side, call), None);
    let deepest = p.end(side.other()).taken.last().unwrap().clone();
    assert_eq!(deepest.body, [16]);
    let refused = p.call_within(side.other(), Some(deepest.id), b"", secs(10));
    assert_eq!(p.outcome(side.other(), refused), not_executed(NotExecuted::TooDeep));
}

#[test]
fn a_peer_that_nests_deeper_is_refused_by_us() {
    let mut p = Pair::new();
    let (side, _) = chain(&mut p, 16);
    let deepest = p.end(side.other()).taken.last().unwrap().id;
    // Its own session would not let it; another program might.
    let id = CallId { slot: 150, generation: 0 };
    let call = Frame::Call { id, to: target(), remaining_ms: 1_000, parent: Some(deepest), body: b"" };
    let before = p.end(side).taken.len();
    p.end(side).held = true;
    p.inject(side.other(), &bytes_of(&call));
    assert_eq!((p.end(side).taken.len(), p.closed(side)), (before, None));
}

#[test]
fn nested_calls_need_no_permit() {
    let mut p = Pair::with(|server, client| {
        (server.calls_in_flight_max, client.calls_in_flight_max) = (1, 1);
    });
    let outer = p.call(Client, b"outer", secs(5));
    let unrelated = p.call(Server, b"unrelated", secs(5));
    // All permits are taken both ways, and other calls wait before ours.
    let queued: Vec<usize> = (0..64).map(|_| p.call(Server, b"queued", secs(5))).collect();
    assert!(p.is_waiting(Server, queued[0]));

    let parent = p.taken(Server);
    let inner = p.call_within(Server, Some(parent), b"inner", secs(5));
    let taken = p.end(Client).taken.clone();
    let child = taken.iter().find(|taken| taken.body == b"inner").expect("the nested call went through");
    assert!(child.nested);
    p.answer(Client, child.id, b"1");
    assert_eq!(p.outcome(Server, inner), value(b"1"));
    p.answer(Server, parent, b"2");
    assert_eq!(p.outcome(Client, outer), value(b"2"));
    assert_eq!(p.outcome(Server, unrelated), None);
}

#[test]
fn both_sides_full_each_nest_once_and_everything_ends() {
    let mut p = Pair::new();
    let calls: Vec<(Side, usize)> = [Server, Client]
        .into_iter()
        .flat_map(|side| (0..128).map(move |_| side))
        .map(|side| (side, p.call(side, b"outer", secs(5))))
        .collect();
    for side in [Server, Client] {
        for taken in p.end(side).taken.clone().into_iter().take(64) {
            p.call_within(side, Some(taken.id), b"inner", secs(5));
        }
    }
    for side in [Server, Client] {
        let mut taken = p.end(side).taken.clone();
        assert_eq!(taken.iter().filter(|taken| taken.nested).count(), 64);
        taken.reverse();
        taken.iter().for_each(|taken| p.answer(side, taken.id, b""));
    }
    assert!(calls.into_iter().all(|(side, call)| p.outcome(side, call) == value(b"")));
    for side in [Server, Client] {
        assert_eq!((p.session(side).slots_used(), p.session(side).calls_incoming()), (0, 0));
    }
}

#[test]
fn over_the_hard_cap_a_nested_call_is_refused_at_once() {
    let mut p = Pair::with(|_, client| (client.calls_in_flight_max, client.nested_calls_max) = (1, 2));
    p.call(Client, b"", secs(5));
    let parent = p.taken(Server);
    for _ in 0..3 {
        let nested = p.call_within(Server, Some(parent), b"", secs(5));
        assert_eq!(p.outcome(Server, nested), None);
    }
    let over = p.call_within(Server, Some(parent), b"", secs(5));
    assert_eq!(p.outcome(Server, over), not_executed(NotExecuted::TooManyInFlight));
}

#[test]
fn a_call_for_a_parent_that_was_answered_is_an_ordinary_one() {
    let mut p = Pair::new();
    p.call(Client, b"", secs(5));
    let parent = p.taken(Server);
    p.answer(Server, parent, b"");
    p.call_within(Server, Some(parent), b"after", secs(5));
    assert!(!p.end(Client).taken[0].nested);
}

#[test]
fn a_parent_that_its_caller_dropped_is_still_one() {
    let mut p = Pair::new();
    let outer = p.call(Client, b"", secs(5));
    let parent = p.taken(Server);
    p.drop_call(Client, outer);
    p.flow();
    p.call_within(Server, Some(parent), b"", secs(5));
    assert!(p.end(Client).taken[0].nested);
}
