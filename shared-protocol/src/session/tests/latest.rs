//! Latest values (P-37) and lossy messages (P-38): the newest converges, never ahead of what was said before it.

use super::*;
use crate::contract::Delivery;

fn heard(p: &mut Pair, at: Side) -> Vec<Vec<u8>> {
    p.end(at).said.iter().map(|(_, body)| body.clone()).collect()
}

#[test]
fn of_unsent_values_only_the_newest_goes_out() {
    let mut p = Pair::new();
    p.end(Server).stuck = true;
    for n in 0..100 {
        assert_eq!(p.latest(Server, n % 2, &[n as u8]), Notified::Sent);
    }
    p.end(Server).stuck = false;
    p.flow();
    assert_eq!(p.end(Client).said, [(Delivery::Latest, vec![98]), (Delivery::Latest, vec![99])]);
}

#[test]
fn a_value_never_overtakes_what_was_logged_before_it() {
    let mut p = Pair::new();
    p.end(Server).stuck = true;
    for n in 0..40 {
        // More than one batch.
        p.notify(Server, &[n; 4_000]);
    }
    p.latest(Server, 0, b"after");
    p.end(Server).stuck = false;
    p.flow();
    assert_eq!(heard(&mut p, Client).len(), 41);
    assert_eq!(heard(&mut p, Client).last().unwrap(), b"after");
}

#[test]
fn values_converge_through_a_connection_that_stutters() {
    let mut p = Pair::new();
    p.cut = Cut::Random(3);
    for n in 0..500_u16 {
        p.end(Server).stuck = n % 7 < 4;
        p.end(Client).held = n % 11 < 5;
        p.latest(Server, u64::from(n % 3), &n.to_le_bytes());
        p.pass(ms(9));
    }
    (p.end(Server).stuck, p.end(Client).held) = (false, false);
    p.pass(secs(1));
    let seen = heard(&mut p, Client).into_iter().map(|body| u16::from_le_bytes([body[0], body[1]]));
    let seen: Vec<u16> = seen.collect();
    for key in 0..3 {
        let of_key: Vec<u16> = seen.iter().copied().filter(|n| n % 3 == key).collect();
        assert!(of_key.is_sorted() && of_key.len() < 160, "{of_key:?}");
        assert!(of_key.last().is_some_and(|last| *last >= 497));
    }
    assert_eq!(p.session(Server).bytes_held(), 0);
}

#[test]
fn keys_and_bytes_have_bounds_and_free_up_when_confirmed() {
    let mut p = Pair::with(|server, _| (server.latest_keys_max, server.latest_bytes_max) = (2, 100));
    p.end(Client).held = true;
    assert_eq!(p.latest(Server, 1, &[0; 50]), Notified::Sent);
    assert_eq!(p.latest(Server, 2, &[0; 50]), Notified::Sent);
    assert_eq!(p.latest(Server, 3, b""), Notified::Dropped(Dropped::Full));
    assert_eq!(p.latest(Server, 2, &[0; 51]), Notified::Dropped(Dropped::Full));
    p.end(Client).held = false;
    p.pass(ms(500));
    assert_eq!(p.latest(Server, 3, &[0; 100]), Notified::Sent);
}

#[test]
fn a_value_out_of_order_is_the_peers_mistake() {
    for second in [5, 4, 0] {
        let mut p = Pair::new();
        p.inject(Client, &bytes_of(&Frame::Latest { number: 5, to: target(), body: b"" }));
        p.inject(Client, &bytes_of(&Frame::Latest { number: second, to: target(), body: b"" }));
        assert_eq!(p.closed(Server), Some(CloseCode::MalformedFrame));
    }
}

#[test]
fn lossy_messages_are_dropped_behind_a_busy_socket_and_pass_a_free_one() {
    let mut p = Pair::new();
    let drop = |p: &mut Pair| p.session(Server).notify_droppable(target(), Message::Own(b"d"));
    assert_eq!(drop(&mut p), Notified::Sent);
    p.flow();
    assert_eq!(p.end(Client).said, [(Delivery::Droppable, b"d".to_vec())]);
    p.end(Server).stuck = true;
    p.notify(Server, b"n");
    assert_eq!(drop(&mut p), Notified::Dropped(Dropped::Full));
}

#[test]
fn lossy_messages_waiting_for_the_writer_are_bounded() {
    let mut p = Pair::new();
    let drop = |p: &mut Pair| p.session(Server).notify_droppable(target(), Message::Own(b""));
    let sent = (0..10_000).filter(|_| drop(&mut p) == Notified::Sent).count();
    assert!(sent * 22 <= 17 << 10, "{sent} empty messages kept");
}
