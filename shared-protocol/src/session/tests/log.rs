//! The ordered log under load (P-40 to P-42): acknowledgements, a full log, replies that wait for room.

use super::*;

fn acks(p: &mut Pair, at: Side) -> usize {
    p.end(at).kinds.iter().filter(|kind| **kind == Kind::Ack).count()
}

#[test]
fn an_acknowledgement_comes_after_half_a_second() {
    let mut p = Pair::new();
    p.notify(Client, b"x");
    p.pass(ms(499));
    assert_eq!((acks(&mut p, Client), p.session(Client).bytes_held() > 0), (0, true));
    p.pass(ms(1));
    assert_eq!((acks(&mut p, Client), p.session(Client).bytes_held()), (1, 0));
}

#[test]
fn an_acknowledgement_comes_after_64_frames() {
    let mut p = Pair::new();
    for _ in 0..63 {
        p.notify(Client, b"");
    }
    assert_eq!(acks(&mut p, Client), 0);
    p.notify(Client, b"");
    assert_eq!((acks(&mut p, Client), p.session(Client).bytes_held()), (1, 0));
}

#[test]
fn an_acknowledgement_comes_after_16_kib() {
    let mut p = Pair::new();
    let fields = 6 + 16;
    p.notify(Client, &vec![0; (16 << 10) - fields - 1]);
    assert_eq!(acks(&mut p, Client), 0);
    let mut p = Pair::new();
    p.notify(Client, &vec![0; (16 << 10) - fields]);
    assert_eq!((acks(&mut p, Client), p.session(Client).bytes_held()), (1, 0));
}

#[test]
fn an_acknowledgement_rides_with_other_output_from_16_frames_on() {
    let mut p = Pair::new();
    for _ in 0..15 {
        p.notify(Client, b"");
    }
    p.notify(Server, b"");
    assert_eq!(acks(&mut p, Client), 0);
    p.notify(Client, b"");
    p.notify(Server, b"");
    assert_eq!(acks(&mut p, Client), 1);
    p.pass(ms(600));
    assert_eq!(acks(&mut p, Client), 1, "once is enough");
}

#[test]
fn an_acknowledgement_rides_with_other_output_from_a_kibibyte_on() {
    let fields = 6 + 16;
    for (bytes, expected) in [(1_023, 0), (1_024, 1)] {
        let mut p = Pair::new();
        p.notify(Client, &vec![0; bytes - fields]);
        assert_eq!(acks(&mut p, Client), 0, "nothing to ride with");
        p.notify(Server, b"");
        assert_eq!(acks(&mut p, Client), expected, "{bytes}");
    }
}

#[test]
fn a_full_log_drops_notifies_and_makes_callers_wait() {
    let mut p = Pair::with(|_, client| client.log_bytes_max = 4_000);
    p.end(Client).held = true;
    while p.notify(Client, &[1; 500]) == Notified::Sent {}
    assert_eq!(p.notify(Client, &[1; 500]), Notified::Dropped(Dropped::Full));
    assert!(!p.session(Client).has_room(500));
    let call = p.call(Client, &[2; 500], secs(5));
    assert!(p.is_waiting(Client, call));
    let nested = p.call(Server, b"", secs(5));
    assert_eq!(p.outcome(Server, nested), None);
    p.end(Client).held = false;
    p.pass(ms(600));
    assert!(!p.is_waiting(Client, call));
    assert_eq!(p.notify(Client, &[1; 500]), Notified::Sent);
}

#[test]
fn a_nested_call_does_not_wait_for_room() {
    let mut p = Pair::with(|_, client| client.log_bytes_max = 4_000);
    p.call(Server, b"", secs(5));
    let parent = p.taken(Client);
    p.end(Client).held = true;
    while p.notify(Client, &[1; 500]) == Notified::Sent {}
    let nested = p.call_within(Client, Some(parent), &[1; 500], secs(5));
    assert_eq!(p.outcome(Client, nested), not_executed(NotExecuted::Busy));
}

#[test]
fn a_full_log_stops_neither_acknowledgements_nor_pings_nor_pongs() {
    let mut p = Pair::with(|server, client| {
        (server.log_bytes_max, client.log_bytes_max) = (4_000, 4_000);
        // Nobody acknowledges for long: only these logs are full, the connection is well.
        (server.ack_silence_max, client.ack_silence_max) = (secs(600), secs(600));
    });
    for side in [Server, Client] {
        p.end(side).held = true;
        while p.notify(side, &[1; 500]) == Notified::Sent {}
        assert!(!p.session(side).has_room(500));
    }
    p.end(Server).kinds.clear();
    for side in [Server, Client] {
        p.end(side).held = false;
    }
    p.pass(secs(25));
    assert!(p.end(Client).kinds.contains(&Kind::Ping) && p.end(Server).kinds.contains(&Kind::Pong));
    assert!(acks(&mut p, Client) > 0 && acks(&mut p, Server) > 0);
    assert_eq!((p.session(Server).bytes_held(), p.session(Client).bytes_held()), (0, 0));
}

#[test]
fn replies_that_find_no_room_keep_their_slots_and_go_out_whole_and_in_order() {
    let mut p = Pair::with(|server, _| server.log_bytes_max = 4_000);
    let calls: Vec<usize> = (0..4).map(|n| p.call(Client, &[n], secs(5))).collect();
    let taken = p.end(Server).taken.clone();
    p.end(Server).held = true;
    while p.notify(Server, &[1; 500]) == Notified::Sent {}
    p.reply(Server, taken[0].id, Ok(&[10; 600]));
    p.reply(Server, taken[1].id, Err(CallError::Handler(&[11; 600])));
    p.reply(Server, taken[2].id, Err(CallError::Failed(Failed::Panicked)));
    p.reply(Server, taken[3].id, Ok(b"small"));
    assert_eq!(p.session(Server).calls_incoming(), 4);
    p.end(Server).held = false;
    p.pass(secs(1));
    assert_eq!(p.outcome(Client, calls[0]), value(&[10; 600]));
    let error = Body::from_slice(&[11; 600]);
    assert_eq!(p.outcome(Client, calls[1]), Some(Err(CallError::Handler(error))));
    assert_eq!(p.outcome(Client, calls[2]), Some(Err(CallError::Failed(Failed::Panicked))));
    assert_eq!(p.outcome(Client, calls[3]), value(b"small"));
    assert_eq!((p.session(Server).calls_incoming(), p.session(Server).bytes_held()), (0, 0));
}

#[test]
fn nothing_new_takes_the_room_that_a_parked_reply_waits_for() {
    let mut p = Pair::with(|server, _| server.log_bytes_max = 4_000);
    let call = p.call(Client, b"", secs(5));
    let id = p.taken(Server);
    p.end(Server).held = true;
    while p.notify(Server, &[1; 200]) == Notified::Sent {}
    p.reply(Server, id, Ok(&[7; 3_000]));
    assert_eq!(p.notify(Server, b""), Notified::Dropped(Dropped::Full));
    let waiting = p.call(Server, b"", secs(5));
    assert!(p.is_waiting(Server, waiting));
    p.end(Server).held = false;
    p.pass(ms(600));
    assert_eq!(p.outcome(Client, call), value(&[7; 3_000]));
    p.pass(ms(600));
    assert!(!p.is_waiting(Server, waiting));
}

#[test]
fn a_reply_larger_than_the_whole_log_goes_out_when_it_is_empty() {
    let mut p = Pair::with(|server, _| server.log_bytes_max = 1_000);
    let call = p.call(Client, b"", secs(5));
    let id = p.taken(Server);
    p.notify(Server, b"x");
    p.reply(Server, id, Ok(&[7; 5_000]));
    p.pass(ms(600));
    assert_eq!(p.outcome(Client, call), value(&[7; 5_000]));
}

#[test]
fn calls_without_end_leave_room_for_replies() {
    // A peer that takes more calls than our log has room for cancels of.
    let mut p = Pair::with(|server, client| {
        server.calls_in_flight_max = 10_000;
        client.log_bytes_max = 10_000;
    });
    let calls: Vec<usize> = (0..500).map(|_| p.call(Client, b"", secs(5))).collect();
    p.pass(ms(600));
    assert!(p.is_waiting(Client, calls[499]));
    let ask = p.call(Server, b"", secs(5));
    let id = p.taken(Client);
    p.answer(Client, id, b"still here");
    assert_eq!(p.outcome(Server, ask), value(b"still here"));
}

#[test]
fn what_is_handed_over_at_once_is_bounded_before_shared_bodies_too() {
    let mut p = Pair::new();
    let now = p.now;
    for _ in 0..200 {
        p.session(Client).notify(target(), Message::Own(&[1; 2_000]), now);
    }
    let shared = bytes::Bytes::from(vec![2; 10_000]);
    p.session(Client).notify(target(), Message::Shared(&shared), now);
    let mut batch = Batch::new();
    p.session(Client).take_output(now, &mut batch);
    let taken: usize = batch.iter().map(|piece| piece.len()).sum();
    assert!(taken < (64 << 10) + 4_000, "{taken} bytes at once");
}

#[test]
fn acknowledging_what_was_never_sent_closes_as_diverged() {
    for (position, latest) in [(1, 0), (0, 1), (u64::MAX, u64::MAX)] {
        let mut p = Pair::new();
        p.inject(Client, &bytes_of(&Frame::Ack { position, latest }));
        assert_eq!(p.closed(Server), Some(CloseCode::Diverged));
        assert_eq!(p.closed(Client), Some(CloseCode::Diverged));
    }
}

#[test]
fn what_is_logged_and_not_handed_over_cannot_be_acknowledged() {
    let mut p = Pair::new();
    p.end(Server).stuck = true;
    p.notify(Server, b"x");
    p.inject(Client, &bytes_of(&Frame::Ack { position: 1, latest: 0 }));
    assert_eq!(p.closed(Server), Some(CloseCode::Diverged));
}
