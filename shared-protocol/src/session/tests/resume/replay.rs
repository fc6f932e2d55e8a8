//! What is written again, from where, and in which order (P-66).

use super::*;
use crate::wire::HEADER_BYTES;

#[test]
fn an_idle_session_of_no_frames_comes_back() {
    let mut p = Pair::lasting();
    p.cut();
    assert_eq!(p.detached_for(Server), Some(CloseCode::ConnectionLost));
    p.pass(secs(30));
    p.come_back();
    assert_eq!(p.end(Server).confirmed, 1);
    p.notify(Client, b"here again");
    assert_eq!(p.heard(Server), [b"here again"]);
}

#[test]
fn nothing_is_lost_or_repeated_wherever_the_connection_is_cut() {
    let mut lengths = Vec::new();
    let mut bytes = 0;
    while bytes <= lengths.first().copied().unwrap_or(1) {
        let mut p = Pair::lasting();
        (p.end(Server).held, p.end(Client).held) = (true, true);
        // Two are handed over at once and cut within, the third by itself.
        let now = p.now;
        for (body, flows) in [(&b"one"[..], false), (b"two", true), (b"three", true)] {
            for side in [Server, Client] {
                p.session(side).notify(target(), Message::Own(body), now);
            }
            if flows {
                p.flow();
            }
        }
        lengths.push(p.end(Server).pipe.len());
        p.cut_after([bytes, bytes]);
        p.come_back();
        for side in [Server, Client] {
            assert_eq!(p.heard(side), [&b"one"[..], b"two", b"three"], "cut after {bytes} bytes");
        }
        p.pass(secs(1));
        assert_eq!((p.session(Server).bytes_held(), p.session(Client).bytes_held()), (0, 0));
        bytes += 1;
    }
    assert!(bytes > 3 * HEADER_BYTES);
}

#[test]
fn what_was_said_in_between_comes_after_the_replay() {
    let mut p = Pair::lasting();
    p.end(Server).held = true;
    p.notify(Server, b"sent and lost");
    p.cut();
    p.notify(Server, b"said while away");
    p.reconnect();
    p.session(Server).notify(target(), Message::Own(b"said before anything flowed"), Instant::now());
    p.flow();
    let all = [&b"sent and lost"[..], b"said while away", b"said before anything flowed"];
    assert_eq!(p.heard(Client), all);
}

#[test]
fn an_acknowledgement_during_the_replay_leaves_the_rest_of_it() {
    let mut p = Pair::lasting();
    p.end(Server).held = true;
    let bodies: Vec<Vec<u8>> = (0..4).map(|n| vec![n; 60_000]).collect();
    bodies.iter().for_each(|body| assert_eq!(p.notify(Server, body), Notified::Sent));
    p.cut();
    p.reconnect();
    let (now, mut batch) = (p.now, Batch::new());
    let confirm = std::mem::take(&mut p.end(Client).pipe);
    p.end(Server).read(&confirm, now);
    // One batch of the replay is written and acknowledged; the rest has not been written again.
    p.session(Server).take_output(now, &mut batch);
    let batch = batch.concat();
    assert!(p.session(Server).replaying() > 0, "all of it fits a batch");
    p.end(Client).read(&batch, now);
    let position = p.session(Client).taken().position;
    assert!(position > 0);
    p.inject_now(Client, &bytes_of(&Frame::Ack { position, latest: 0 }));
    p.flow();
    assert_eq!(p.heard(Client), bodies);
}

#[test]
fn a_connection_lost_in_the_middle_of_the_replay_is_replaced_as_well() {
    let mut p = Pair::lasting();
    p.end(Server).held = true;
    let bodies: Vec<Vec<u8>> = (0..6).map(|n| vec![n; 50_000]).collect();
    bodies.iter().for_each(|body| assert_eq!(p.notify(Server, body), Notified::Sent));
    p.cut();
    for part in 1..5 {
        p.reconnect();
        let (now, mut batch) = (p.now, Batch::new());
        p.session(Server).take_output(now, &mut batch);
        p.end(Server).pipe = batch.concat();
        p.cut_after([part * 20_000, 100]);
    }
    p.come_back();
    assert_eq!(p.heard(Client), bodies);
}

#[test]
fn shared_bodies_are_written_again_too() {
    let mut p = Pair::lasting();
    p.end(Server).held = true;
    let (now, shared) = (p.now, bytes::Bytes::from(vec![7; 5_000]));
    p.notify(Server, b"before");
    for _ in 0..2 {
        p.session(Server).notify(target(), Message::Shared(&shared), now);
    }
    p.notify(Server, b"after");
    p.flow();
    // The first and the head of the second arrive.
    p.cut_after([40, 0]);
    p.come_back();
    assert_eq!(p.heard(Client), [&b"before"[..], &shared, &shared, b"after"]);
}

#[test]
fn a_resumed_that_is_lost_costs_nothing() {
    let mut p = Pair::lasting();
    p.notify(Client, b"first");
    p.cut();
    p.notify(Server, b"while away");
    p.give_back();
    p.flow();
    // The client saw nothing of it, and tries again: the server takes over from a connection it believes in.
    assert!(p.session(Server).is_attached());
    p.come_back();
    assert_eq!((p.heard(Server), p.heard(Client)), (vec![b"first".to_vec()], vec![b"while away".to_vec()]));
}

#[test]
fn a_return_takes_over_from_a_connection_that_is_still_there() {
    let mut p = Pair::lasting();
    p.end(Server).held = true;
    p.notify(Server, b"into nothing");
    p.lose(Client);
    assert!(p.session(Server).is_attached());
    p.end(Server).held = false;
    p.come_back();
    assert_eq!(p.heard(Client), [b"into nothing"]);
}

#[test]
fn what_still_comes_over_a_connection_that_was_given_up_counts_for_nothing() {
    let mut p = Pair::lasting();
    p.end(Client).held = true;
    p.notify(Client, b"on its way");
    let late = std::mem::take(&mut p.end(Client).pipe);
    p.cut();
    p.inject_now(Client, &late);
    assert_eq!((p.heard(Server), p.session(Server).taken().position), (vec![], 0));
    p.come_back();
    assert_eq!(p.heard(Server), [b"on its way"]);
}

#[test]
fn a_latest_value_given_just_before_the_cut_is_held_after_the_return() {
    let mut p = Pair::lasting();
    p.latest(Server, 0, b"taken");
    p.pass(secs(1));
    p.end(Server).held = true;
    p.latest(Server, 1, b"lost");
    p.latest(Server, 2, b"lost and replaced");
    p.cut();
    p.latest(Server, 2, b"newest");
    p.come_back();
    // Numbers rise over a resume, and what was confirmed is not repeated.
    assert_eq!(p.heard(Client), [&b"taken"[..], b"lost", b"newest"]);
    assert_eq!(p.session(Client).taken().latest, 5);
    p.pass(secs(1));
    assert_eq!(p.session(Server).bytes_held(), 0);
}

#[test]
fn a_latest_value_that_was_taken_and_not_confirmed_is_not_repeated() {
    let mut p = Pair::lasting();
    p.end(Client).held = true;
    p.latest(Server, 0, b"value");
    p.cut();
    p.come_back();
    assert_eq!(p.heard(Client), [b"value"]);
    assert_eq!(p.session(Server).bytes_held(), 0);
}

#[test]
fn latest_values_wait_for_the_replay_of_what_was_logged_before_them() {
    let mut p = Pair::lasting();
    p.end(Server).held = true;
    p.notify(Server, b"notify");
    p.latest(Server, 0, b"latest");
    p.cut();
    p.come_back();
    assert_eq!(p.heard(Client), [&b"notify"[..], b"latest"]);
}

#[test]
fn lossy_messages_are_lost_with_their_connection() {
    let mut p = Pair::lasting();
    let to = target();
    p.session(Server).notify_droppable(to, Message::Own(b"not written"));
    p.cut();
    let dropped = p.session(Server).notify_droppable(to, Message::Own(b"while away"));
    assert_eq!(dropped, Notified::Dropped(Dropped::Full));
    p.come_back();
    p.session(Server).notify_droppable(to, Message::Own(b"again"));
    p.flow();
    assert_eq!(p.end(Client).said, [(Delivery::Droppable, b"again".to_vec())]);
}
