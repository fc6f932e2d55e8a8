//! Hostile servers: the real client against hand-written bytes. A client trusts a server no further than it must.

use std::time::Duration;

use farcall_client::{
    CallError, Client, ClientConfig, ClientEvent, ConnectError, Credential, LoginError, LoginFailed,
    NotExecuted,
};
use farcall_protocol::CloseCode::{self, *};
use farcall_protocol::contracts;
use farcall_tests::waiting::{count_panics, panics};
use tokio::io::duplex;
use tokio::net::TcpListener;

use crate::bytes::*;
use crate::raw::Raw;
use crate::yard::{Dog, Yard};

/// A client that is logging in, and the server it has reached.
fn ann() -> (tokio::task::JoinHandle<Result<Client, ConnectError>>, Raw) {
    ann_with(|_| ())
}

fn ann_with(
    change: impl FnOnce(&mut ClientConfig),
) -> (tokio::task::JoinHandle<Result<Client, ConnectError>>, Raw) {
    count_panics();
    let (near, far) = duplex(1 << 16);
    let mut config = ClientConfig { serves: contracts![Dog], ..ClientConfig::new("", "ann").expect("a uid") };
    change(&mut config);
    (tokio::spawn(Client::over(near, config)), Raw::new(far))
}

/// A client that is logged in.
async fn logged_in(welcome: Welcome) -> (Client, Raw) {
    let (client, mut server) = ann();
    server.send([hello_reply(1, 0, 1), welcome.bytes()].concat()).await;
    let client = client.await.expect("a task").expect("a login");
    for kind in [HELLO, AUTH] {
        assert_eq!(server.next().await.map(|seen| seen.kind), Some(kind));
    }
    (client, server)
}

async fn login_error(bytes: Vec<u8>) -> LoginError {
    let (client, mut server) = ann();
    server.send(bytes).await;
    match client.await.expect("a task") {
        Err(ConnectError::Login(LoginFailed::Login(error))) => error,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn what_is_no_server_of_ours_is_named() {
    for bytes in [&b"HTTP/1.1 400 Bad Request\r\n\r\n"[..], &[0xff; 64], &[0; 64]] {
        let error = login_error(bytes.to_vec()).await;
        assert!(matches!(error, LoginError::Closed { code: NotFarcall, .. }), "{error:?}");
    }
    assert_eq!(panics(), 0);
}

#[tokio::test]
async fn a_server_that_breaks_the_login_is_named() {
    let reply = || hello_reply(1, 0, 1);
    let welcome = |change: fn(&mut Welcome)| {
        let mut welcome = Welcome::default();
        change(&mut welcome);
        [hello_reply(1, 0, 1), welcome.bytes()].concat()
    };
    let cases = [
        ("another version", hello_reply(2, 0, 1)),
        ("a feature nobody offered", hello_reply(1, 2, 1)),
        ("a codec nobody offered", hello_reply(1, 0, 9)),
        ("a welcome first", Welcome::default().bytes()),
        ("a call first", call(0, Dog.fetch.descriptor(), &[1])),
        ("a reply cut short", frame(HELLO_REPLY, 0, &[1, 0])),
        ("two replies", [reply(), reply()].concat()),
        ("a call before the welcome", [reply(), call(0, Dog.fetch.descriptor(), &[1])].concat()),
        ("no uid", welcome(|welcome| welcome.uid = b"")),
        ("no heartbeat", welcome(|welcome| welcome.heartbeat_ms = 0)),
        ("a heartbeat that comes too late", welcome(|welcome| welcome.silence_ms = 1)),
        ("more calls than slots", welcome(|welcome| welcome.takes = [9, 8, 100])),
        ("a welcome cut short", [reply(), frame(WELCOME, 0, &[0; 20])].concat()),
        ("a refusal cut short", frame(REFUSED, 0, &[1])),
    ];
    for (what, bytes) in cases {
        let error = login_error(bytes).await;
        assert!(matches!(error, LoginError::Protocol(_)), "{what}: {error:?}");
    }
    assert_eq!(panics(), 0);
}

#[tokio::test]
async fn a_refusal_with_an_unknown_code_is_a_refusal() {
    let refused = frame(REFUSED, 0, &[0xff, 0xff, 0, 0, 0, 0, 2, 0, b'n', b'o', 0, 0]);
    let error = login_error(refused).await;
    assert_eq!(error.to_string(), "refused: no");
}

#[tokio::test]
async fn a_server_that_does_not_know_the_key_is_not_ours() {
    let shared_key = |config: &mut ClientConfig| config.credential = Credential::SharedKey(b"right".to_vec());
    let (client, mut server) = ann_with(shared_key);
    server.send([hello_reply(1, 0, 1), Welcome::default().bytes()].concat()).await;
    let error = client.await.expect("a task").map(drop).unwrap_err();
    assert!(
        matches!(error, ConnectError::Login(LoginFailed::Login(LoginError::ServerUnproved))),
        "{error:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_server_that_says_nothing_is_given_up() {
    let start = tokio::time::Instant::now();
    let (client, _server) = ann();
    let error = client.await.expect("a task").map(drop).unwrap_err();
    assert!(matches!(error, ConnectError::Login(LoginFailed::TimedOut(_))), "{error:?}");
    assert_eq!(start.elapsed().as_secs(), 10);
}

#[tokio::test]
async fn a_server_that_hangs_up_is_an_error_over_tcp_too() {
    count_panics();
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a listener");
    let address = listener.local_addr().expect("an address").to_string();
    let config = ClientConfig::new(address, "ann").expect("a uid");
    let client = tokio::spawn(Client::connect(config));
    drop(listener.accept().await.expect("a connection"));
    let error = client.await.expect("a task").map(drop).unwrap_err();
    assert!(matches!(error, ConnectError::Login(LoginFailed::Connection(_))), "{error:?}");
}

#[tokio::test]
async fn frames_behind_the_welcome_are_not_lost() {
    let (client, mut server) = ann();
    let asked = call(0, Dog.fetch.descriptor(), &[41]);
    server.send([hello_reply(1, 0, 1), Welcome::default().bytes(), asked].concat()).await;
    let _client = client.await.expect("a task").expect("a login");
    assert_eq!(server.next_of(RESULT).await.expect("an answer")[8..], [0, 42]);
}

#[tokio::test]
async fn a_servers_mistakes_end_the_session_and_its_calls() {
    let fetch = Dog.fetch.descriptor();
    let cases: [(&str, Vec<u8>, CloseCode); 8] = [
        ("4 GiB", vec![0xff; 4], FrameTooLarge),
        ("an unknown kind", frame(0xee, 0, &[]), UnknownFrame),
        ("a second welcome", Welcome::default().bytes(), UnexpectedFrame),
        ("a result of nothing", result(id(5, 5), 0, &[0]), UnknownCall),
        ("an acknowledgement of nothing", ack(9, 0), Diverged),
        ("a slot out of range", call(192, fetch, &[1]), SlotOutOfRange),
        ("pings", ping(1, 1).repeat(1_000), Flood),
        ("pongs", pong(1, 1).repeat(1_000), Flood),
    ];
    for (what, bytes, code) in cases {
        let (client, mut server) = logged_in(Welcome::default()).await;
        let pending = tokio::spawn({
            let client = client.clone();
            async move { client.hang().await }
        });
        server.next_of(CALL).await.expect("a call");
        server.send(bytes).await;
        assert_eq!(server.ending().await, Some(code), "{what}");
        assert_eq!(pending.await.expect("a task"), Err(CallError::Indeterminate), "{what}");
        let reason = client.session().closed().await;
        assert_eq!((reason.code, reason.by_peer), (code, false), "{what}");
    }
    assert_eq!(panics(), 0);
}

#[tokio::test]
async fn extreme_numbers_are_only_numbers() {
    let most = u32::MAX;
    let extreme = Welcome {
        heartbeat_ms: most,
        silence_ms: most,
        takes: [most; 3],
        time_us: u64::MAX,
        ..Welcome::default()
    };
    let (client, mut server) = logged_in(extreme).await;
    for (time, rtt) in [(0, 0), (u64::MAX, u32::MAX), (1, u32::MAX), (u64::MAX / 2, 1)] {
        server.send(ping(time, rtt)).await;
        assert_eq!(server.next_of(PONG).await.expect("a pong")[..8], time.to_le_bytes());
        let _ = client.session().server_now();
    }
    server.send(pong(u64::MAX, u64::MAX)).await;
    let asked = tokio::spawn({
        let client = client.clone();
        async move { client.sum(2, 3).await }
    });
    let call = server.next_of(CALL).await.expect("a call");
    server.send(result(call[..8].try_into().expect("an id"), 0, &[10])).await;
    assert_eq!(asked.await.expect("a task"), Ok(5));
    assert_eq!(panics(), 0);
}

#[tokio::test]
async fn a_server_that_takes_nothing_gets_nothing() {
    let nothing = Welcome { takes: [0, 0, 0], ..Welcome::default() };
    let (client, _server) = logged_in(nothing).await;
    let error = client.sum(2, 3).within(Duration::from_millis(50)).await.unwrap_err();
    assert!(!error.may_have_run(), "{error:?}");
    assert_eq!(panics(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_falls_silent_is_noticed_and_calls_end_by_then() {
    let start = tokio::time::Instant::now();
    let (client, _server) = logged_in(Welcome::default()).await;
    let pending = client.hang().within(Duration::from_secs(60)).await;
    assert_eq!(pending, Err(CallError::Indeterminate));
    assert_eq!(client.session().closed().await.code, PeerSilent);
    assert_eq!(start.elapsed().as_secs(), 20);
}

#[tokio::test]
async fn a_server_that_vanishes_ends_what_was_sent_and_what_was_not_each_as_it_is() {
    let one_call = Welcome { takes: [1, 1, 65_536], ..Welcome::default() };
    let (client, mut server) = logged_in(one_call).await;
    let mut events = client.session().events();
    assert_eq!(events.next().await, Some(ClientEvent::Opened));
    let ask = || tokio::spawn(client.sum(2, 3).within(Duration::from_secs(60)));
    let sent = ask();
    server.next_of(CALL).await.expect("a call");
    // The server takes one call at a time: this one waits here.
    let unsent = ask();
    tokio::task::yield_now().await;
    drop(server);
    let (sent, unsent) = (sent.await.expect("a task"), unsent.await.expect("a task"));
    assert_eq!(sent, Err(CallError::Indeterminate));
    assert_eq!(unsent, Err(CallError::NotExecuted(NotExecuted::NeverSent)));
    let Some(ClientEvent::Closed(reason)) = events.next().await else { panic!("it is over") };
    assert_eq!((reason.code, reason.by_peer), (ConnectionLost, false));
    assert_eq!(events.next().await, None);
    assert_eq!(client.sum(2, 3).await, Err(CallError::NotExecuted(NotExecuted::NeverSent)));
    assert_eq!((client.session().slots_used(), panics()), (0, 0));
}
