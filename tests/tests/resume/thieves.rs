//! Whoever comes back to a session that is not theirs, or not so: nothing of it harms the session, and the answer tells
//! nothing to who has no right to it. Written with the protocol's own handshake, to say what no client of ours would.

use bytes::BytesMut;
use farcall_client::Credential;
use farcall_link::transport::memory::Dialer;
use farcall_protocol::handshake::{
    Connecting, Dismissed, Established, LoginError, Return, Returned, Token, Verdict,
};
use farcall_protocol::session::Taken;
use farcall_protocol::wire::{Frame, Split, split};
use farcall_protocol::{Limits, SessionId};
use farcall_server::{Admission, Arrival, DuplicateLogin, Refusal};
use farcall_tests::raw;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

use super::*;

/// A game whose players show a password of their own.
async fn house(policy: DuplicateLogin) -> TestServer {
    let admission = Admission::new(|arrival: Arrival| async move {
        let expected = format!("{}'s password", arrival.uid);
        match arrival.bearer {
            Some(shown) if shown == expected => Ok(arrival.uid),
            _ => Err(Refusal::unauthorized("wrong password")),
        }
    });
    let game = TestServer::new(contracts![Lobby]).states(States::new().with(Notes::default()));
    game.configured(|config| config.duplicate_login = policy).admission(admission)
}

/// What a server says to whoever claims this, and the connection.
async fn say(
    dialer: &Dialer,
    uid: &str,
    password_of: &str,
    resume: Option<Return>,
) -> (Result<Verdict, LoginError>, DuplexStream) {
    let mut io = dialer.connect().await.unwrap();
    let credential = Credential::Bearer(format!("{password_of}'s password"));
    let connecting = Connecting { credential, resume, ..raw::connecting(uid) };
    let mut out = BytesMut::new();
    let awaiting = connecting.start(&mut out);
    io.write_all(&out).await.unwrap();
    let mut read = Vec::new();
    let Some(reply) = frame(&mut io, &mut read).await else { return (Err(HUNG_UP), io) };
    let Ok(Split::Frame(reply)) = split(&reply, 4_096) else { panic!("no frame") };
    let awaiting = awaiting.reply(reply, &mut BytesMut::new()).expect("a reply");
    let Some(verdict) = frame(&mut io, &mut read).await else { return (Err(HUNG_UP), io) };
    let Ok(Split::Frame(verdict)) = split(&verdict, 4_096) else { panic!("no frame") };
    (awaiting.verdict(verdict), io)
}

const HUNG_UP: LoginError = LoginError::Protocol("the server hung up");

/// The next frame's bytes; `None` when the other end is gone.
async fn frame(io: &mut DuplexStream, read: &mut Vec<u8>) -> Option<Vec<u8>> {
    loop {
        if let Ok(Split::Frame(raw)) = split(read, 4_096) {
            let bytes = raw.wire_bytes;
            return Some(read.drain(..bytes).collect());
        }
        if io.read_buf(read).await.unwrap() == 0 {
            return None;
        }
    }
}

async fn log_in(dialer: &Dialer, uid: &str) -> (Established, DuplexStream) {
    match say(dialer, uid, uid, None).await {
        (Ok(Verdict::Welcome(established)), io) => (established, io),
        (other, _) => panic!("{other:?}"),
    }
}

/// What an honest client would say.
fn honest(of: &Established, attempt: u32) -> Return {
    let (session, epoch) = (of.session, of.epoch);
    Return { session, token: of.resume_token.clone().unwrap(), epoch, attempt, taken: Taken::default() }
}

fn dismissed(verdict: Result<Verdict, LoginError>) -> CloseCode {
    match verdict {
        Ok(Verdict::Dismissed(Dismissed { code, .. })) => code,
        other => panic!("{other:?}"),
    }
}

const POLICIES: [DuplicateLogin; 3] =
    [DuplicateLogin::KickOld, DuplicateLogin::RejectNew, DuplicateLogin::Allow(2)];

#[tokio::test(start_paused = true)]
async fn who_has_no_right_to_a_session_learns_nothing_and_harms_nobody() {
    for policy in POLICIES {
        let game = house(policy).await;
        let server = game.server().await;
        let dialer = server.dialer();
        let (ann, mut anns) = log_in(&dialer, "ann").await;
        let player = server.player("ann").unwrap();
        for attempt in 1..50 {
            let forged = Return { token: Token([attempt as u8; 32]), ..honest(&ann, attempt) };
            let elsewhere = Return { session: SessionId([attempt as u8; 16]), ..honest(&ann, attempt) };
            let restarted = Return { epoch: ann.epoch ^ 1, ..honest(&ann, attempt) };
            let wild = Taken { position: u64::MAX, latest: u64::MAX };
            // Without a right to the session its positions are not even looked at.
            let stolen = Return { taken: wild, ..honest(&ann, attempt) };
            assert_eq!(
                dismissed(say(&dialer, "ann", "ann", Some(forged.clone())).await.0),
                CloseCode::NotResumable
            );
            assert_eq!(
                dismissed(say(&dialer, "ann", "ann", Some(elsewhere)).await.0),
                CloseCode::NotResumable
            );
            assert_eq!(dismissed(say(&dialer, "ann", "ann", Some(restarted)).await.0), CloseCode::Restarted);
            assert_eq!(
                dismissed(say(&dialer, "eve", "eve", Some(stolen.clone())).await.0),
                CloseCode::NotResumable
            );
            assert_eq!(dismissed(say(&dialer, "eve", "eve", Some(forged)).await.0), CloseCode::NotResumable);
            let refused = say(&dialer, "ann", "eve", Some(stolen)).await.0.unwrap_err();
            assert_eq!(refused.to_string(), "not authorized: wrong password");
        }
        assert!(player.session().is_attached());
        let nothing = tokio::time::timeout(ms(1), anns.read_u8()).await;
        assert!(nothing.is_err(), "the player herself notices nothing");
        // And her own token is as good as ever.
        let (verdict, _io) = say(&dialer, "ann", "ann", Some(honest(&ann, 1))).await;
        assert!(matches!(verdict, Ok(Verdict::Resumed(_))), "{verdict:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_late_attempt_harms_only_itself_and_a_dead_token_in_a_new_one_ends_the_session() {
    let game = house(DuplicateLogin::KickOld).await;
    let dialer = game.server().await.dialer();
    let (ann, _first) = log_in(&dialer, "ann").await;
    let (verdict, mut second) = say(&dialer, "ann", "ann", Some(honest(&ann, 2))).await;
    let Ok(Verdict::Resumed(returned)) = verdict else { panic!("{verdict:?}") };
    let mut token_ok = BytesMut::new();
    Frame::TokenOk.put(&mut token_ok);
    second.write_all(&token_ok).await.unwrap();
    let player = game.server().await.player("ann").unwrap();
    tokio::time::sleep(ms(1)).await;
    // The first attempt was on its way all the time.
    let late = say(&dialer, "ann", "ann", Some(honest(&ann, 1))).await.0;
    assert_eq!(dismissed(late), CloseCode::Superseded);
    assert!(player.session().is_attached());
    // Her password and the token of long ago, as if nobody had been back: somebody has taken both.
    let replayed = say(&dialer, "ann", "ann", Some(honest(&ann, 3))).await.0;
    assert_eq!(dismissed(replayed), CloseCode::TokenStolen);
    assert_eq!(player.session().closed().await.code, CloseCode::TokenStolen);
    // The newest token opens nothing either now, and says why.
    let newest = Return { token: returned.token, ..honest(&ann, 4) };
    assert_eq!(dismissed(say(&dialer, "ann", "ann", Some(newest)).await.0), CloseCode::TokenStolen);
}

#[tokio::test(start_paused = true)]
async fn positions_that_were_never_sent_end_the_session_and_nothing_is_guessed() {
    for taken in [Taken { position: 1, latest: 0 }, Taken { position: 0, latest: 1 }] {
        let game = house(DuplicateLogin::KickOld).await;
        let dialer = game.server().await.dialer();
        let (ann, _io) = log_in(&dialer, "ann").await;
        let player = game.server().await.player("ann").unwrap();
        let wrong = Return { taken, ..honest(&ann, 1) };
        assert_eq!(dismissed(say(&dialer, "ann", "ann", Some(wrong)).await.0), CloseCode::Diverged);
        assert_eq!(player.session().closed().await.code, CloseCode::Diverged);
        let (_again, _io) = log_in(&dialer, "ann").await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_comes_before_the_token_is_confirmed_does_not_count() {
    let game = house(DuplicateLogin::KickOld).await;
    let dialer = game.server().await.dialer();
    let (ann, _io) = log_in(&dialer, "ann").await;
    let player = game.server().await.player("ann").unwrap();
    let (verdict, mut io) = say(&dialer, "ann", "ann", Some(honest(&ann, 1))).await;
    assert!(matches!(verdict, Ok(Verdict::Resumed(_))));
    let mut early = BytesMut::new();
    Frame::Void.put(&mut early);
    io.write_all(&early).await.unwrap();
    until(|| !player.session().is_attached()).await;
    assert!(player.session().is_open(), "the session is as it was");
    let (verdict, _io) = say(&dialer, "ann", "ann", Some(honest(&ann, 2))).await;
    assert!(matches!(verdict, Ok(Verdict::Resumed(Returned { taken: Taken { position: 0, .. }, .. }))));
}

#[tokio::test(start_paused = true)]
async fn a_thousand_returns_at_once_are_one_return() {
    let game = house(DuplicateLogin::KickOld).await;
    let server = game.server().await;
    let dialer = server.dialer();
    let (ann, _io) = log_in(&dialer, "ann").await;
    let player = server.player("ann").unwrap();
    let mut returns = tokio::task::JoinSet::new();
    for attempt in 1..=1_000 {
        let (dialer, claims) = (dialer.clone(), honest(&ann, attempt));
        returns.spawn(async move { say(&dialer, "ann", "ann", Some(claims)).await });
    }
    let (mut resumed, mut overtaken, mut kept) = (0, 0, Vec::new());
    while let Some(said) = returns.join_next().await {
        let (verdict, io) = said.unwrap();
        match verdict {
            Ok(Verdict::Resumed(_)) => resumed += 1,
            // A newer one came before it was told.
            Err(HUNG_UP) => overtaken += 1,
            // Too many even of her own.
            Err(LoginError::Refused(Refusal::Busy { .. })) => {}
            other => assert_eq!(dismissed(other), CloseCode::Superseded),
        }
        kept.push(io);
    }
    assert!(resumed >= 1);
    assert!(player.session().is_open());
    assert!(server.stats().resumed <= u64::from(Limits::default().resumes_max));
    assert_eq!((server.stats().sessions, server.stats().resumed), (1, resumed + overtaken));
}

#[tokio::test(start_paused = true)]
async fn a_session_comes_back_so_often_in_ten_seconds_and_no_more() {
    let game = house(DuplicateLogin::KickOld).await.configured(|config| config.limits.resumes_max = 3);
    let server = game.server().await;
    let dialer = server.dialer();
    let (ann, _io) = log_in(&dialer, "ann").await;
    let player = server.player("ann").unwrap();
    let mut claims = honest(&ann, 0);
    let mut back = async |attempt| {
        claims.attempt = attempt;
        let (verdict, io) = say(&dialer, "ann", "ann", Some(claims.clone())).await;
        if let Ok(Verdict::Resumed(returned)) = &verdict {
            claims.token = returned.token.clone();
        }
        (verdict, io)
    };
    let mut kept = None;
    for attempt in 1..=3 {
        let (verdict, io) = back(attempt).await;
        assert!(matches!(verdict, Ok(Verdict::Resumed(_))), "{attempt}: {verdict:?}");
        kept = Some(io);
    }
    // The fourth is told to wait, and the third goes on.
    let (verdict, _io) = back(4).await;
    assert!(matches!(verdict, Err(LoginError::Refused(Refusal::Busy { .. }))), "{verdict:?}");
    assert!(player.session().is_attached());
    let nothing = tokio::time::timeout(ms(1), kept.unwrap().read_u8()).await;
    assert!(nothing.is_err(), "the connection that won notices nothing");
    // Guesses are not hers and cost her nothing.
    for attempt in 5..50 {
        let guess = Return { token: Token([1; 32]), ..honest(&ann, attempt) };
        assert_eq!(dismissed(say(&dialer, "ann", "ann", Some(guess)).await.0), CloseCode::NotResumable);
    }
    tokio::time::sleep(ms(3_334)).await;
    let (verdict, _io) = back(50).await;
    assert!(matches!(verdict, Ok(Verdict::Resumed(_))), "a third of ten seconds later: {verdict:?}");
    let (verdict, _io) = back(51).await;
    assert!(matches!(verdict, Err(LoginError::Refused(Refusal::Busy { .. }))), "{verdict:?}");
}
