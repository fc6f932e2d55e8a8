//! A peer that breaks the rules (P-02 to P-05, P-31, P-43, P-53): each mistake ends the session with its own code, and nothing panics.

use super::*;
use crate::wire::Target;

/// What the server makes of raw bytes from a client.
fn verdict(bytes: &[u8]) -> Option<CloseCode> {
    let mut p = Pair::new();
    p.inject(Client, bytes);
    p.closed(Server)
}

fn call(slot: u32, generation: u32) -> Vec<u8> {
    let id = CallId { slot, generation };
    bytes_of(&Frame::Call { id, to: target(), remaining_ms: 1_000, parent: None, body: b"" })
}

fn raw(kind: u8, flags: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = (payload.len() as u32 + 2).to_le_bytes().to_vec();
    bytes.extend([kind, flags]);
    bytes.extend(payload);
    bytes
}

#[test]
fn slots_are_checked() {
    assert_eq!(verdict(&call(191, 0)), None);
    assert_eq!(verdict(&call(192, 0)), Some(CloseCode::SlotOutOfRange));
    assert_eq!(verdict(&call(u32::MAX, u32::MAX)), Some(CloseCode::SlotOutOfRange));
    assert_eq!(verdict(&[call(3, 0), call(3, 1)].concat()), Some(CloseCode::SlotInUse));
}

#[test]
fn calls_beyond_the_permits_are_refused_one_by_one() {
    let mut p = Pair::new();
    p.end(Server).held = true;
    let calls: Vec<u8> = (0..192).flat_map(|slot| call(slot, 0)).collect();
    p.inject(Client, &calls);
    assert_eq!((p.end(Server).taken.len(), p.closed(Server)), (128, None));
}

#[test]
fn replies_to_calls_that_were_never_made_end_the_session() {
    let result = |slot, generation| {
        bytes_of(&Frame::Result { id: CallId { slot, generation }, ending: Ok(b"forged") })
    };
    assert_eq!(verdict(&result(0, 0)), Some(CloseCode::UnknownCall));
    assert_eq!(verdict(&result(u32::MAX, u32::MAX)), Some(CloseCode::UnknownCall));

    let mut p = Pair::new();
    p.call(Server, b"", secs(5));
    p.inject(Client, &result(0, 1));
    assert_eq!(p.closed(Server), Some(CloseCode::UnknownCall), "another generation");

    let mut p = Pair::new();
    p.call(Server, b"", secs(5));
    let id = p.taken(Client);
    p.answer(Client, id, b"");
    p.inject(Client, &result(0, 0));
    assert_eq!(p.closed(Server), Some(CloseCode::UnknownCall), "a second answer");

    let mut p = Pair::new();
    p.end(Server).stuck = true;
    let unsent = p.call(Server, b"", secs(5));
    p.inject(Client, &result(0, 0));
    assert_eq!(p.closed(Server), Some(CloseCode::UnknownCall), "an answer to what it has not got");
    assert_eq!(p.outcome(Server, unsent), not_executed(NotExecuted::NeverSent));
}

#[test]
fn a_cancel_for_nothing_is_ignored() {
    let cancel = |slot| bytes_of(&Frame::Cancel { id: CallId { slot, generation: 7 } });
    assert_eq!(verdict(&[cancel(0), cancel(u32::MAX)].concat()), None);
}

#[test]
fn an_expired_call_is_refused_without_starting() {
    let mut p = Pair::new();
    let id = CallId { slot: 0, generation: 0 };
    p.end(Server).held = true;
    p.inject(Client, &bytes_of(&Frame::Call { id, to: target(), remaining_ms: 0, parent: None, body: b"" }));
    assert!(p.end(Server).taken.is_empty());
    assert_eq!((p.session(Server).calls_incoming(), p.closed(Server)), (0, None));
    p.pass(ms(10));
}

#[test]
fn kinds_without_a_place_in_a_session_end_it() {
    for kind in Kind::ALL {
        let has_place = matches!(
            kind,
            Kind::Call | Kind::Result | Kind::Notify | Kind::Cancel | Kind::Void | Kind::Ack | Kind::Ping
        ) || matches!(kind, Kind::Pong | Kind::Latest | Kind::Droppable | Kind::Close);
        let got = verdict(&raw(*kind as u8, 0, &[]));
        if *kind == Kind::Void {
            assert_eq!(got, None);
        } else if has_place {
            assert_eq!(got, Some(CloseCode::MalformedFrame), "{kind:?} without fields");
        } else {
            assert_eq!(got, Some(CloseCode::UnexpectedFrame), "{kind:?}");
        }
    }
    for kind in (0..=u8::MAX).filter(|kind| Kind::of(*kind).is_none()) {
        assert_eq!(verdict(&raw(kind, 0, &[])), Some(CloseCode::UnknownFrame), "{kind:#x}");
    }
}

#[test]
fn lengths_are_checked_before_anything_is_reserved() {
    assert_eq!(verdict(&[0, 0, 0, 0]), Some(CloseCode::MalformedFrame));
    assert_eq!(verdict(&[1, 0, 0, 0]), Some(CloseCode::MalformedFrame));
    assert_eq!(verdict(&[255, 255, 255, 255]), Some(CloseCode::FrameTooLarge));
    let over = Limits::default().frame_bytes_max() as u32 + 1;
    assert_eq!(verdict(&over.to_le_bytes()), Some(CloseCode::FrameTooLarge));
    assert_eq!(verdict(&(over - 1).to_le_bytes()), None);
}

#[test]
fn bodies_over_our_limit_end_the_session() {
    let body = vec![0; (64 << 10) + 1];
    let id = CallId { slot: 0, generation: 0 };
    for frame in [
        Frame::Call { id, to: target(), remaining_ms: 9, parent: None, body: &body },
        Frame::Notify { to: target(), body: &body },
        Frame::Latest { number: 1, to: target(), body: &body },
        Frame::Droppable { to: target(), body: &body },
    ] {
        assert_eq!(verdict(&bytes_of(&frame)), Some(CloseCode::FrameTooLarge));
    }
    let mut p = Pair::new();
    p.call(Server, b"", secs(5));
    p.inject(Client, &bytes_of(&Frame::Result { id, ending: Ok(&body) }));
    assert_eq!(p.closed(Server), Some(CloseCode::FrameTooLarge));
}

/// One frame of each kind with fields only: no byte may be missing or too many.
fn exact() -> Vec<Vec<u8>> {
    let id = CallId { slot: 0, generation: 0 };
    let mut frames = vec![
        Frame::Cancel { id },
        Frame::Ack { position: 0, latest: 0 },
        Frame::Ping { time_us: 1, rtt_us: 2 },
        Frame::Pong { echo_us: 1, time_us: 2 },
        Frame::Close { code: 1, message: "bye" },
    ];
    let refused = [
        NotExecuted::Busy,
        NotExecuted::RateLimited { retry_after: ms(1) },
        NotExecuted::TooLarge { bytes: 2, max: 1 },
        NotExecuted::SignatureMismatch { ours: crate::Signature(1), theirs: crate::Signature(2) },
    ];
    frames.extend(refused.map(|why| Frame::Result { id, ending: Err(why.into()) }));
    frames.extend([
        Frame::Result { id, ending: Err(CallError::Cancelled) },
        Frame::Result { id, ending: Err(CallError::Failed(Failed::Panicked)) },
        Frame::Result { id, ending: Err(CallError::Failed(Failed::Internal { reference: 7 })) },
    ]);
    frames.iter().map(bytes_of).collect()
}

/// The server's verdict with one call of its own in flight.
fn verdict_on_answer(bytes: &[u8]) -> Option<CloseCode> {
    let mut p = Pair::new();
    p.call(Server, b"", secs(5));
    p.end(Server).held = true;
    p.inject(Client, bytes);
    p.closed(Server)
}

#[test]
fn a_missing_or_trailing_byte_is_malformed() {
    for frame in exact() {
        let (kind, payload) = (frame[4], &frame[6..]);
        let longer = [payload, &[0]].concat();
        assert_eq!(
            verdict_on_answer(&raw(kind, 0, &longer)),
            Some(CloseCode::MalformedFrame),
            "{kind:#x} + 1"
        );
        for len in 0..payload.len() {
            let got = verdict_on_answer(&raw(kind, 0, &payload[..len]));
            assert_eq!(got, Some(CloseCode::MalformedFrame), "{kind:#x} cut to {len}");
        }
        assert_ne!(verdict_on_answer(&frame), Some(CloseCode::MalformedFrame));
    }
}

#[test]
fn flags_of_fields_that_a_kind_does_not_have_are_malformed() {
    for frame in exact() {
        for flag in [1, 2, 4, 128] {
            let got = verdict_on_answer(&raw(frame[4], flag, &frame[6..]));
            assert_eq!(got, Some(CloseCode::MalformedFrame), "{:#x} with flag {flag}", frame[4]);
        }
    }
    let notify = bytes_of(&Frame::Notify { to: target(), body: &[0; 20] });
    assert_eq!(verdict(&raw(notify[4], 1, &notify[6..])), Some(CloseCode::MalformedFrame));
}

#[test]
fn metadata_is_bounded_and_unknown_keys_are_skipped() {
    let notify = |metadata: &[u8]| raw(Kind::Notify as u8, 2, &[&[0; 16][..], metadata].concat());
    assert_eq!(verdict(&notify(&[1, 1, b'k', 1, 0, b'v'])), None);
    assert_eq!(verdict(&notify(&[17])), Some(CloseCode::MalformedFrame));
    assert_eq!(verdict(&notify(&[1, 200, b'k'])), Some(CloseCode::MalformedFrame));
    assert_eq!(
        verdict(&notify(&[1, 5, b't', b'r', b'a', b'c', b'e', 1, 0, 9])),
        Some(CloseCode::MalformedFrame)
    );
    let large = [&[1, 1, b'k', 0xff, 3][..], &[0; 0x3ff]].concat();
    assert_eq!(verdict(&notify(&large)), Some(CloseCode::MalformedFrame));
}

#[test]
fn a_trace_id_survives_the_way() {
    let to = Target { trace: Some(crate::ids::TraceId(77)), ..target() };
    let bytes = bytes_of(&Frame::Notify { to, body: b"x" });
    let Ok(crate::wire::Split::Frame(raw)) = crate::wire::split(&bytes, 1_000) else { panic!("not a frame") };
    assert_eq!(Frame::read(raw), Ok(Frame::Notify { to, body: b"x" }));
}

fn flood(frame: &Frame<'_>, times: usize) -> Option<CloseCode> {
    verdict(&bytes_of(frame).repeat(times))
}

#[test]
fn floods_of_pings_and_idle_acknowledgements_end_the_session() {
    let ping = Frame::Ping { time_us: 0, rtt_us: 0 };
    assert_eq!((flood(&ping, 8), flood(&ping, 9)), (None, Some(CloseCode::Flood)));
    let ack = Frame::Ack { position: 0, latest: 0 };
    assert_eq!((flood(&ack, 50), flood(&ack, 51)), (None, Some(CloseCode::Flood)));
    let pong = Frame::Pong { echo_us: 0, time_us: 0 };
    assert_eq!((flood(&pong, 8), flood(&pong, 100)), (None, Some(CloseCode::Flood)));
}

#[test]
fn repeating_an_old_confirmation_is_idle_too() {
    let mut p = Pair::new();
    p.end(Client).held = true;
    for value in [b"1", b"2"] {
        p.latest(Server, 0, value);
    }
    let ack = bytes_of(&Frame::Ack { position: 0, latest: 1 });
    p.inject_now(Client, &ack.repeat(60));
    assert_eq!(p.closed(Server), Some(CloseCode::Flood));
}

#[test]
fn rapid_calls_and_cancels_end_the_session() {
    let mut p = Pair::new();
    for n in 0..101 {
        let call = p.call(Client, b"", secs(5));
        p.drop_call(Client, call);
        p.flow();
        let want = (n == 100).then_some(CloseCode::Flood);
        assert_eq!(p.closed(Server), want, "after {n}");
        if want.is_none() {
            let id = p.taken(Server);
            p.stopped(Server, id);
        }
    }
}

#[test]
fn calls_that_never_ran_earn_no_cancels() {
    let mut p = Pair::new();
    for n in 0..=100 {
        p.call(Client, b"", secs(5));
        let id = p.taken(Server);
        p.reply(Server, id, Err(NotExecuted::UnknownRoute.into()));
        let call = p.call(Client, b"", secs(5));
        let id = p.taken(Server);
        p.drop_call(Client, call);
        p.flow();
        if n < 100 {
            p.stopped(Server, id);
        }
    }
    assert_eq!(p.closed(Server), Some(CloseCode::Flood));
}

#[test]
fn calls_that_were_let_end_earn_cancels() {
    let mut p = Pair::new();
    for _ in 0..1_000 {
        for dropped in [false, true] {
            let call = p.call(Client, b"", secs(5));
            let id = p.taken(Server);
            if dropped {
                p.drop_call(Client, call);
                p.flow();
                p.stopped(Server, id);
            } else {
                p.answer(Server, id, b"");
            }
        }
    }
    assert_eq!(p.closed(Server), None);
}

#[test]
fn random_bytes_and_flipped_bits_never_panic() {
    let mut seed = 0x5eed;
    let honest: Vec<u8> = [call(0, 0), call(1, 0)].concat().into_iter().chain(exact().concat()).collect();
    for _ in 0..20_000 {
        let mut bytes = honest.clone();
        for _ in 0..1 + random(&mut seed) % 3 {
            let at = random(&mut seed) as usize % bytes.len();
            bytes[at] = random(&mut seed) as u8;
        }
        verdict_on_answer(&bytes);
    }
}
