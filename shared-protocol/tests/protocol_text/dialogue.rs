//! A login, a call and a goodbye: the bytes come from the code, and each field is named as PROTOCOL.md names it.

use bytes::BytesMut;
use farcall_protocol::codec::Codec;
use farcall_protocol::handshake::{Admitted, AwaitingHello, Connecting, Credential, Token};
use farcall_protocol::wire::{Frame, RawFrame, Split, Target, split};
use farcall_protocol::{Announced, CallId, CloseCode, Limits, RouteId, SessionId, Shape, Signature, Uid};

use crate::{hex, names};

const TAKES: [(usize, &str); 3] =
    [(4, "takes 128 calls in flight"), (4, "in 192 slots"), (4, "bodies of up to 65,536 bytes")];
const ID: (usize, &str) = (8, "call id: slot 0, generation 0");

pub fn annotated() -> String {
    let mut lines = "```text\n".to_owned();
    for (title, bytes, fields) in login().into_iter().chain(session()) {
        lines += &frame(title, &bytes, &fields);
    }
    lines.truncate(lines.trim_end().len());
    lines + "\n```\n"
}

/// One frame, field by field. The fields must end where the frame does.
fn frame(title: &str, bytes: &[u8], fields: &[(usize, &str)]) -> String {
    let header = [
        (4, format!("length: {} bytes follow", bytes.len() - 4)),
        (1, "kind".into()),
        (1, "no flags".into()),
    ];
    let fields = fields.iter().map(|(len, meaning)| (*len, (*meaning).to_owned()));
    let (mut rest, mut lines) = (bytes, format!("{title}\n"));
    for (len, meaning) in header.into_iter().chain(fields) {
        let (field, after) = rest.split_at_checked(len).unwrap_or_else(|| panic!("{title}: no {meaning}"));
        lines += &format!("  {:<48}{meaning}\n", hex(field));
        rest = after;
    }
    assert!(rest.is_empty(), "{title}: fields without a name: {}", hex(rest));
    lines + "\n"
}

type Annotated = (&'static str, Vec<u8>, Vec<(usize, &'static str)>);

fn raw(bytes: &[u8]) -> RawFrame<'_> {
    match split(bytes, Limits::LOGIN_FRAME_BYTES_MAX) {
        Ok(Split::Frame(raw)) => raw,
        other => panic!("not a frame: {other:?}"),
    }
}

fn login() -> Vec<Annotated> {
    let limits = Limits::default();
    let connecting = Connecting {
        uid: Uid::new("ann").expect("a uid"),
        credential: Credential::Anonymous,
        build: 7,
        metadata: vec![("os".into(), "linux".into())],
        nonce: *b"client's nonce..",
        codecs: vec![Codec::Bincode],
        can_return: false,
        resume: None,
        takes: Announced::from(&limits),
    };
    let (mut up, mut down) = (BytesMut::new(), BytesMut::new());
    connecting.start(&mut up);
    let hello = up.split_to(raw(&up).wire_bytes);
    let server = AwaitingHello { epoch: 9, nonce: *b"server's nonce.." };
    let server = server.hello(raw(&hello), &mut down).expect("a hello");
    let reply = down.split();
    let login = server.auth(raw(&up)).expect("an auth");
    let (uid, session) = (login.uid.clone(), SessionId(*b"session's name.."));
    login.admit(
        Admitted { uid, session, token: Token([0; 32]), limits: &limits, time_us: 1_000_000 },
        &mut down,
    );

    let mut hello_fields = vec![
        (7, "\"FARCALL\""),
        (2, "version_min 1"),
        (2, "version_max 1"),
        (8, "features"),
        (8, "required"),
        (16, "nonce"),
        (2, "codecs: 1"),
    ];
    hello_fields.extend(TAKES);
    let reply_fields = vec![(2, "version 1"), (8, "features"), (8, "epoch"), (16, "nonce"), (1, "codec 1")];
    let auth_fields = vec![
        (1, "method 0: anonymous"),
        (4, "uid \"ann\""),
        (4, "build 7"),
        (1, "1 entry"),
        (3, "\"os\""),
        (7, "\"linux\""),
        (2, "credential: empty"),
    ];
    let mut welcome_fields = vec![
        (16, "session"),
        (4, "uid \"ann\""),
        (1, "token: empty"),
        (4, "window_ms 0"),
        (4, "heartbeat_ms 10,000"),
        (4, "silence_max_ms 20,000"),
    ];
    welcome_fields.extend(TAKES);
    welcome_fields.extend([(8, "time_us 1,000,000"), (1, "proof: empty")]);
    vec![
        ("client: Hello", hello.to_vec(), hello_fields),
        ("client: Auth, without waiting", up.to_vec(), auth_fields),
        ("server: HelloReply", reply.to_vec(), reply_fields),
        ("server: Welcome", down.to_vec(), welcome_fields),
    ]
}

fn session() -> Vec<Annotated> {
    let signature = Signature::of(&[&Shape::I64, &Shape::I64], Some(&Shape::I64), None);
    let to = Target { route: RouteId::of("Lobby.sum"), signature, trace: None };
    let id = CallId { slot: 0, generation: 0 };
    let confirm = Signature::of(&[&Shape::I64], Some(&Shape::Bool), None);
    let asks = Target { route: RouteId::of("Player.confirm"), signature: confirm, trace: None };
    let (arguments, sum) = (names::encode(&(2_i64, 3_i64)), names::encode(&5_i64));
    let yes = names::encode(&true);
    let bytes = |frame: Frame<'_>| {
        let mut out = BytesMut::new();
        frame.put(&mut out);
        out.to_vec()
    };
    let done = CloseCode::Done.number();
    vec![
        (
            "client: Call",
            bytes(Frame::Call { id, to, remaining_ms: 10_000, parent: None, body: &arguments }),
            vec![
                ID,
                (8, "route Lobby.sum"),
                (8, "signature (i64, i64) -> i64"),
                (4, "remaining_ms 10,000"),
                (2, "body: 2, 3"),
            ],
        ),
        (
            "server: Call, within the client's (flag bit 0: parent)",
            bytes(Frame::Call { id, to: asks, remaining_ms: 9_999, parent: Some(id), body: &sum }),
            vec![
                ID,
                (8, "route Player.confirm"),
                (8, "signature (i64) -> bool"),
                (4, "remaining_ms 9,999: at most the parent's"),
                (8, "parent: the client's call"),
                (1, "body: 5"),
            ],
        ),
        (
            "client: Result",
            bytes(Frame::Result { id, ending: Ok(&yes) }),
            vec![(8, "call id: the server's slot 0"), (1, "status 0"), (1, "body: true")],
        ),
        (
            "server: Result",
            bytes(Frame::Result { id, ending: Ok(&sum) }),
            vec![ID, (1, "status 0"), (1, "body: 5")],
        ),
        (
            "client: Ack, the last thing before",
            bytes(Frame::Ack { position: 2, latest: 0 }),
            vec![(8, "position 2: two logged frames taken"), (8, "latest 0: no latest value yet")],
        ),
        (
            "client: Close",
            bytes(Frame::Close { code: done, message: "bye" }),
            vec![(2, "code 1: Done"), (5, "message \"bye\"")],
        ),
    ]
}
