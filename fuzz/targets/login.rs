//! Any frames as a login or a return, to both halves of the handshake: it succeeds or is refused, never panics, and nothing
//! but a proof of the key passes for one.

#![no_main]

use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use arbitrary::{Arbitrary, Unstructured};
use bytes::BytesMut;
use farcall_protocol::codec::Codec;
use farcall_protocol::handshake::{
    Admitted, AwaitingHello, Connecting, Credential, Dismissed, Return, Token, Verdict,
};
use farcall_protocol::session::Taken;
use farcall_protocol::wire::{Kind, RawFrame, Split, split};
use farcall_protocol::{Announced, CloseCode, Limits, SessionId, Uid};
use libfuzzer_sys::fuzz_target;

#[derive(Debug, Arbitrary)]
struct Input<'a> {
    shared_key: bool,
    /// The client comes back to a session, and the server gives it back.
    returns: bool,
    gives_back: bool,
    /// To the server: its first and second frame.
    hello: Part<'a>,
    auth: Part<'a>,
    /// To the client.
    reply: Part<'a>,
    welcome: Part<'a>,
}

/// A frame: as an honest end would write it, changed in one byte, or whatever comes.
#[derive(Debug, Arbitrary)]
enum Part<'a> {
    Honest,
    Flipped { at: u16, bits: u8 },
    Cut { len: u16 },
    Any { kind: u8, payload: &'a [u8] },
}

const KEY: &[u8] = b"right";

impl Part<'_> {
    /// The frame, and whether it is the honest one.
    fn frame(&self, kind: Kind, honest: &[u8]) -> (Kind, Vec<u8>, bool) {
        let mut payload = honest.to_vec();
        match *self {
            Self::Honest => {}
            Self::Flipped { at, bits } => {
                if let Some(byte) = payload.get_mut(usize::from(at)) {
                    *byte ^= bits;
                }
            }
            Self::Cut { len } => payload.truncate(len.into()),
            Self::Any { kind, payload } => {
                return (Kind::of(kind).unwrap_or(Kind::Hello), payload.to_vec(), false);
            }
        }
        let is_honest = payload == honest;
        (kind, payload, is_honest)
    }
}

fn raw(kind: Kind, payload: &[u8]) -> RawFrame<'_> {
    RawFrame { kind, flags: 0, payload, wire_bytes: payload.len() + 6 }
}

/// The payload of the first frame, and the rest.
fn payload(bytes: &[u8]) -> (Vec<u8>, &[u8]) {
    match split(bytes, 1 << 20) {
        Ok(Split::Frame(raw)) => (raw.payload.to_vec(), &bytes[raw.wire_bytes..]),
        _ => (Vec::new(), &[]),
    }
}

/// The server's nonce. It depends on all of the input: the fuzzer reads compared bytes out of this process, and would
/// else put the right proof into the next one.
fn nonce(data: &[u8]) -> [u8; 16] {
    let hash = |salt: u8| {
        let mut hasher = DefaultHasher::new();
        (salt, data).hash(&mut hasher);
        hasher.finish().to_le_bytes()
    };
    [hash(1), hash(2)].concat().try_into().unwrap_or_default()
}

fuzz_target!(|data: &[u8]| {
    let Ok(input) = Input::arbitrary(&mut Unstructured::new(data)) else { return };
    let credential =
        if input.shared_key { Credential::SharedKey(KEY.to_vec()) } else { Credential::Bearer("t".into()) };
    let limits = Limits::default();
    let connecting = Connecting {
        uid: Uid::new("ann").expect("a uid"),
        credential,
        build: 3,
        metadata: vec![("os".into(), "linux".into())],
        nonce: [1; 16],
        takes: Announced::from(&limits),
        codecs: Codec::ALL.to_vec(),
        can_return: true,
        resume: input.returns.then(|| Return {
            session: SessionId([3; 16]),
            token: Token([4; 32]),
            epoch: 5,
            attempt: 1,
            taken: Taken::default(),
        }),
    };
    let mut from_client = BytesMut::new();
    let awaiting_reply = connecting.start(&mut from_client);
    let (hello, rest) = payload(&from_client);
    let pipelined_auth = payload(rest).0;

    let mut from_server = BytesMut::new();
    let (kind, sent, honest_hello) = input.hello.frame(Kind::Hello, &hello);
    let server = AwaitingHello { epoch: 5, nonce: nonce(data) }.hello(raw(kind, &sent), &mut from_server);
    let reply = payload(&from_server).0;
    let (kind, sent, honest_reply) = input.reply.frame(Kind::HelloReply, &reply);
    let mut second = BytesMut::new();
    let client = awaiting_reply.reply(raw(kind, &sent), &mut second);
    let auth = if input.shared_key { payload(&second).0 } else { pipelined_auth };

    let mut welcome = BytesMut::new();
    let mut admitted = false;
    if let Ok(server) = server {
        let (kind, sent, honest_auth) =
            input.auth.frame(if input.returns { Kind::Resume } else { Kind::Auth }, &auth);
        if let Ok(mut login) = server.auth(raw(kind, &sent)) {
            let knows = login.knows_key(KEY);
            assert!(!knows || input.shared_key, "nobody proved a key");
            // Trailing bytes behind a credential are not part of what is proved.
            assert!(!knows || (honest_hello && honest_reply) || !honest_auth, "the proof covers both hellos");
            let (token, uid) = (Token([6; 32]), login.uid.clone());
            if input.gives_back {
                login.give_back(Taken::default(), &token, 7, &mut welcome);
            } else if login.resume.is_some() {
                let why = Dismissed { code: CloseCode::NotResumable, position: Some(9) };
                assert!(login.dismiss(why, &mut welcome).is_some(), "the login may go on");
            } else {
                let session = SessionId([3; 16]);
                login.admit(Admitted { uid, session, token, limits: &limits, time_us: 7 }, &mut welcome);
            }
            admitted = knows;
        }
    }
    if let Ok(client) = client {
        let honest = match split(&welcome, 1 << 20) {
            Ok(Split::Frame(raw)) => raw.kind,
            _ => Kind::Welcome,
        };
        let (kind, sent, _) = input.welcome.frame(honest, &payload(&welcome).0);
        match client.verdict(raw(kind, &sent)) {
            Ok(Verdict::Welcome(established)) => {
                assert!(!input.returns, "welcomed, and it asked for its session");
                assert!(!input.shared_key || admitted, "a server that does not know the key was believed");
                assert!(established.heartbeat > Duration::ZERO);
                assert!(established.peer.calls_in_flight_max <= established.peer.slots_max);
            }
            Ok(Verdict::Resumed(_)) => {
                assert!(input.returns, "given a session that it did not ask for");
                assert!(!input.shared_key || admitted, "a server that does not know the key was believed");
            }
            Ok(Verdict::Dismissed(_)) => assert!(input.returns, "dismissed from nothing"),
            Err(_) => {}
        }
    }
});
