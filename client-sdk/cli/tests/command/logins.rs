//! Servers that are not there, are something else, or say no: always 3.

use farcall_server::Refusal;
use tokio::io::{AsyncWriteExt, copy, sink};
use tokio::net::{TcpListener, TcpSocket, TcpStream};

use super::*;

#[tokio::test]
async fn nobody_there() {
    // Bound, so that nobody else gets the port, and not listening.
    let taken = TcpSocket::new_v4().unwrap();
    taken.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let closed = taken.local_addr().unwrap().to_string();
    for verb in [&["list"][..], &["listen"]] {
        let ran = run(&[verb, &[&closed]].concat()).await;
        assert_eq!(ran.code, 3, "{ran:?}");
        assert!(ran.err.starts_with(&format!("farcall: nobody answers at {closed}: ")), "{ran:?}");
    }
    assert_eq!(run(&["call", "no.such.host.invalid:7000", "x"]).await.code, 3);
    let ran = run(&["call", &closed, "x", "--json"]).await;
    let error: serde_json::Value = serde_json::from_str(&ran.err).unwrap();
    assert_eq!((&error["error"], &error["exit"]), (&"no server".into(), &3.into()));
}

/// Something that takes one connection and says this; then hangs up, or says nothing more.
async fn stranger(says: &'static [u8], stays: bool) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        let mut socket: TcpStream = listener.accept().await.unwrap().0;
        socket.write_all(says).await.unwrap();
        if stays {
            let _ = copy(&mut socket, &mut sink()).await;
        }
    });
    address
}

#[tokio::test]
async fn something_else_there() {
    let hangs_up = stranger(b"", false).await;
    let ran = run(&["list", &hangs_up]).await;
    assert_eq!(ran.code, 3);
    assert!(ran.err.contains("closed the connection during the login"), "{ran:?}");
    let web = stranger(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n", true).await;
    assert_eq!(run(&["list", &web]).await.code, 3);
    let silent = stranger(b"", true).await;
    let ran = run(&["list", &silent, "--within", "0.3"]).await;
    assert_eq!(ran.code, 3);
    assert!(ran.err.contains("did not finish the login within 0.3 s"), "{ran:?}");
}

/// A server that keeps its routes to itself and lets in who has a token and a build that is new enough.
async fn strict() -> (Server, String) {
    let admission = Admission::new(|arrival| async move {
        match arrival.bearer.as_deref() {
            Some("sesame") if arrival.build >= 2 => Ok(arrival.uid),
            Some("sesame") => Err(Refusal::UpdateRequired {
                message: "build 2 or newer".into(),
                url: "https://game.example/update".into(),
            }),
            _ => Err(Refusal::unauthorized("no such token")),
        }
    });
    start(ServerConfig { introspection: false, ..config() }, admission).await
}

#[tokio::test]
async fn tokens_and_builds() {
    let (_server, address) = strict().await;
    let sum = ["call", &address, "Lobby.sum", "[2,3]", "--uid", "ann"];
    let with = async |more: &[&str]| run(&[&sum[..], more].concat()).await;
    let nothing = with(&[]).await;
    assert_eq!(nothing.code, 3);
    assert!(
        nothing.err.contains("refused `ann`: not authorized: no such token\n  nothing was shown"),
        "{nothing:?}"
    );
    assert!(with(&["--token", "guess"]).await.err.contains("a token was shown"));
    let old = with(&["--token", "sesame"]).await;
    assert_eq!(old.code, 3);
    assert!(old.err.contains("update required: build 2 or newer"), "{old:?}");
    assert!(old.err.ends_with("https://game.example/update\n"), "{old:?}");
    assert_eq!(with(&["--token", "sesame", "--build", "2"]).await.out, "5\n");
    let by_environment = farcall(&sum).args(["--build", "2"]).env("FARCALL_TOKEN", "sesame").spawn().unwrap();
    assert_eq!(end(by_environment).await.out, "5\n");
}

#[tokio::test]
async fn a_server_that_does_not_tell_its_routes() {
    let (_server, address) = strict().await;
    let with = async |more: &[&str]| run(&[more, &["--token", "sesame", "--build", "2"]].concat()).await;
    for verb in [&["list", &address][..], &["describe", &address, "Lobby.sum"]] {
        let ran = with(verb).await;
        assert_eq!(ran.code, 4);
        assert!(
            ran.err.contains("does not tell its routes\n  ServerConfig { introspection: true"),
            "{ran:?}"
        );
    }
    assert_eq!(with(&["call", &address, "Lobby.sum", "[2,3]"]).await.out, "5\n", "calls by name work");
    assert_eq!(with(&["call", &address, "Lobby.sum", "[2]"]).await.code, 2);
    let unknown = with(&["call", &address, "Lobby.smu"]).await;
    assert_eq!(unknown.code, 4);
    assert!(unknown.err.contains("does not tell which there are"), "{unknown:?}");
    assert_eq!(with(&["call", &address, "Lobby.chat", "[\"hi\"]"]).await.code, 0);
}

#[tokio::test]
async fn shared_keys() {
    let config = ServerConfig { introspection: true, ..ServerConfig::default() };
    let (_server, address) = start(config, Admission::shared_key("secret")).await;
    let list = ["list", &address];
    let expected = format!("{address} serves nothing\n");
    assert_eq!(run(&[&list[..], &["--key", "secret"]].concat()).await.out, expected);
    let by_environment = farcall(&list).env("FARCALL_KEY", "secret").spawn().unwrap();
    assert_eq!(end(by_environment).await.out, expected);
    for wrong in [&["--key", "guess"][..], &["--token", "secret"], &[]] {
        let ran = run(&[&list[..], wrong].concat()).await;
        assert_eq!(ran.code, 3, "{ran:?}");
        assert!(!ran.err.contains("secret") && !ran.err.contains("guess"), "{ran:?}");
    }
}
