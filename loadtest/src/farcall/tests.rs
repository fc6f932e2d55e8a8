//! Farcall as the workloads use it, over loopback.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::task::yield_now;
use tokio::time::timeout;

use super::*;
use crate::contender::{Answerer, Caller, Server};
use crate::plan::PAYLOAD_BYTES_MAX;

const ANY: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// Whether it comes true within ten seconds.
async fn soon(mut done: impl FnMut() -> bool) -> bool {
    let done = async {
        while !done() {
            yield_now().await;
        }
    };
    timeout(Duration::from_secs(10), done).await.is_ok()
}

/// A server that pushes, and `wanted` clients that have joined it.
async fn pushing(wanted: usize) -> (Listening, Vec<Joined>) {
    let mut server = Farcall.serve(ANY, Direction::Push).await.unwrap();
    let mut joined = Vec::new();
    for _ in 0..wanted {
        joined.push(Farcall.join(server.address()).await.unwrap());
    }
    server.audience(wanted).await.unwrap();
    (server, joined)
}

#[test]
fn every_limit_that_is_not_the_default_is_told() {
    let told = Farcall.changed_limits();
    assert!(told.contains(&"calls_in_flight_max: 16384 (default: 128)".to_owned()), "{told:?}");
    assert!(changed(&Limits::default(), &Limits::default()).is_empty());
}

#[tokio::test]
async fn the_largest_payload_of_a_plan_is_answered() {
    let server = Farcall.serve(ANY, Direction::ToServer).await.unwrap();
    let client = Farcall.connect(server.address()).await.unwrap();
    assert_eq!(client.echo(&vec![7; PAYLOAD_BYTES_MAX].into()).await, Ok(PAYLOAD_BYTES_MAX));
}

#[tokio::test]
async fn pushes_reach_everyone_and_are_counted() {
    let (server, joined) = pushing(3).await;
    for _ in 0..1_024 {
        server.push(&[7; 64]).await.unwrap();
    }
    assert!(soon(|| joined.iter().all(|client| client.received() == 1_024)).await);
}

#[tokio::test]
async fn a_client_that_left_is_a_failed_push() {
    let (server, mut joined) = pushing(2).await;
    drop(joined.pop());
    let failed = async {
        while server.push(b"x").await.is_ok() {
            yield_now().await
        }
    };
    assert!(timeout(Duration::from_secs(10), failed).await.is_ok());
    assert_eq!(server.push(b"x").await, Err(Failure::MissedPush));
}

#[tokio::test]
async fn a_server_with_a_thread_per_core_does_the_same() {
    let told = FarcallCores.changed_limits();
    assert_eq!(told.len(), Farcall.changed_limits().len() + 1);
    assert!(told.iter().any(|told| told.starts_with("threads: Own(")), "{told:?}");

    let server = FarcallCores.serve(ANY, Direction::ToServer).await.unwrap();
    let client = FarcallCores.connect_severable(server.address()).await.unwrap();
    assert_eq!(client.echo(&Bytes::from_static(b"before")).await, Ok(6));
    client.cut();
    assert_eq!(timeout(Duration::from_secs(20), client.back()).await, Ok(Ok(())));
    assert_eq!(client.echo(&Bytes::from_static(b"after")).await, Ok(5));

    let mut server = FarcallCores.serve(ANY, Direction::ToClient).await.unwrap();
    let joined = FarcallCores.join(server.address()).await.unwrap();
    let [player] = &server.clients(1).await.unwrap()[..] else { panic!("one was wanted") };
    assert_eq!(player.echo(&Bytes::from_static(b"are you there?")).await, Ok(14));
    server.audience(1).await.unwrap();
    server.push(&[7; 64]).await.unwrap();
    assert!(soon(|| joined.received() == 1).await);
}

#[tokio::test]
async fn a_second_server_of_the_process_finds_its_own_clients() {
    for _ in 0..2 {
        let mut server = Farcall.serve(ANY, Direction::ToClient).await.unwrap();
        let _joined = Farcall.join(server.address()).await.unwrap();
        let [player] = &server.clients(1).await.unwrap()[..] else { panic!("one was wanted") };
        assert_eq!(player.echo(&Bytes::from_static(b"are you mine?")).await, Ok(13));
    }
}

#[tokio::test]
async fn a_session_whose_connection_is_cut_comes_back() {
    let server = Farcall.serve(ANY, Direction::ToServer).await.unwrap();
    let client = Farcall.connect_severable(server.address()).await.unwrap();
    assert_eq!(client.echo(&Bytes::from_static(b"before")).await, Ok(6));
    client.cut();
    assert_eq!(timeout(Duration::from_secs(20), client.back()).await, Ok(Ok(())));
    assert_eq!(client.echo(&Bytes::from_static(b"after")).await, Ok(5));
}

#[tokio::test]
async fn a_session_that_is_over_does_not_come_back() {
    let server = Farcall.serve(ANY, Direction::ToServer).await.unwrap();
    let client = Farcall.connect_severable(server.address()).await.unwrap();
    drop(server);
    let gone = timeout(Duration::from_secs(20), client.back()).await;
    assert!(matches!(gone, Ok(Err(_))), "{gone:?}");
}

#[tokio::test]
async fn who_stalls_sees_nothing_and_holds_up_nobody() {
    let mut server = Farcall.serve(ANY, Direction::Push).await.unwrap();
    let [reader, staller] = [(); 2].map(|()| Arc::new(AtomicU64::new(0)));
    let seen = |count: &Arc<AtomicU64>| -> Seen {
        let count = count.clone();
        Arc::new(move |body| count.store(body.len() as u64, Ordering::Relaxed))
    };
    let _reads = Farcall.watch(server.address(), false, seen(&reader)).await.unwrap();
    let _stalls = Farcall.watch(server.address(), true, seen(&staller)).await.unwrap();
    server.audience(2).await.unwrap();
    for round in 1..=2_000_usize {
        server.snapshot(&vec![0; 4_096 + round]).await.unwrap();
    }
    assert!(soon(|| reader.load(Ordering::Relaxed) == 4_096 + 2_000).await, "the newest arrives");
    assert_eq!(staller.load(Ordering::Relaxed), 0);
}
