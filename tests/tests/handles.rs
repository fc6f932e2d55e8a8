//! Handles to sessions that are over hold nothing of the system's. Alone in its process, whose descriptors are counted.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

use farcall_client::{Client, ClientConfig};
use farcall_protocol::{contract, contracts};
use farcall_server::{Admission, Server, ServerConfig, route};
use farcall_tests::waiting::until;

#[contract(served_by = server)]
trait Lobby {
    async fn sum(x: i64, y: i64) -> i64;
}

#[route(Lobby::sum)]
fn sum(x: i64, y: i64) -> i64 {
    x + y
}

fn descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

#[tokio::test]
async fn a_handle_to_a_session_that_is_over_keeps_no_connection() {
    let config = ServerConfig { serves: contracts![Lobby], ..ServerConfig::default() };
    let server = Server::bind(config, Admission::anonymous()).await.unwrap();
    let address = server.local_addr().unwrap().to_string();
    let before = descriptors();
    let mut kept = Vec::new();
    for number in 0..20_u64 {
        let client = Client::connect(ClientConfig::for_uid(&address, number.into())).await.unwrap();
        assert_eq!(client.sum(2, 3).await, Ok(5));
        let uid = client.session().uid().clone();
        until(|| server.player(&uid).is_ok()).await;
        kept.push((server.player(&uid).unwrap(), client));
    }
    assert!(descriptors() >= before + 40);
    for (number, (player, client)) in kept.iter().enumerate() {
        match number % 2 {
            0 => assert!(server.kick(player.session().uid(), "enough")),
            _ => client.session().leave().await,
        }
    }
    until(|| server.stats().sessions == 0).await;
    for (player, client) in &kept {
        player.session().ended().await;
        client.session().ended().await;
    }
    until(|| descriptors() <= before).await;
}
