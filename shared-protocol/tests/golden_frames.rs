//! The bytes of each frame kind, written down once: whoever changes one breaks every peer in the field, and
//! this test says so first. The rules behind them are PROTOCOL.md's P-01, P-02, P-10, P-14 to P-18, P-30, P-31,
//! P-33 to P-38, P-41, P-50, P-51 and P-70.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on says so")]

use std::time::Duration;

use bytes::BytesMut;
use farcall_protocol::codec::Codec;
use farcall_protocol::handshake::{Admitted, AwaitingHello, Connecting, Credential, Refusal, Reject, Token};
use farcall_protocol::wire::{Ending, Frame, Kind, RawFrame, Split, Status, Target, split};
use farcall_protocol::{
    Announced, CallError, CallId, Failed, Limits, NotExecuted, RouteId, SessionId, Signature, TraceId, Uid,
};

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" ")
}

fn raw(bytes: &[u8]) -> RawFrame<'_> {
    match split(bytes, 1 << 20) {
        Ok(Split::Frame(raw)) => raw,
        other => panic!("not a frame: {other:?}"),
    }
}

/// The frame is written as these bytes and read from them.
fn golden(frame: &Frame<'_>, bytes: &str) {
    let mut out = BytesMut::new();
    frame.put(&mut out);
    assert_eq!(hex(&out), bytes, "{frame:?}");
    assert_eq!(Frame::read(raw(&out)).as_ref(), Ok(frame));
}

const ID: CallId = CallId { slot: 0x0102, generation: 3 };
const TO: Target = Target { route: RouteId(0x1112), signature: Signature(0x2122), trace: None };
const TRACED: Target = Target { trace: Some(TraceId(0x3132)), ..TO };

#[test]
fn calls() {
    golden(
        &Frame::Call { id: ID, to: TO, remaining_ms: 10_000, parent: None, body: b"hi" },
        "20 00 00 00 10 00 02 01 00 00 03 00 00 00 12 11 00 00 00 00 00 00 22 21 00 00 00 00 00 00 \
         10 27 00 00 68 69",
    );
    let parent = Some(CallId { slot: 9, generation: 8 });
    golden(
        &Frame::Call { id: ID, to: TRACED, remaining_ms: 1, parent, body: b"" },
        "37 00 00 00 10 03 02 01 00 00 03 00 00 00 12 11 00 00 00 00 00 00 22 21 00 00 00 00 00 00 \
         01 00 00 00 09 00 00 00 08 00 00 00 01 05 74 72 61 63 65 08 00 32 31 00 00 00 00 00 00",
    );
    golden(&Frame::Cancel { id: ID }, "0a 00 00 00 13 00 02 01 00 00 03 00 00 00");
    golden(&Frame::Void, "02 00 00 00 14 00");
}

#[test]
fn messages() {
    let to = "12 11 00 00 00 00 00 00 22 21 00 00 00 00 00 00";
    golden(&Frame::Notify { to: TO, body: b"hi" }, &format!("14 00 00 00 12 00 {to} 68 69"));
    golden(
        &Frame::Notify { to: TRACED, body: b"hi" },
        &format!("25 00 00 00 12 02 {to} 01 05 74 72 61 63 65 08 00 32 31 00 00 00 00 00 00 68 69"),
    );
    golden(
        &Frame::Latest { number: 7, to: TO, body: b"hi" },
        &format!("1c 00 00 00 23 00 07 00 00 00 00 00 00 00 {to} 68 69"),
    );
    golden(&Frame::Droppable { to: TO, body: b"hi" }, &format!("14 00 00 00 24 00 {to} 68 69"));
}

#[test]
fn control() {
    golden(
        &Frame::Ack { position: 258, latest: 7 },
        "12 00 00 00 20 00 02 01 00 00 00 00 00 00 07 00 00 00 00 00 00 00",
    );
    golden(&Frame::Ping { time_us: 258, rtt_us: 7 }, "0e 00 00 00 21 00 02 01 00 00 00 00 00 00 07 00 00 00");
    golden(
        &Frame::Pong { echo_us: 258, time_us: 7 },
        "12 00 00 00 22 00 02 01 00 00 00 00 00 00 07 00 00 00 00 00 00 00",
    );
    golden(&Frame::Close { code: 3, message: "bye" }, "09 00 00 00 2f 00 03 00 03 00 62 79 65");
}

#[test]
fn every_ending() {
    use CallError as E;
    let endings: [(Ending<'_>, &str); 20] = [
        (Ok(b"hi"), "00 68 69"),
        (Err(E::Handler(b"no")), "01 6e 6f"),
        (Err(NotExecuted::UnknownRoute.into()), "10"),
        (
            Err(NotExecuted::SignatureMismatch { ours: Signature(1), theirs: Signature(2) }.into()),
            "11 01 00 00 00 00 00 00 00 02 00 00 00 00 00 00 00",
        ),
        (Err(NotExecuted::BadArguments.into()), "12"),
        (Err(NotExecuted::Forbidden.into()), "13"),
        (Err(NotExecuted::RateLimited { retry_after: Duration::from_millis(258) }.into()), "14 02 01 00 00"),
        (Err(NotExecuted::Busy.into()), "15"),
        (Err(NotExecuted::TooManyInFlight.into()), "16"),
        (Err(NotExecuted::TooDeep.into()), "17"),
        (Err(NotExecuted::Reentrant.into()), "18"),
        (Err(NotExecuted::TooLarge { bytes: 2, max: 1 }.into()), "19 02 00 00 00 01 00 00 00"),
        (Err(NotExecuted::Draining.into()), "1a"),
        (Err(NotExecuted::Expired.into()), "1b"),
        (Err(E::Failed(Failed::Panicked)), "20"),
        (Err(E::Failed(Failed::Internal { reference: 258 })), "21 02 01 00 00"),
        (Err(E::Failed(Failed::Abandoned)), "22"),
        (Err(E::Failed(Failed::BadReply)), "23"),
        (Err(E::DeadlineExceeded), "30"),
        (Err(E::Cancelled), "31"),
    ];
    assert_eq!(endings.len(), Status::ALL.len());
    for (ending, bytes) in endings {
        let len = 10 + bytes.split(' ').count();
        golden(
            &Frame::Result { id: ID, ending },
            &format!("{len:02x} 00 00 00 11 00 02 01 00 00 03 00 00 00 {bytes}"),
        );
    }
}

fn connecting(credential: Credential) -> Connecting {
    Connecting {
        uid: Uid::from(7),
        credential,
        build: 258,
        metadata: vec![("os".into(), "tv".into())],
        nonce: [0xc1; 16],
        codecs: vec![Codec::Bincode],
        can_return: false,
        resume: None,
        takes: Announced { calls_in_flight_max: 1, slots_max: 2, body_bytes_max: 3 },
    }
}

const HELLO: &str = "3b 00 00 00 01 00 46 41 52 43 41 4c 4c 01 00 01 00 \
                     00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 \
                     c1 c1 c1 c1 c1 c1 c1 c1 c1 c1 c1 c1 c1 c1 c1 c1 01 01 \
                     01 00 00 00 02 00 00 00 03 00 00 00";
const HELLO_REPLY: &str = "25 00 00 00 02 00 01 00 00 00 00 00 00 00 00 00 09 00 00 00 00 00 00 00 \
                           5e 5e 5e 5e 5e 5e 5e 5e 5e 5e 5e 5e 5e 5e 5e 5e 01";
const CLAIMS: &str = "01 37 02 01 00 00 01 02 6f 73 02 00 74 76";
/// Session, uid, token, window, heartbeat, silence, what the server takes, its clock.
const WELCOME: &str = "a5 a5 a5 a5 a5 a5 a5 a5 a5 a5 a5 a5 a5 a5 a5 a5 01 37 00 00 00 00 00 10 27 00 00 \
                       20 4e 00 00 80 00 00 00 c0 00 00 00 00 00 01 00 02 01 00 00 00 00 00 00";

/// The bytes of a login: up to the server's choice, the client's claims, the server's welcome.
fn login(credential: Credential, key: &[u8]) -> [String; 4] {
    let (mut up, mut down) = (BytesMut::new(), BytesMut::new());
    let client = connecting(credential).start(&mut up);
    let hello = up.split_to(raw(&up).wire_bytes);
    let server = AwaitingHello { epoch: 9, nonce: [0x5e; 16] }.hello(raw(&hello), &mut down).unwrap();
    let reply = down.split();
    let client = client.reply(raw(&reply), &mut up).unwrap();
    let mut login = server.auth(raw(&up)).unwrap();
    login.knows_key(key);
    let (limits, session) = (Limits::default(), SessionId([0xa5; 16]));
    let admitted =
        Admitted { uid: Uid::from(7), session, token: Token([0; 32]), limits: &limits, time_us: 258 };
    login.admit(admitted, &mut down);
    client.verdict(raw(&down)).unwrap();
    [hex(&hello), hex(&reply), hex(&up), hex(&down)]
}

#[test]
fn an_anonymous_login() {
    let [hello, reply, auth, welcome] = login(Credential::Anonymous, b"");
    assert_eq!((hello.as_str(), reply.as_str()), (HELLO, HELLO_REPLY));
    assert_eq!(auth, format!("13 00 00 00 03 00 00 {CLAIMS} 00 00"));
    assert_eq!(welcome, format!("36 00 00 00 04 00 {WELCOME} 00"));
}

#[test]
fn a_login_with_a_bearer_text() {
    let [_, _, auth, _] = login(Credential::Bearer("jwt".into()), b"");
    assert_eq!(auth, format!("16 00 00 00 03 00 02 {CLAIMS} 03 00 6a 77 74"));
}

#[test]
fn a_login_with_a_shared_key() {
    let [hello, reply, auth, welcome] = login(Credential::SharedKey(b"key".to_vec()), b"key");
    assert_eq!((hello.as_str(), reply.as_str()), (HELLO, HELLO_REPLY));
    assert_eq!(auth, format!("33 00 00 00 03 00 01 {CLAIMS} 20 00 {CLIENT_PROOF}"));
    assert_eq!(welcome, format!("56 00 00 00 04 00 {WELCOME} 20 {SERVER_PROOF}"));
}

/// HMAC-SHA256 with the key "key" over the transcript of the frames above (P-16); checked against Python's hmac.
const CLIENT_PROOF: &str = "b3 3d 32 28 8d 4f aa 3a b1 88 b9 7a 7b 8b 53 04 \
                            7f 51 f0 c6 ad 95 e3 33 7c f7 5a cb 52 e8 bb 7e";
const SERVER_PROOF: &str = "43 a8 05 86 d4 e1 04 a2 a8 7c 7e d8 3d 54 d6 24 \
                            de 51 2d cc ec 7b cd 61 30 d7 07 0c 38 7a 0e 19";

#[test]
fn refusals() {
    let bytes = |reject: Reject| {
        let mut out = BytesMut::new();
        reject.put(&mut out);
        hex(&out)
    };
    let update = Refusal::UpdateRequired { message: "old".into(), url: "u".into() };
    assert_eq!(bytes(update.into()), "10 00 00 00 05 00 2f 00 00 00 00 00 03 00 6f 6c 64 01 00 75");
    let busy = Refusal::Busy { retry_after: Duration::from_millis(258) };
    assert_eq!(bytes(busy.into()), "0c 00 00 00 05 00 31 00 02 01 00 00 00 00 00 00");
}

#[test]
fn the_numbers_of_all_kinds_with_those_kept_for_later() {
    let numbers: Vec<u8> = Kind::ALL.iter().map(|kind| *kind as u8).collect();
    let login = [0x01, 0x02, 0x03, 0x04, 0x05];
    let logged = [0x10, 0x11, 0x12, 0x13, 0x14, 0x18, 0x19, 0x1a, 0x1b];
    let unlogged = [0x20, 0x21, 0x22, 0x23, 0x24, 0x25, 0x26, 0x27, 0x2f];
    let resume = [0x30, 0x31, 0x32, 0x33];
    assert_eq!(numbers, [&login[..], &logged, &unlogged, &resume].concat());
    assert_eq!(Kind::of(0x26), Some(Kind::GoAway));
    assert_eq!(Kind::of(0x30), Some(Kind::Resume));
}
