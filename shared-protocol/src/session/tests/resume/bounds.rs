//! What a session without a connection may hold, and for how long (P-60, P-67).

use super::*;

#[test]
fn a_detached_log_takes_so_many_frames_more_and_no_more() {
    let mut p = Pair::lasting();
    p.end(Server).held = true;
    p.notify(Server, b"sent before");
    p.cut();
    let sent = (0..2_000).filter(|_| p.notify(Server, b"") == Notified::Sent).count();
    assert_eq!(sent, 1_024);
    assert_eq!((p.closed(Server), p.closed(Client)), (None, None));
    p.come_back();
    assert_eq!(p.heard(Client).len(), 1_025);
    // The bound was the lost connection's: it is not in the way of what comes.
    p.pass(secs(1));
    assert_eq!(p.notify(Server, b"after"), Notified::Sent);
    assert_eq!(p.heard(Client).len(), 1_026);
}

#[test]
fn a_detached_log_takes_so_many_bytes_more_and_no_more() {
    for before in [0, 3] {
        let mut p = Pair::lasting();
        p.end(Server).held = true;
        let body = vec![1; 10_000];
        (0..before).for_each(|_| assert_eq!(p.notify(Server, &body), Notified::Sent));
        p.cut();
        let held = p.session(Server).bytes_held();
        let sent = (0..100).filter(|_| p.notify(Server, &body) == Notified::Sent).count();
        let added = p.session(Server).bytes_held() - held;
        assert!(added <= 256 << 10 && added > (256 << 10) - 11_000, "{added}");
        p.come_back();
        assert_eq!(p.heard(Client).len(), before + sent);
    }
}

#[test]
fn being_cut_off_again_and_again_adds_up_to_the_same_bound() {
    let mut p = Pair::lasting_with(|server, _| server.log_bytes_max = 100_000);
    for _ in 0..5 {
        p.cut();
        while p.notify(Server, &[1; 5_000]) == Notified::Sent {}
        // The server writes all of it into a connection that carries nothing.
        p.give_back();
        p.flow();
    }
    assert!(p.session(Server).bytes_held() <= 100_000 + (256 << 10));
}

#[test]
fn a_caller_waits_for_room_while_away_and_gets_through_after_the_return() {
    let mut p = Pair::lasting();
    p.cut();
    while p.notify(Client, b"") == Notified::Sent {}
    let (patient, hurried) = (p.call(Client, b"patient", secs(50)), p.call(Client, b"hurried", secs(1)));
    assert!(p.is_waiting(Client, patient) && p.is_waiting(Client, hurried));
    p.pass(secs(2));
    assert_eq!(p.outcome(Client, hurried), not_executed(NotExecuted::Busy));
    // Woken by the return itself, not by the first acknowledgement.
    p.reconnect();
    assert!(p.id(Client, patient).is_some());
    p.flow();
    let id = p.taken(Server);
    p.answer(Server, id, b"");
    assert_eq!(p.outcome(Client, patient), value(b""));
}

#[test]
fn an_answer_without_room_while_away_keeps_its_slot_and_goes_out_after_the_return() {
    let mut p = Pair::lasting();
    let call = p.call(Client, b"work", secs(50));
    let id = p.taken(Server);
    p.cut();
    while p.notify(Server, b"") == Notified::Sent {}
    p.answer(Server, id, b"done");
    assert_eq!(p.session(Server).calls_incoming(), 1);
    p.come_back();
    assert_eq!((p.outcome(Client, call), p.session(Server).calls_incoming()), (value(b"done"), 0));
}

#[test]
fn time_goes_on_without_a_connection_and_nothing_is_due_but_what_is_said() {
    let mut p = Pair::lasting();
    p.notify(Client, b"not acknowledged yet");
    p.call(Client, b"work", secs(20));
    p.cut();
    let now = p.now;
    assert_eq!(p.session(Server).next_timeout(), Some((now + secs(20), Timer::IncomingDeadline)));
    assert!(!p.session(Server).has_output(now) && !p.session(Client).has_output(now));
    let id = p.taken(Server);
    p.stopped(Server, id);
    p.pass(secs(30));
    assert_eq!(p.session(Server).next_timeout(), Some((now + secs(60), Timer::Window)));
    let mut batch = Batch::new();
    p.session(Server).take_output(now, &mut batch);
    assert!(batch.is_empty());
}

#[test]
fn the_time_of_a_connection_begins_with_it() {
    let mut p = Pair::lasting();
    p.end(Server).held = true;
    p.notify(Server, b"unacknowledged");
    p.pass(secs(15));
    p.cut();
    p.pass(secs(40));
    p.come_back();
    // Neither silence nor a missing acknowledgement of the lost connection counts against this one.
    p.end(Client).held = true;
    p.pass(secs(19));
    assert!(p.session(Server).is_attached());
    p.pass(secs(2));
    assert_eq!(p.detached_for(Server), Some(CloseCode::PeerSilent));
}

#[test]
fn a_window_that_has_not_passed_begins_again_with_the_next_loss() {
    let mut p = Pair::lasting();
    for _ in 0..3 {
        p.cut();
        p.pass(secs(59));
        p.come_back();
        p.pass(secs(5));
    }
    assert_eq!((p.closed(Server), p.closed(Client)), (None, None));
}

#[test]
fn what_was_taken_and_never_acknowledged_is_told_by_the_return() {
    let mut p = Pair::lasting();
    // So many that an acknowledgement is due at once; the connection takes none.
    p.end(Client).stuck = true;
    (0..100).for_each(|_| assert_eq!(p.notify(Server, b"taken"), Notified::Sent));
    p.cut();
    assert!(p.session(Server).bytes_held() > 0);
    p.come_back();
    assert_eq!((p.session(Server).bytes_held(), p.heard(Client).len()), (0, 100));
    p.pass(ms(200));
    assert!(!p.end(Server).kinds.contains(&Kind::Ack), "told twice");
}
