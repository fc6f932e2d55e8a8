//! Who is gone, and since when (P-50 to P-52): each limit one millisecond before it and at it. And the server's clock.

use super::*;

/// A pair that silence, stalls and missing acknowledgements do not part for a quarter of an hour.
fn patient() -> Pair {
    Pair::with(|server, client| {
        server.heartbeat = secs(800);
        for limits in [server, client] {
            limits.silence_max = secs(900);
            limits.write_stall_max = secs(900);
            limits.ack_silence_max = secs(900);
        }
    })
}

#[test]
fn two_quiet_ends_stay_together_for_an_hour() {
    let mut p = Pair::new();
    p.pass(secs(3_600));
    assert_eq!((p.closed(Server), p.closed(Client)), (None, None));
    let pings = p.end(Client).kinds.iter().filter(|kind| **kind == Kind::Ping).count();
    assert_eq!(pings, 360);
    assert_eq!(p.end(Server).kinds.len(), 360);
}

#[test]
fn a_fast_heartbeat_is_no_flood() {
    let mut p = Pair::with(|server, _| (server.heartbeat, server.silence_max) = (ms(100), ms(400)));
    p.pass(secs(60));
    assert_eq!((p.closed(Server), p.closed(Client)), (None, None));
}

#[test]
fn what_gathers_on_a_link_that_stalls_is_no_flood() {
    for stalled in [Server, Client] {
        let mut p = Pair::with(|server, _| (server.heartbeat, server.silence_max) = (ms(100), ms(2_000)));
        for _ in 0..3 {
            p.end(stalled).held = true;
            p.pass(ms(1_900));
            p.end(stalled).held = false;
            p.pass(ms(10));
            assert_eq!((p.closed(Server), p.closed(Client)), (None, None), "{stalled:?}");
        }
    }
}

#[test]
fn a_silent_peer_is_gone_after_20_seconds() {
    for gone in [Server, Client] {
        let mut p = Pair::new();
        p.end(gone).held = true;
        p.pass(ms(19_999));
        assert_eq!(p.closed(gone.other()), None);
        p.pass(ms(1));
        assert_eq!(p.closed(gone.other()), Some(CloseCode::PeerSilent));
    }
}

#[test]
fn any_byte_is_life() {
    let mut p = Pair::with(|server, client| {
        (server.heartbeat, server.silence_max, client.silence_max) = (secs(100), secs(150), secs(150));
    });
    p.pass(secs(90));
    p.notify(Client, b"");
    p.end(Client).held = true;
    p.pass(ms(149_999));
    assert_eq!(p.closed(Server), None);
    p.pass(ms(1));
    assert_eq!(p.closed(Server), Some(CloseCode::PeerSilent));
}

#[test]
fn a_connection_that_takes_nothing_for_10_seconds_is_given_up() {
    let mut p = Pair::new();
    p.end(Server).stuck = true;
    p.notify(Server, b"x");
    p.pass(ms(9_999));
    assert_eq!(p.closed(Server), None);
    p.pass(ms(1));
    assert_eq!(p.closed(Server), Some(CloseCode::WriteStalled));
}

#[test]
fn a_stuck_writer_makes_no_busy_loop() {
    let mut p = patient();
    p.end(Server).stuck = true;
    p.notify(Client, b"to be acknowledged");
    p.pass(secs(60));
    let (next, timer) = p.session(Server).next_timeout().unwrap();
    assert!(next > p.now, "{timer:?} is overdue");
}

#[test]
fn a_peer_that_reads_and_never_acknowledges_is_given_up_after_30_seconds() {
    let mut p = Pair::new();
    p.notify(Server, b"x");
    p.end(Client).held = true;
    for second in 0..30 {
        p.inject_now(Client, &bytes_of(&Frame::Ping { time_us: second, rtt_us: 0 }));
        assert_eq!(p.closed(Server), None, "after {second} s");
        p.pass(if second < 29 { secs(1) } else { ms(999) });
    }
    assert_eq!(p.closed(Server), None);
    p.pass(ms(1));
    assert_eq!(p.closed(Server), Some(CloseCode::AckTimeout));
}

#[test]
fn a_frame_has_10_seconds_and_one_more_for_each_16_kib() {
    for (bytes, due) in [(20, 10), (48 << 10, 13)] {
        let mut p = patient();
        let frame = bytes_of(&Frame::Notify { to: target(), body: &vec![0; bytes] });
        // At first not even its length is known.
        p.inject(Client, &frame[..3]);
        p.pass(ms(500));
        p.inject(Client, &frame[3..20]);
        p.pass(secs(due) - ms(501));
        assert_eq!(p.closed(Server), None);
        p.pass(ms(1));
        assert_eq!(p.closed(Server), Some(CloseCode::FrameTimeout));
    }
}

#[test]
fn reads_that_always_end_within_a_frame_are_no_slow_frame() {
    let mut p = patient();
    let frame = bytes_of(&Frame::Notify { to: target(), body: &[1; 100] });
    let stream: Vec<u8> = frame.iter().copied().cycle().take(frame.len() * 100).collect();
    p.end(Server).held = true;
    // Each piece ends one frame and begins the next.
    for piece in stream[..stream.len() - 50].chunks(frame.len() + 1).take(60) {
        p.inject(Client, piece);
        p.pass(secs(1));
        assert_eq!(p.closed(Server), None, "after {:?}", p.elapsed());
    }
}

#[test]
fn both_ends_agree_about_the_servers_clock() {
    let mut p = Pair::new();
    p.pass(secs(60));
    let now = p.now;
    let (server, client) =
        (p.session(Server).server_clock().now(now), p.session(Client).server_clock().now(now));
    assert_eq!(server, secs(61));
    let error = p.session(Client).server_clock().error(now);
    assert!(
        server.abs_diff(client) <= error + Duration::from_micros(1) && error <= ms(10),
        "{client:?} +- {error:?}"
    );
    assert_eq!(p.session(Server).rtt(), Some(secs(0)));
}

#[test]
fn a_server_whose_clock_makes_no_sense_breaks_nothing() {
    let wild = [u64::MAX, 0, 1 << 63, (1 << 63) - 1, i64::MAX as u64 - 100, u64::MAX / 2 + 50_000, 1];
    for first in wild {
        for second in wild {
            let mut p = patient();
            let mut last = secs(0);
            for time_us in [first, second, first] {
                p.inject(Server, &bytes_of(&Frame::Ping { time_us, rtt_us: u32::MAX }));
                p.pass(ms(10));
                let now = p.now;
                let seen = p.session(Client).server_clock().now(now);
                assert!(seen >= last, "the clock ran backwards");
                last = seen;
            }
        }
    }
}
