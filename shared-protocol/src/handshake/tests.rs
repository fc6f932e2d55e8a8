//! Logins between the two halves, honest and not (P-10 to P-19).

mod coming_back;

use bytes::BytesMut;

use super::*;
use crate::limits::Limits;
use crate::wire::{HEADER_BYTES, Kind, RawFrame, Split, split};

fn frames(bytes: &[u8]) -> Vec<Vec<u8>> {
    let (mut rest, mut frames) = (bytes, Vec::new());
    while !rest.is_empty() {
        let Ok(Split::Frame(raw)) = split(rest, 4096) else { panic!("not a frame: {rest:?}") };
        frames.push(rest[..raw.wire_bytes].to_vec());
        rest = &rest[raw.wire_bytes..];
    }
    frames
}

fn raw(frame: &[u8]) -> RawFrame<'_> {
    let Ok(Split::Frame(raw)) = split(frame, 4096) else { panic!("not a frame") };
    raw
}

fn connecting(credential: Credential) -> Connecting {
    Connecting {
        uid: Uid::new("ann").unwrap(),
        credential,
        build: 7,
        metadata: vec![("os".into(), "linux".into())],
        nonce: [1; 16],
        codecs: vec![Codec::Bincode],
        can_return: true,
        resume: None,
        takes: Announced::from(&Limits::default()),
    }
}

/// A login up to the server's verdict; `tamper` may change the client's frames on the way.
fn login(credential: Credential, tamper: impl Fn(&mut Vec<u8>)) -> Result<(AwaitingVerdict, Login), Reject> {
    let (mut up, mut down) = (BytesMut::new(), BytesMut::new());
    let client = connecting(credential).start(&mut up);
    let mut sent = frames(&up);
    sent.iter_mut().for_each(&tamper);
    let server = AwaitingHello { epoch: 9, nonce: [2; 16] }.hello(raw(&sent[0]), &mut down)?;
    up.clear();
    let client = client.reply(raw(&down), &mut up).expect("the server's reply");
    if !up.is_empty() {
        let mut late = frames(&up);
        late.iter_mut().for_each(&tamper);
        sent.append(&mut late);
    }
    Ok((client, server.auth(raw(&sent[1]))?))
}

fn welcomed(client: AwaitingVerdict, welcome: &[u8]) -> Result<Established, LoginError> {
    match client.verdict(raw(welcome))? {
        Verdict::Welcome(established) => Ok(established),
        other => panic!("not welcomed: {other:?}"),
    }
}

fn admit(login: Login, uid: Uid) -> (Established, BytesMut) {
    let mut out = BytesMut::new();
    let limits = Limits::default();
    let admitted =
        Admitted { uid, session: SessionId([3; 16]), token: Token([4; 32]), limits: &limits, time_us: 5 };
    (login.admit(admitted, &mut out), out)
}

#[test]
fn a_player_logs_in_by_name_and_both_ends_agree() {
    let (client, login) = login(Credential::Anonymous, |_| ()).unwrap();
    assert!(login.is_anonymous());
    assert_eq!((login.uid.as_str(), login.build), ("ann", 7));
    assert_eq!(login.metadata, [("os".to_owned(), "linux".to_owned())]);
    let uid = login.uid.clone();
    let (server, welcome) = admit(login, uid);
    let client = welcomed(client, &welcome).unwrap();
    assert_eq!(client, server);
}

#[test]
fn admission_may_give_another_uid_than_was_claimed() {
    let (client, login) = login(Credential::Bearer("token".into()), |_| ()).unwrap();
    assert_eq!(login.bearer(), Some("token"));
    let (_, welcome) = admit(login, Uid::from(7));
    assert_eq!(welcomed(client, &welcome).unwrap().uid, Uid::from(7));
}

#[test]
fn both_ends_prove_the_shared_key() {
    let (client, mut login) = login(Credential::SharedKey(b"key".to_vec()), |_| ()).unwrap();
    assert!(!login.knows_key(b"other"));
    assert!(login.knows_key(b"key"));
    let uid = login.uid.clone();
    let (_, welcome) = admit(login, uid);
    assert!(welcomed(client, &welcome).is_ok());
}

#[test]
fn a_server_without_the_key_is_found_out() {
    let (client, login) = login(Credential::SharedKey(b"key".to_vec()), |_| ()).unwrap();
    let uid = login.uid.clone();
    let (_, welcome) = admit(login, uid);
    assert_eq!(welcomed(client, &welcome), Err(LoginError::ServerUnproved));
}

#[test]
fn no_byte_of_an_offer_or_claim_can_be_changed_under_a_shared_key() {
    for (kind, len) in [(Kind::Hello, hello_len()), (Kind::Auth, auth_len())] {
        for at in HEADER_BYTES..len {
            let flip = |frame: &mut Vec<u8>| {
                if frame[4] == kind as u8 {
                    frame[at] ^= 1;
                }
            };
            // Either the frame no longer reads, or the proof fails; never a login on changed terms.
            if let Ok((_, mut login)) = login(Credential::SharedKey(b"key".to_vec()), flip) {
                assert!(!login.knows_key(b"key"), "{kind:?} byte {at}");
            }
        }
    }
}

fn hello_len() -> usize {
    let mut up = BytesMut::new();
    connecting(Credential::SharedKey(b"key".to_vec())).start(&mut up);
    up.len()
}

fn auth_len() -> usize {
    let mut up = BytesMut::new();
    connecting(Credential::Bearer("x".repeat(32))).start(&mut up);
    frames(&up)[1].len()
}

#[test]
fn garbage_old_versions_and_early_frames_are_refused_by_name() {
    let fresh = || AwaitingHello { epoch: 9, nonce: [2; 16] };
    let mut hello = BytesMut::new();
    connecting(Credential::Anonymous).start(&mut hello);
    let hello = frames(&hello)[0].clone();

    let mut wrong_magic = hello.clone();
    wrong_magic[6] = b'f';
    let code = |frame: &[u8]| fresh().hello(raw(frame), &mut BytesMut::new()).map(|_| ()).unwrap_err().code;
    assert_eq!(code(&wrong_magic), CloseCode::NotFarcall);

    let mut future = hello.clone();
    future[13] = 9;
    future[15] = 9;
    assert_eq!(code(&future), CloseCode::UnsupportedVersion);

    let mut required = hello.clone();
    required[25] = 2;
    assert_eq!(code(&required), CloseCode::UnsupportedFeature);

    let mut codec = hello.clone();
    let at = 6 + 7 + 4 + 16 + 16 + 1;
    codec[at] = 200;
    assert_eq!(code(&codec), CloseCode::NoCommonCodec);

    let awaiting = fresh().hello(raw(&hello), &mut BytesMut::new()).unwrap();
    assert_eq!(awaiting.auth(raw(&hello)).unwrap_err().code, CloseCode::UnexpectedFrame);
}

#[test]
fn a_refusal_reaches_the_player_with_its_reason() {
    let (client, _) = login(Credential::Anonymous, |_| ()).unwrap();
    let mut out = BytesMut::new();
    let refusal = Refusal::UpdateRequired { message: "too old".into(), url: "https://example.org".into() };
    Reject::from(refusal.clone()).put(&mut out);
    assert_eq!(welcomed(client, &out), Err(LoginError::Refused(refusal)));
}

/// A frame whose payload has been replaced.
fn with_payload(frame: &[u8], payload: &[u8]) -> Vec<u8> {
    let length = (payload.len() as u32 + 2).to_le_bytes();
    [&length[..], &frame[4..HEADER_BYTES], payload].concat()
}

#[test]
fn a_login_frame_that_ends_early_is_refused_at_every_length() {
    let (mut up, mut down) = (BytesMut::new(), BytesMut::new());
    connecting(Credential::Bearer("token".into())).start(&mut up);
    let sent = frames(&up);
    let fresh = || AwaitingHello { epoch: 9, nonce: [2; 16] };
    for len in 0..sent[0].len() - HEADER_BYTES {
        let cut = with_payload(&sent[0], &sent[0][HEADER_BYTES..HEADER_BYTES + len]);
        let code = fresh().hello(raw(&cut), &mut BytesMut::new()).unwrap_err().code;
        let magic = if len < 7 { CloseCode::NotFarcall } else { CloseCode::MalformedFrame };
        assert_eq!(code, magic, "Hello cut to {len}");
    }
    for len in 0..sent[1].len() - HEADER_BYTES {
        let awaiting = fresh().hello(raw(&sent[0]), &mut down).unwrap();
        let cut = with_payload(&sent[1], &sent[1][HEADER_BYTES..HEADER_BYTES + len]);
        assert_eq!(
            awaiting.auth(raw(&cut)).unwrap_err().code,
            CloseCode::MalformedFrame,
            "Auth cut to {len}"
        );
    }
    let start = || connecting(Credential::Anonymous).start(&mut BytesMut::new());
    let reply = frames(&down)[0].clone();
    for len in 0..reply.len() - HEADER_BYTES {
        let cut = with_payload(&reply, &reply[HEADER_BYTES..HEADER_BYTES + len]);
        assert!(start().reply(raw(&cut), &mut BytesMut::new()).is_err(), "HelloReply cut to {len}");
    }
    let (_, login) = login(Credential::Anonymous, |_| ()).unwrap();
    let (_, welcome) = admit(login, Uid::from(7));
    for len in 0..welcome.len() - HEADER_BYTES {
        let awaiting = start().reply(raw(&reply), &mut BytesMut::new()).unwrap();
        let cut = with_payload(&welcome, &welcome[HEADER_BYTES..HEADER_BYTES + len]);
        assert!(awaiting.verdict(raw(&cut)).is_err(), "Welcome cut to {len}");
    }
}

#[test]
fn later_versions_may_say_more_in_login_frames() {
    let mut up = BytesMut::new();
    connecting(Credential::Anonymous).start(&mut up);
    let hello = frames(&up)[0].clone();
    let longer = with_payload(&hello, &[&hello[HEADER_BYTES..], b"and more"].concat());
    let fresh = AwaitingHello { epoch: 9, nonce: [2; 16] };
    assert!(fresh.hello(raw(&longer), &mut BytesMut::new()).is_ok());
}

#[test]
fn metadata_of_a_login_is_bounded() {
    let refused = |metadata: Metadata| {
        let mut up = BytesMut::new();
        Connecting { metadata, ..connecting(Credential::Anonymous) }.start(&mut up);
        let sent = frames(&up);
        let fresh = AwaitingHello { epoch: 9, nonce: [2; 16] };
        let awaiting = fresh.hello(raw(&sent[0]), &mut BytesMut::new()).unwrap();
        awaiting.auth(raw(&sent[1])).err().map(|reject| reject.code)
    };
    assert_eq!(refused(vec![("k".into(), "v".repeat(1_020))]), None);
    assert_eq!(refused(vec![("k".into(), "v".repeat(1_021))]), Some(CloseCode::MalformedFrame));
}
