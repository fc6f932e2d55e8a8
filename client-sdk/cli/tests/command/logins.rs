//! Servers that are not there, are something else, or say no: always 3.

use std::io::Write;
use std::net::TcpListener;

use farcall_server::{Admission, ServerConfig};

use super::*;

#[test]
fn nobody_there() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    for verb in [&["list"][..], &["listen"]] {
        let ran = run(&[verb, &[&closed]].concat());
        assert_eq!(ran.code, 3, "{ran:?}");
        assert!(ran.err.starts_with(&format!("farcall: nobody answers at {closed}: ")), "{ran:?}");
    }
    assert_eq!(run(&["call", "no.such.host.invalid:7000", "x"]).code, 3);
    let ran = run(&["call", &closed, "x", "--json"]);
    let error: serde_json::Value = serde_json::from_str(&ran.err).unwrap();
    assert_eq!((&error["error"], &error["exit"]), (&"no server".into(), &3.into()));
}

/// Something that takes one connection and does this to it.
fn stranger(act: impl FnOnce(std::net::TcpStream) + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || act(listener.accept().unwrap().0));
    address
}

#[test]
fn something_else_there() {
    let hangs_up = stranger(drop);
    let ran = run(&["list", &hangs_up]);
    assert_eq!(ran.code, 3);
    assert!(ran.err.contains("closed the connection during the login"), "{ran:?}");
    let web = stranger(|mut socket| {
        socket.write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n").unwrap();
        let _ = std::io::copy(&mut socket, &mut std::io::sink());
    });
    assert_eq!(run(&["list", &web]).code, 3);
    let silent = stranger(|mut socket| drop(std::io::copy(&mut socket, &mut std::io::sink())));
    let ran = run(&["list", &silent, "--within", "0.3"]);
    assert_eq!(ran.code, 3);
    assert!(ran.err.contains("did not finish the login within 0.3 s"), "{ran:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_and_builds() {
    let server = game::start("127.0.0.1:0", false).await.unwrap();
    let address = server.local_addr().unwrap().to_string();
    let sum = ["call", &address, "Lobby.sum", "[2,3]"];
    let with = |more: &[&str]| run(&[&sum[..], more].concat());
    let nothing = with(&[]);
    assert_eq!(nothing.code, 3);
    assert!(
        nothing.err.contains("refused `tool`: not authorized: no such token\n  nothing was shown"),
        "{nothing:?}"
    );
    assert!(with(&["--token", "guess"]).err.contains("a token was shown"));
    let old = with(&["--token", "sesame"]);
    assert_eq!(old.code, 3);
    assert!(old.err.contains("update required: build 2 or newer"), "{old:?}");
    assert!(old.err.ends_with("https://game.example/update\n"), "{old:?}");
    assert_eq!(with(&["--token", "sesame", "--build", "2"]).out, "5\n");
    let by_environment =
        farcall(&sum).args(["--build", "2"]).env("FARCALL_TOKEN", "sesame").output().unwrap();
    assert_eq!(Ran::from(by_environment).out, "5\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_does_not_tell_its_routes() {
    let server = game::start("127.0.0.1:0", false).await.unwrap();
    let address = server.local_addr().unwrap().to_string();
    let with = |more: &[&str]| run(&[more, &["--token", "sesame", "--build", "2"]].concat());
    for verb in [&["list", &address][..], &["describe", &address, "Lobby.sum"]] {
        let ran = with(verb);
        assert_eq!(ran.code, 4);
        assert!(
            ran.err.contains("does not tell its routes\n  ServerConfig { introspection: true"),
            "{ran:?}"
        );
    }
    assert_eq!(with(&["call", &address, "Lobby.sum", "[2,3]"]).out, "5\n", "calls by name work");
    assert_eq!(with(&["call", &address, "Lobby.sum", "[2]"]).code, 2);
    let unknown = with(&["call", &address, "Lobby.smu"]);
    assert_eq!(unknown.code, 4);
    assert!(unknown.err.contains("does not tell which there are"), "{unknown:?}");
    assert_eq!(with(&["call", &address, "Lobby.chat", "[\"hi\"]"]).code, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn shared_keys() {
    let config = ServerConfig { introspection: true, ..ServerConfig::default() };
    let server = Server::bind(config, Admission::shared_key("secret")).await.unwrap();
    let address = server.local_addr().unwrap().to_string();
    let list = ["list", &address];
    let expected = format!("{address} serves nothing\n");
    assert_eq!(run(&[&list[..], &["--key", "secret"]].concat()).out, expected);
    let by_environment = farcall(&list).env("FARCALL_KEY", "secret").output().unwrap();
    assert_eq!(Ran::from(by_environment).out, expected);
    for wrong in [&["--key", "guess"][..], &["--token", "secret"], &[]] {
        let ran = run(&[&list[..], wrong].concat());
        assert_eq!(ran.code, 3, "{ran:?}");
        assert!(!ran.err.contains("secret") && !ran.err.contains("guess"), "{ran:?}");
    }
}
