//! The bytes by which a client comes back, written down once (P-60 to P-65): whoever changes one locks out every client
//! in the field, and this test says so first. Derived by hand from PROTOCOL.md, the proofs with Python's hmac.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on says so")]

use bytes::BytesMut;
use farcall_protocol::codec::Codec;
use farcall_protocol::handshake::{
    Admitted, AwaitingHello, AwaitingVerdict, Connecting, Credential, Dismissed, Login, Return, Returned,
    Token, Verdict,
};
use farcall_protocol::session::Taken;
use farcall_protocol::wire::{Frame, RawFrame, Split, split};
use farcall_protocol::{Announced, CloseCode, Limits, SessionId, Uid};

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" ")
}

/// A text of bytes, whatever its spaces, as `hex` writes it.
fn spaced(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn raw(bytes: &[u8]) -> RawFrame<'_> {
    match split(bytes, 1 << 20) {
        Ok(Split::Frame(raw)) => raw,
        other => panic!("not a frame: {other:?}"),
    }
}

const SESSION: SessionId = SessionId([0xa5; 16]);
const TOKEN: Token = Token([0x7e; 32]);
const NEXT: Token = Token([0x4f; 32]);

const A5: &str = "a5 a5 a5 a5 a5 a5 a5 a5 a5 a5 a5 a5 a5 a5 a5 a5";
const TOKEN_BYTES: &str =
    "20 7e 7e 7e 7e 7e 7e 7e 7e 7e 7e 7e 7e 7e 7e 7e 7e 7e 7e 7e 7e 7e 7e 7e 7e 7e 7e 7e 7e 7e 7e 7e 7e";
const NEXT_BYTES: &str =
    "20 4f 4f 4f 4f 4f 4f 4f 4f 4f 4f 4f 4f 4f 4f 4f 4f 4f 4f 4f 4f 4f 4f 4f 4f 4f 4f 4f 4f 4f 4f 4f 4f";
/// Like an Auth's: uid, build, metadata. The method stands before them.
const CLAIMS: &str = "01 37 02 01 00 00 01 02 6f 73 02 00 74 76";
/// Epoch 9, attempt 3, position 258, latest 7.
const TAKEN: &str = "09 00 00 00 00 00 00 00 03 00 00 00 02 01 00 00 00 00 00 00 07 00 00 00 00 00 00 00";
/// Hello with feature bit 0.
const HELLO: &str = "3b 00 00 00 01 00 46 41 52 43 41 4c 4c 01 00 01 00 \
                     01 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 \
                     c1 c1 c1 c1 c1 c1 c1 c1 c1 c1 c1 c1 c1 c1 c1 c1 01 01 \
                     01 00 00 00 02 00 00 00 03 00 00 00";
const HELLO_REPLY: &str = "25 00 00 00 02 00 01 00 01 00 00 00 00 00 00 00 09 00 00 00 00 00 00 00 \
                           5e 5e 5e 5e 5e 5e 5e 5e 5e 5e 5e 5e 5e 5e 5e 5e 01";
/// HMAC-SHA256 with the key "key" over Hello, HelloReply and the claims, which hold what is said of the session.
const CLIENT_PROOF: &str =
    "d3 80 99 36 89 f5 9c d7 dd 05 b4 c3 3f 7d fc ed cf 6a 8a 2e 36 50 ed c5 54 03 a5 67 6a bb 96 7d";
/// The same and Resumed with an empty proof.
const SERVER_PROOF: &str =
    "e9 80 3b 7e b0 87 11 a5 2f 06 02 6a 57 5d d9 29 21 09 7d ae 92 e5 8c 82 96 30 1a ee bc 2a 8a 4e";

fn connecting(credential: Credential, resume: Option<Return>) -> Connecting {
    Connecting {
        uid: Uid::from(7),
        credential,
        build: 258,
        metadata: vec![("os".into(), "tv".into())],
        nonce: [0xc1; 16],
        codecs: vec![Codec::Bincode],
        can_return: true,
        resume,
        takes: Announced { calls_in_flight_max: 1, slots_max: 2, body_bytes_max: 3 },
    }
}

fn back() -> Option<Return> {
    let taken = Taken { position: 258, latest: 7 };
    Some(Return { session: SESSION, token: TOKEN, epoch: 9, attempt: 3, taken })
}

/// Up to the server's verdict: what the client has sent after its Hello, and both ends as they stand.
fn asked(credential: Credential, resume: Option<Return>) -> (String, AwaitingVerdict, Login) {
    let (mut up, mut down) = (BytesMut::new(), BytesMut::new());
    let client = connecting(credential, resume).start(&mut up);
    let hello = up.split_to(raw(&up).wire_bytes);
    let server = AwaitingHello { epoch: 9, nonce: [0x5e; 16] }.hello(raw(&hello), &mut down).unwrap();
    let client = client.reply(raw(&down), &mut up).unwrap();
    assert_eq!((hex(&hello), hex(&down)), (spaced(HELLO), spaced(HELLO_REPLY)));
    let login = server.auth(raw(&up)).unwrap();
    (hex(&up), client, login)
}

#[test]
fn a_welcome_with_a_token() {
    let (_, client, login) = asked(Credential::Anonymous, None);
    let mut down = BytesMut::new();
    let limits = Limits::default();
    let admitted =
        Admitted { uid: Uid::from(7), session: SESSION, token: TOKEN, limits: &limits, time_us: 258 };
    let established = login.admit(admitted, &mut down);
    let welcome = format!(
        "56 00 00 00 04 00 {A5} 01 37 {TOKEN_BYTES} 60 ea 00 00 10 27 00 00 20 4e 00 00 \
         80 00 00 00 c0 00 00 00 00 00 01 00 02 01 00 00 00 00 00 00 00"
    );
    assert_eq!(hex(&down), spaced(&welcome));
    let Verdict::Welcome(known) = client.verdict(raw(&down)).unwrap() else { panic!("not welcomed") };
    assert_eq!((known.resume_token.as_ref(), known.resume_window.as_secs()), (Some(&TOKEN), 60));
    assert_eq!(established.resume_token, known.resume_token);
}

#[test]
fn a_resume_and_its_answer() {
    let (resume, client, login) = asked(Credential::Bearer("jwt".into()), back());
    assert_eq!(resume, format!("63 00 00 00 30 00 02 {CLAIMS} {A5} {TOKEN_BYTES} {TAKEN} 03 00 6a 77 74"));
    let claimed = login.resume.clone().unwrap();
    assert_eq!((claimed.session, claimed.token.as_slice()), (SESSION, &TOKEN.0[..]));
    assert_eq!((claimed.epoch, claimed.attempt), (9, 3));
    assert_eq!(claimed.taken, Taken { position: 258, latest: 7 });

    let mut down = BytesMut::new();
    let taken = Taken { position: 261, latest: 8 };
    login.give_back(taken, &NEXT, 258, &mut down);
    let resumed = format!(
        "3c 00 00 00 31 00 05 01 00 00 00 00 00 00 08 00 00 00 00 00 00 00 {NEXT_BYTES} \
         02 01 00 00 00 00 00 00 00"
    );
    assert_eq!(hex(&down), spaced(&resumed));
    let returned = Verdict::Resumed(Returned { taken, token: NEXT });
    assert_eq!(client.verdict(raw(&down)).unwrap(), returned);
}

#[test]
fn a_resume_with_a_shared_key_and_its_answer() {
    let (resume, client, mut login) = asked(Credential::SharedKey(b"key".to_vec()), back());
    assert_eq!(
        resume,
        format!("80 00 00 00 30 00 01 {CLAIMS} {A5} {TOKEN_BYTES} {TAKEN} 20 00 {CLIENT_PROOF}")
    );
    assert!(login.knows_key(b"key"));
    let mut down = BytesMut::new();
    login.give_back(Taken { position: 261, latest: 8 }, &NEXT, 258, &mut down);
    let resumed = format!(
        "5c 00 00 00 31 00 05 01 00 00 00 00 00 00 08 00 00 00 00 00 00 00 {NEXT_BYTES} \
         02 01 00 00 00 00 00 00 20 {SERVER_PROOF}"
    );
    assert_eq!(hex(&down), spaced(&resumed));
    assert!(matches!(client.verdict(raw(&down)), Ok(Verdict::Resumed(_))));
}

#[test]
fn a_resume_that_fails() {
    let cases = [
        (CloseCode::NotResumable, Some(258), "0d 00 00 00 33 00 3c 00 01 02 01 00 00 00 00 00 00"),
        (CloseCode::Restarted, None, "0d 00 00 00 33 00 3f 00 00 00 00 00 00 00 00 00 00"),
    ];
    for (code, position, bytes) in cases {
        let (_, client, login) = asked(Credential::Anonymous, back());
        let (why, mut down) = (Dismissed { code, position }, BytesMut::new());
        assert!(login.dismiss(why, &mut down).is_some());
        assert_eq!(hex(&down), bytes);
        assert_eq!(client.verdict(raw(&down)).unwrap(), Verdict::Dismissed(why));
    }
}

#[test]
fn a_token_confirmed() {
    let mut out = BytesMut::new();
    Frame::TokenOk.put(&mut out);
    assert_eq!(hex(&out), "02 00 00 00 32 00");
    assert_eq!(Frame::read(raw(&out)), Ok(Frame::TokenOk));
}
