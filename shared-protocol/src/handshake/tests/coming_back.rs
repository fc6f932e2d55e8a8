//! Clients that come back to their session, and servers that do not give it to them (P-60 to P-65).

use super::*;
use crate::session::Taken;

const TAKEN: Taken = Taken { position: 258, latest: 7 };

fn returning(credential: Credential) -> Connecting {
    let resume =
        Return { session: SessionId([3; 16]), token: Token([4; 32]), epoch: 9, attempt: 1, taken: TAKEN };
    Connecting { resume: Some(resume), ..connecting(credential) }
}

/// A return up to the server's verdict; `tamper` may change the client's frames on the way.
fn ask(client: Connecting, tamper: impl Fn(&mut Vec<u8>)) -> Result<(AwaitingVerdict, Login), Reject> {
    let (mut up, mut down) = (BytesMut::new(), BytesMut::new());
    let client = client.start(&mut up);
    let mut sent = frames(&up);
    sent.iter_mut().for_each(&tamper);
    let server = AwaitingHello { epoch: 9, nonce: [2; 16] }.hello(raw(&sent[0]), &mut down)?;
    up.clear();
    let client = client.reply(raw(&down), &mut up).expect("the server's reply");
    let mut late = frames(&up);
    late.iter_mut().for_each(&tamper);
    sent.append(&mut late);
    Ok((client, server.auth(raw(&sent[1]))?))
}

fn given_back(login: Login) -> BytesMut {
    let mut out = BytesMut::new();
    login.give_back(Taken { position: 9, latest: 2 }, &Token([5; 32]), 77, &mut out);
    out
}

fn all_credentials() -> [Credential; 3] {
    [Credential::Anonymous, Credential::Bearer("token".into()), Credential::SharedKey(b"key".to_vec())]
}

#[test]
fn a_return_goes_out_in_one_piece_with_the_hello() {
    let mut up = BytesMut::new();
    returning(Credential::Bearer("token".into())).start(&mut up);
    let kinds: Vec<Kind> = frames(&up).iter().map(|frame| raw(frame).kind).collect();
    assert_eq!(kinds, [Kind::Hello, Kind::Resume]);

    let (client, login) = ask(returning(Credential::Bearer("token".into())), |_| ()).unwrap();
    assert_eq!((login.uid.as_str(), login.bearer()), ("ann", Some("token")));
    let claimed = login.resume.clone().unwrap();
    assert_eq!((claimed.epoch, claimed.attempt, claimed.taken), (9, 1, TAKEN));
    let returned = Returned { taken: Taken { position: 9, latest: 2 }, token: Token([5; 32]) };
    assert_eq!(client.verdict(raw(&given_back(login))), Ok(Verdict::Resumed(returned)));
}

#[test]
fn both_ends_prove_the_shared_key_at_a_return_too() {
    let (client, mut login) = ask(returning(Credential::SharedKey(b"key".to_vec())), |_| ()).unwrap();
    assert!(!login.knows_key(b"other"));
    assert!(login.knows_key(b"key"));
    assert!(client.verdict(raw(&given_back(login))).is_ok());

    let (client, login) = ask(returning(Credential::SharedKey(b"key".to_vec())), |_| ()).unwrap();
    assert_eq!(client.verdict(raw(&given_back(login))), Err(LoginError::ServerUnproved));
}

#[test]
fn no_byte_of_what_is_said_of_a_session_can_be_changed_under_a_shared_key() {
    let mut up = BytesMut::new();
    returning(Credential::Bearer("x".repeat(32))).start(&mut up);
    let lengths = frames(&up).into_iter().map(|frame| (raw(&frame).kind, frame.len()));
    for (kind, len) in lengths {
        for at in HEADER_BYTES..len {
            let flip = |frame: &mut Vec<u8>| {
                if frame[4] == kind as u8 {
                    frame[at] ^= 1;
                }
            };
            if let Ok((_, mut login)) = ask(returning(Credential::SharedKey(b"key".to_vec())), flip) {
                assert!(!login.knows_key(b"key"), "{kind:?} byte {at}");
            }
        }
    }
    let resumed = || {
        let (client, mut login) = ask(returning(Credential::SharedKey(b"key".to_vec())), |_| ()).unwrap();
        assert!(login.knows_key(b"key"));
        (client, given_back(login))
    };
    for at in HEADER_BYTES..resumed().1.len() {
        let (client, mut bytes) = resumed();
        bytes[at] ^= 1;
        assert!(client.verdict(raw(&bytes)).is_err(), "Resumed byte {at}");
    }
}

#[test]
fn a_login_cannot_be_made_a_return_or_the_other_way_round_under_a_shared_key() {
    let turned = |client: Connecting, from: Kind, into: Kind| {
        let turn = |frame: &mut Vec<u8>| {
            if frame[4] == from as u8 {
                frame[4] = into as u8;
            }
        };
        ask(client, turn).is_ok_and(|(_, mut login)| login.knows_key(b"key"))
    };
    let key = || Credential::SharedKey(b"key".to_vec());
    assert!(!turned(returning(key()), Kind::Resume, Kind::Auth));
    assert!(!turned(connecting(key()), Kind::Auth, Kind::Resume));
    assert!(turned(returning(key()), Kind::Resume, Kind::Resume));
}

#[test]
fn whoever_does_not_get_its_session_back_logs_in_over_the_same_connection() {
    for credential in all_credentials() {
        let (client, mut login) = ask(returning(credential.clone()), |_| ()).unwrap();
        login.knows_key(b"key");
        let (why, mut down) =
            (Dismissed { code: CloseCode::NotResumable, position: Some(4) }, BytesMut::new());
        let server = login.dismiss(why, &mut down).expect("it asked for a session");
        assert_eq!(client.verdict(raw(&down)), Ok(Verdict::Dismissed(why)));

        // The Auth of a client that has said the same Hello.
        let (mut up, mut reply) = (BytesMut::new(), BytesMut::new());
        let fresh = connecting(credential).start(&mut up);
        let hello = up.split_to(raw(&up).wire_bytes);
        AwaitingHello { epoch: 9, nonce: [2; 16] }.hello(raw(&hello), &mut reply).unwrap();
        let fresh = fresh.reply(raw(&reply), &mut up).unwrap();
        let mut login = server.auth(raw(&up)).unwrap();
        assert_eq!(login.resume, None);
        assert_eq!(login.knows_key(b"key"), !login.is_anonymous() && login.bearer().is_none());
        let uid = login.uid.clone();
        let (_, welcome) = admit(login, uid);
        assert!(welcomed(fresh, &welcome).is_ok());
    }
}

#[test]
fn a_session_is_asked_for_once_on_a_connection() {
    let (_, login) = ask(returning(Credential::Anonymous), |_| ()).unwrap();
    let why = Dismissed { code: CloseCode::NotResumable, position: None };
    let server = login.dismiss(why, &mut BytesMut::new()).unwrap();
    let mut up = BytesMut::new();
    returning(Credential::Anonymous).start(&mut up);
    let code = server.auth(raw(&frames(&up)[1])).unwrap_err().code;
    assert_eq!(code, CloseCode::UnexpectedFrame);

    let (_, login) = login_by_name();
    assert!(login.dismiss(why, &mut BytesMut::new()).is_none(), "it asked for none");
}

fn login_by_name() -> (AwaitingVerdict, Login) {
    login(Credential::Anonymous, |_| ()).unwrap()
}

#[test]
fn without_the_feature_there_is_no_token_and_no_return() {
    let without = |credential| Connecting { can_return: false, ..connecting(credential) };
    let (client, login) = ask(without(Credential::Anonymous), |_| ()).unwrap();
    let uid = login.uid.clone();
    let (server, welcome) = admit(login, uid);
    let client = welcomed(client, &welcome).unwrap();
    assert_eq!((server.resume_token, server.resume_window), (None, Duration::ZERO));
    assert_eq!((client.resume_token, client.resume_window), (None, Duration::ZERO));

    let returning = Connecting { can_return: false, ..returning(Credential::Anonymous) };
    assert_eq!(ask(returning, |_| ()).map(|_| ()).unwrap_err().code, CloseCode::UnexpectedFrame);
}

#[test]
fn a_server_that_keeps_no_sessions_gives_no_token() {
    let (client, login) = login_by_name();
    let limits = Limits { resume_window: Duration::ZERO, ..Limits::default() };
    let (uid, mut out) = (login.uid.clone(), BytesMut::new());
    let admitted =
        Admitted { uid, session: SessionId([3; 16]), token: Token([4; 32]), limits: &limits, time_us: 5 };
    login.admit(admitted, &mut out);
    assert_eq!(welcomed(client, &out).unwrap().resume_token, None);
}

#[test]
fn a_server_that_answers_with_what_was_not_offered_is_wrong() {
    let (mut up, mut down) = (BytesMut::new(), BytesMut::new());
    returning(Credential::Anonymous).start(&mut up);
    AwaitingHello { epoch: 9, nonce: [2; 16] }.hello(raw(&frames(&up)[0]), &mut down).unwrap();
    let without = Connecting { can_return: false, ..connecting(Credential::Anonymous) };
    let refused = without.start(&mut BytesMut::new()).reply(raw(&down), &mut BytesMut::new());
    assert_eq!(refused.err(), Some(LoginError::Protocol("it chose a feature that was not offered")));
}

#[test]
fn each_client_takes_the_answer_to_its_own_question_only() {
    let (back, asked) = ask(returning(Credential::Anonymous), |_| ()).unwrap();
    let (fresh, login) = login_by_name();
    let uid = login.uid.clone();
    let (_, welcome) = admit(login, uid);
    let resumed = given_back(asked);
    assert!(matches!(back.verdict(raw(&welcome)), Err(LoginError::Protocol(_))));
    assert!(matches!(fresh.verdict(raw(&resumed)), Err(LoginError::Protocol(_))));

    let (back, _) = ask(returning(Credential::Anonymous), |_| ()).unwrap();
    let mut out = BytesMut::new();
    Reject::from(Refusal::unauthorized("expired")).put(&mut out);
    assert_eq!(back.verdict(raw(&out)), Err(LoginError::Refused(Refusal::unauthorized("expired"))));
}

#[test]
fn frames_of_a_return_that_end_early_are_refused_at_every_length() {
    let mut up = BytesMut::new();
    returning(Credential::Bearer("token".into())).start(&mut up);
    let sent = frames(&up);
    let server = || AwaitingHello { epoch: 9, nonce: [2; 16] }.hello(raw(&sent[0]), &mut BytesMut::new());
    for len in 0..sent[1].len() - HEADER_BYTES {
        let cut = with_payload(&sent[1], &sent[1][HEADER_BYTES..HEADER_BYTES + len]);
        let code = server().unwrap().auth(raw(&cut)).unwrap_err().code;
        assert_eq!(code, CloseCode::MalformedFrame, "Resume cut to {len}");
    }
    let asked = || ask(returning(Credential::Anonymous), |_| ()).unwrap();
    let mut failed = BytesMut::new();
    let why = Dismissed { code: CloseCode::NotResumable, position: None };
    asked().1.dismiss(why, &mut failed);
    for answer in [given_back(asked().1), failed] {
        for len in 0..answer.len() - HEADER_BYTES {
            let cut = with_payload(&answer, &answer[HEADER_BYTES..HEADER_BYTES + len]);
            assert!(asked().0.verdict(raw(&cut)).is_err(), "cut to {len}");
        }
        let longer = with_payload(&answer, &[&answer[HEADER_BYTES..], b"and more"].concat());
        assert!(asked().0.verdict(raw(&longer)).is_ok(), "later versions may say more");
    }
}

#[test]
fn a_token_of_another_length_is_none() {
    let (client, login) = ask(returning(Credential::Anonymous), |_| ()).unwrap();
    let mut bytes = given_back(login).to_vec();
    // One byte less: its length, and the frame's.
    bytes.remove(HEADER_BYTES + 17);
    (bytes[0], bytes[HEADER_BYTES + 16]) = (bytes[0] - 1, 31);
    assert_eq!(client.verdict(raw(&bytes)), Err(LoginError::Protocol("a token of the wrong length")));
    let tokens = Tokens::new(&Token([4; 32]));
    for shown in [&[][..], &[4; 31], &[4; 33]] {
        assert_eq!(tokens.judge(shown, 1), TokenVerdict::Unknown);
    }
}
