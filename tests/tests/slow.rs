//! Handlers that hold their connection's task too long are named in the log. Alone in its process: which lines are wanted at all
//! is the process's to know. On the real clock, for what a handler takes is real time.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

use std::time::{Duration, Instant};

use farcall_protocol::{contract, contracts};
use farcall_server::route;
use farcall_tests::TestServer;
use farcall_tests::log::Log;

#[contract(served_by = server)]
trait Lobby {
    async fn quick() -> u32;
    /// Does not wait: it works.
    async fn works(ms: u64) -> u32;
}

#[route(Lobby::quick)]
fn quick() -> u32 {
    1
}

#[route(Lobby::works)]
fn works(ms: u64) -> u32 {
    let until = Instant::now() + Duration::from_millis(ms);
    while Instant::now() < until {}
    2
}

/// Warnings since the last time.
fn warnings(log: &Log) -> Vec<String> {
    log.take().into_iter().filter(|line| line.contains("held the connection's task")).collect()
}

/// A second passes: at most one warning comes in that time.
fn a_second_later() {
    let until = Instant::now() + Duration::from_millis(1_001);
    while Instant::now() < until {
        std::thread::yield_now();
    }
}

#[tokio::test]
async fn who_holds_the_task_is_named_and_one_of_many_the_second_time() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(log.clone());
    let _until_dropped = tracing::subscriber::set_default(subscriber.finish());
    let game = TestServer::new(contracts![Lobby]);
    let ann = game.player("ann").await;
    assert_eq!(ann.works(1).await, Ok(2));
    assert_eq!(warnings(&log), [""; 0], "a millisecond is nothing");
    assert_eq!(ann.works(15).await, Ok(2));
    let [alone] = &warnings(&log)[..] else { panic!("one line") };
    assert!(alone.contains("route=Lobby.works") && alone.contains("tests/slow.rs:"), "{alone}");
    a_second_later();
    // Several in one batch: who it was is not known yet.
    let together = || async { tokio::join!(ann.quick(), ann.works(15), ann.quick()) };
    assert_eq!(together().await, (Ok(1), Ok(2), Ok(1)));
    let [together_line] = &warnings(&log)[..] else { panic!("one line") };
    assert!(together_line.contains("handlers=3"), "{together_line}");
    a_second_later();
    assert_eq!(together().await, (Ok(1), Ok(2), Ok(1)));
    let [named] = &warnings(&log)[..] else { panic!("one line") };
    assert!(named.contains("route=Lobby.works"), "{named}");
}
