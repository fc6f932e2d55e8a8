//! A client of a program that has no runtime: nothing here is asynchronous, and nothing names one.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

use std::net::TcpListener;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use farcall_client::{Client, ClientConfig, ConnectError};
use farcall_protocol::{contract, contracts};
use farcall_server::{Admission, Server, ServerConfig};

#[contract(served_by = server)]
trait Lobby {
    async fn sum(x: i64, y: i64) -> i64;
}

#[contract(served_by = client)]
trait Player {
    async fn add(points: u32) -> u32;
}

mod served {
    #[farcall_server::route(super::Lobby::sum)]
    fn sum(x: i64, y: i64) -> i64 {
        x + y
    }

    #[farcall_client::route(super::Player::add)]
    fn add(game: &mut super::Game, points: u32) -> u32 {
        game.points += points;
        game.points
    }
}

#[derive(Debug, Default)]
struct Game {
    points: u32,
    sum: Option<i64>,
}

/// A server in another thread, which asks whoever comes to add 7, and its answer.
fn server() -> (String, mpsc::Receiver<u32>) {
    let (says, address) = mpsc::sync_channel(1);
    let (told, answer) = mpsc::sync_channel(1);
    thread::spawn(move || {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let config = ServerConfig { serves: contracts![Lobby], ..ServerConfig::default() };
            let server = Server::bind(config, Admission::anonymous()).await.unwrap();
            says.send(server.local_addr().unwrap().to_string()).unwrap();
            farcall_tests::waiting::until(|| server.player("ann").is_ok()).await;
            told.send(server.player("ann").unwrap().add(7).await.unwrap()).unwrap();
            farcall_tests::waiting::until(|| server.stats().sessions == 0).await;
        });
    });
    (address.recv().unwrap(), answer)
}

#[test]
fn a_frame_loop_connects_calls_is_called_and_leaves() {
    let (address, answer) = server();
    let config = ClientConfig { serves: contracts![Player], ..ClientConfig::new(address, "ann").unwrap() };
    let mut starting = Client::start(config);
    let (mut game, mut client) = (Game::default(), None);
    let began = Instant::now();
    while game.sum.is_none() || game.points == 0 {
        assert!(began.elapsed() < Duration::from_secs(60), "{game:?}");
        thread::yield_now();
        if let Some(arrived) = starting.poll() {
            let arrived: Client = arrived.unwrap();
            arrived.sum(2, 3).then_on_frame(|game: &mut Game, sum| game.sum = sum.ok());
            client = Some(arrived);
        }
        if let Some(client) = &client {
            client.poll(&mut game, Duration::from_millis(2)).unwrap();
        }
    }
    assert_eq!((game.sum, game.points, answer.recv().unwrap()), (Some(5), 7, 7));
    let client = client.unwrap();
    client.session().leave_and_wait(Duration::from_secs(60));
    assert!(client.session().closed_reason().is_some());
    // Whoever has left does not want another session; what is said comes back to the loop.
    let again = client.session().start_reconnect().wait().map(drop).unwrap_err();
    assert_eq!(again.to_string(), "no other session: Done (the peer ended the session)");
}

#[test]
fn a_server_that_is_not_there_is_said_so() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    drop(taken);
    let error = Client::start(ClientConfig::new(&address, "ann").unwrap()).wait().map(drop).unwrap_err();
    assert!(matches!(&error, ConnectError::Address { address: at, .. } if *at == address), "{error}");
}
