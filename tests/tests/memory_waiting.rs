//! What a session costs its server while it has a connection and while it waits for one. Alone in its process, because it
//! counts every allocation in it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

#[path = "memory/counting.rs"]
mod counting;

use std::sync::atomic::Ordering;

use bytes::BytesMut;
use counting::IN_USE;
use farcall_server::{Admission, Server, ServerConfig};
use farcall_tests::raw;
use farcall_tests::waiting::until;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const SESSIONS: usize = 500;

/// A player whose connection is all that this process has of it.
async fn log_in(server: &Server, number: usize) -> TcpStream {
    let mut stream = TcpStream::connect(server.local_addr().unwrap()).await.unwrap();
    let mut out = BytesMut::new();
    let _ = raw::connecting(&number.to_string()).start(&mut out);
    stream.write_all(&out).await.unwrap();
    let mut welcome = [0; 512];
    assert!(stream.read(&mut welcome).await.unwrap() > 0);
    stream
}

#[tokio::test]
async fn a_session_that_waits_for_its_player_costs_no_more_than_one_that_has_it() {
    let server = Server::bind(ServerConfig::default(), Admission::anonymous()).await.unwrap();
    // What is made once is made by then.
    drop(log_in(&server, SESSIONS).await);
    until(|| server.stats().detached == 1).await;
    let before = IN_USE.load(Ordering::SeqCst);
    let each = || IN_USE.load(Ordering::SeqCst).saturating_sub(before) / SESSIONS;
    let mut streams = Vec::with_capacity(SESSIONS);
    for number in 0..SESSIONS {
        streams.push(log_in(&server, number).await);
    }
    until(|| server.stats().sessions == SESSIONS as u64 + 1).await;
    let attached = each();
    drop(streams);
    until(|| server.stats().detached == SESSIONS as u64 + 1).await;
    let waiting = each();
    println!("{attached} bytes for each session with a connection, {waiting} without");
    assert!(attached <= 2_816, "{attached} bytes");
    assert!(waiting <= attached, "{waiting} bytes");
}
