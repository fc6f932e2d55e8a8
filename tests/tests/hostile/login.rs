//! Before the login is through: whatever comes, the connection is refused with its code and costs next to nothing.

use std::time::Duration;

use farcall_client::{ClientConfig, ConnectError, Credential, LoginFailed};
use farcall_protocol::CloseCode::{self, *};
use farcall_server::{Admission, Limits, Refusal};
use farcall_tests::over_both_transports;
use farcall_tests::{Over, Table};
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

use crate::bytes::*;
use crate::game::{Game, game};
use crate::raw::Raw;
use crate::yard::{Running, Yard};

/// What is refused with which code, each over a connection of its own.
async fn each_is_refused(over: Over, cases: Vec<(&str, Vec<u8>, CloseCode)>) {
    let game = game(over).await;
    for (what, bytes, code) in cases {
        let mut stranger = game.stranger().await;
        stranger.send(bytes).await;
        assert_eq!(stranger.ending().await, Some(code), "{what}");
        game.goes_on().await;
    }
    game.is_as_before().await;
}

over_both_transports! {
    async fn whoever_speaks_another_protocol_is_told_so(over: Over) {
        let http = b"GET /index.html HTTP/1.1\r\nHost: game.example\r\n\r\n".to_vec();
        let tls = [&[0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3][..], &[0x55; 32]].concat();
        let wrong_magic = Hello { magic: b"FARCALX", ..Hello::default() }.bytes();
        each_is_refused(over, vec![
            ("a web browser", http, NotFarcall),
            ("a TLS client", tls, NotFarcall),
            ("zeros", vec![0; 64], NotFarcall),
            ("ones", vec![0xff; 64], NotFarcall),
            ("4 GiB", vec![0xff, 0xff, 0xff, 0xff], NotFarcall),
            ("4 KiB and one byte", frame(HELLO, 0, &vec![0; 4_095]), NotFarcall),
            ("wrong magic", wrong_magic, NotFarcall),
            ("a call", call(0, Yard.sum.descriptor(), &[2, 4]), NotFarcall),
            ("credentials first", auth(ANONYMOUS, b"eve", b""), NotFarcall),
        ]).await;
    }

    async fn a_hello_that_cannot_be_agreed_on_is_refused_by_its_reason(over: Over) {
        let hello = |change: fn(&mut Hello)| {
            let mut hello = Hello::default();
            change(&mut hello);
            [hello.bytes(), auth(ANONYMOUS, b"eve", b"")].concat()
        };
        let short = frame(HELLO, 0, &Hello::default().payload()[..20]);
        each_is_refused(over, vec![
            ("a future version", hello(|hello| hello.versions = [2, 9]), UnsupportedVersion),
            ("versions the wrong way round", hello(|hello| hello.versions = [2, 0]), UnsupportedVersion),
            ("a required feature", hello(|hello| hello.required = 1 << 63), UnsupportedFeature),
            ("no codec", hello(|hello| hello.codecs = &[]), NoCommonCodec),
            ("unknown codecs", hello(|hello| hello.codecs = &[0, 7, 255]), NoCommonCodec),
            ("more calls than slots", hello(|hello| hello.takes = [5, 4, 100]), MalformedFrame),
            ("cut short", short, MalformedFrame),
        ]).await;
    }

    async fn what_follows_the_hello_must_be_credentials(over: Over) {
        let hello = || Hello::default().bytes();
        let sum = Yard.sum.descriptor();
        let many = {
            let mut auth = vec![ANONYMOUS, 1, b'e', 0, 0, 0, 0, 17];
            auth.extend([1, b'k', 1, 0, b'v'].repeat(17));
            auth.extend([0, 0]);
            frame(AUTH, 0, &auth)
        };
        each_is_refused(over, vec![
            ("a call", [hello(), call(0, sum, &[2, 4])].concat(), UnexpectedFrame),
            ("a ping", [hello(), ping(1, 1)].concat(), UnexpectedFrame),
            ("another hello", [hello(), hello()].concat(), UnexpectedFrame),
            ("too large", [hello(), frame(AUTH, 0, &[0; 5_000])].concat(), FrameTooLarge),
            ("an unknown kind", [hello(), frame(0xee, 0, &[])].concat(), UnknownFrame),
            ("no room for a header", [hello(), vec![1, 0, 0, 0]].concat(), MalformedFrame),
            ("an unknown method", [hello(), auth(7, b"eve", b"")].concat(), MalformedFrame),
            ("a name that is not text", [hello(), auth(ANONYMOUS, &[0xff], b"")].concat(), MalformedFrame),
            ("17 facts", [hello(), many].concat(), MalformedFrame),
            ("no name", [hello(), auth(ANONYMOUS, b"", b"")].concat(), Unauthorized),
            ("65 bytes of name", [hello(), auth(ANONYMOUS, &[b'e'; 65], b"")].concat(), Unauthorized),
            ("a token nobody asked for", [hello(), auth(BEARER, b"eve", b"x")].concat(), Unauthorized),
            ("a proof nobody asked for", [hello(), auth(SHARED_KEY, b"eve", &[0; 32])].concat(), Unauthorized),
        ]).await;
    }

    async fn frames_before_the_welcome_start_nothing(over: Over) {
        let pipelined = [login("eve"), call(0, Yard.hang.descriptor(), b"")].concat();
        let note = [login("eve"), notify(Yard.note.descriptor(), &[1, b'x'])].concat();
        let game = game(over).await;
        for bytes in [pipelined, note, [login("eve"), vec![1]].concat()] {
            let mut eve = game.stranger().await;
            eve.send(bytes).await;
            assert_eq!(eve.ending().await, Some(UnexpectedFrame));
        }
        assert_eq!((game.running.most(), game.running.notes()), (0, 0));
        game.is_as_before().await;
    }

    async fn a_login_that_comes_byte_by_byte_is_a_login(over: Over) {
        let game = game(over).await;
        let mut ann = game.stranger().await;
        for byte in login("ann") {
            ann.send([byte]).await;
            tokio::task::yield_now().await;
        }
        ann.next_of(WELCOME).await.expect("a welcome");
        for byte in call(0, Yard.sum.descriptor(), &[2, 4]) {
            ann.send([byte]).await;
            tokio::task::yield_now().await;
        }
        let answer = ann.next_of(RESULT).await.expect("an answer");
        assert_eq!(answer, [&id(0, 1)[..], &[0, 6]].concat());
        drop(ann);
        game.is_as_before().await;
    }

    async fn only_who_knows_the_key_enters(over: Over) {
        let table = keyed(over).await;
        let with = |credential| ClientConfig { credential, ..table.player("ann") };
        let right = table.connect(with(Credential::SharedKey(b"right".to_vec()))).await.expect("a login");
        assert_eq!(right.sum(2, 3).await, Ok(5));
        let wrong = [
            Credential::SharedKey(b"wrong".to_vec()),
            Credential::SharedKey(Vec::new()),
            Credential::Bearer("right".into()),
            Credential::Anonymous,
        ];
        for credential in wrong {
            let refused = table.connect(with(credential.clone())).await.map(drop).unwrap_err();
            let ConnectError::Login(LoginFailed::Login(error)) = refused else { panic!("{refused:?}") };
            assert_eq!(error, Refusal::unauthorized("the shared key was not proved").into(), "{credential:?}");
        }
        assert_eq!(right.sum(2, 3).await, Ok(5), "a failed login does not touch the player who is here");
    }

    async fn a_proof_cannot_be_replayed(over: Over) {
        let table = keyed(over).await;
        let (hello, auth) = overheard_login(&table).await;
        let mut eve = Raw::new(table.server.dialer().connect().await.expect("a connection"));
        eve.send(hello).await;
        eve.next_of(HELLO_REPLY).await.expect("a fresh nonce");
        eve.send(auth).await;
        assert_eq!(eve.ending().await, Some(Unauthorized));
    }

    async fn admission_decides_whatever_it_does(over: Over) {
        let admission = Admission::new(|arrival| async move {
            match arrival.uid.as_str() {
                "panics" => panic!("on purpose, in admission"),
                "banned" => Err(Refusal::because("you were rude")),
                "old" => Err(Refusal::UpdateRequired { message: "too old".into(), url: "https://x".into() }),
                "late" => Err(Refusal::Busy { retry_after: Duration::from_secs(3) }),
                "forger" => Err(Refusal::unauthorized("no such token")),
                "hangs" => std::future::pending().await,
                _ => Ok(arrival.uid),
            }
        });
        let limits = Limits { login_timeout: Duration::from_millis(300), ..Limits::default() };
        let game = Game::new(over, limits, admission).await;
        let cases = [
            ("panics", Refused), ("banned", Refused), ("old", UpdateRequired),
            ("late", Busy), ("forger", Unauthorized), ("hangs", Busy),
        ];
        for (uid, code) in cases {
            let mut stranger = game.stranger().await;
            stranger.send(login(uid)).await;
            assert_eq!(stranger.ending().await, Some(code), "{uid}");
        }
        game.is_as_before().await;
    }
}

async fn keyed(over: Over) -> Table {
    let config = farcall_server::ServerConfig {
        serves: farcall_protocol::contracts![Yard],
        states: farcall_server::States::new().with(Running::default()),
        ..Default::default()
    };
    Table::start(over, config, Admission::shared_key(*b"right")).await
}

/// The two frames with which a player who knows the key has logged in, as somebody on the way would hear them.
async fn overheard_login(table: &Table) -> (Vec<u8>, Vec<u8>) {
    let (near, far) = duplex(1 << 16);
    let config = ClientConfig { credential: Credential::SharedKey(b"right".to_vec()), ..table.player("bob") };
    let bob = tokio::spawn(farcall_client::Client::over(near, config));
    let (mut from_bob, mut to_bob) = tokio::io::split(far);
    let (mut from_server, mut to_server) =
        tokio::io::split(table.server.dialer().connect().await.expect("a connection"));
    let back = tokio::spawn(async move { tokio::io::copy(&mut from_server, &mut to_bob).await });
    let mut heard = Vec::new();
    for _ in 0..2 {
        let mut frame = vec![0; 4];
        from_bob.read_exact(&mut frame).await.expect("a length");
        let len = u32::from_le_bytes([frame[0], frame[1], frame[2], frame[3]]) as usize;
        frame.resize(4 + len, 0);
        from_bob.read_exact(&mut frame[4..]).await.expect("a frame");
        to_server.write_all(&frame).await.expect("a server");
        heard.push(frame);
    }
    drop(bob.await.expect("a task").expect("bob's own login"));
    back.abort();
    let auth = heard.pop().expect("credentials");
    (heard.pop().expect("a hello"), auth)
}
