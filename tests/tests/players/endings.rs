//! How a server ends: in order, with calls in flight let finish; by being dropped; and what it survives.

use std::time::Duration;

use farcall_client::{CallError, Client, ClientConfig, CloseCode, ConnectError};
use farcall_tests::over_both_transports;
use farcall_tests::waiting::until;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::net::TcpStream;
use tokio::time::Instant;

use crate::hall::{Ear, Hall, hall, told};

/// Logs in with bytes written by hand; gives the length of what was answered.
pub async fn log_in_by_hand(io: &mut DuplexStream, uid: &str) -> usize {
    let mut hello = b"FARCALL".to_vec();
    hello.extend([1, 0, 1, 0]);
    hello.extend([0; 32]);
    hello.extend([1, 1]);
    for number in [128_u32, 192, 65_536] {
        hello.extend(number.to_le_bytes());
    }
    let auth = [&[0, uid.len() as u8][..], uid.as_bytes(), &[0; 7]].concat();
    for (kind, payload) in [(1, hello), (3, auth)] {
        let frame = [&(payload.len() as u32 + 2).to_le_bytes()[..], &[kind, 0], &payload].concat();
        io.write_all(&frame).await.expect("a server");
    }
    let mut answer = [0; 512];
    io.read(&mut answer).await.expect("an answer")
}

over_both_transports! {
    async fn shutdown_lets_calls_in_flight_end_and_takes_nobody_new(over: Over) {
        let hall = hall(over).await;
        let (ann, _) = hall.enter("ann").await;
        let waiting = tokio::spawn({
            let ann = ann.clone();
            async move { ann.wait().await }
        });
        until(|| hall.table.server.stats().calls_of_players == 1).await;
        let server = hall.table.server.clone();
        let shutdown = tokio::spawn(async move { server.shutdown(Duration::from_secs(30)).await });
        until(|| refuses_connections(&hall)).await;
        assert!(hall.try_enter("bob").await.is_err());
        hall.gate.0.notify_waiters();
        assert_eq!(waiting.await.expect("a task"), Ok(7));
        shutdown.await.expect("a task");
        assert_eq!(told(&ann).await.code, CloseCode::Shutdown);
        assert_eq!(hall.sessions(), 0);
    }

    async fn shutdown_waits_no_longer_than_its_grace(over: Over) {
        let hall = hall(over).await;
        let (ann, _) = hall.enter("ann").await;
        let waiting = tokio::spawn({
            let ann = ann.clone();
            async move { ann.wait().await }
        });
        until(|| hall.table.server.stats().calls_of_players == 1).await;
        hall.table.server.shutdown(Duration::from_millis(50)).await;
        assert_eq!(waiting.await.expect("a task"), Err(CallError::Indeterminate));
        assert_eq!(told(&ann).await.code, CloseCode::Shutdown);
    }

    async fn shutdown_does_not_wait_for_who_is_still_at_the_door(over: Over) {
        let hall = hall(over).await;
        let (_ann, _) = hall.enter("ann").await;
        let silent = Silent::knocks(&hall).await;
        until(|| hall.table.server.stats().logins_pending == 1).await;
        let start = Instant::now();
        hall.table.server.shutdown(Duration::from_secs(30)).await;
        assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
        drop(silent);
    }

    async fn dropping_the_last_handle_closes_every_session(over: Over) {
        let hall = hall(over).await;
        let (ann, _) = hall.enter("ann").await;
        let (bob, _) = hall.enter("bob").await;
        let player = hall.player("ann");
        drop(hall);
        assert_eq!((told(&ann).await.code, told(&bob).await.code), (CloseCode::Shutdown, CloseCode::Shutdown));
        player.session().ended().await;
        assert!(player.ask(1).await.is_err());
    }

    async fn connections_that_come_and_go_leave_the_accept_loop_running(over: Over) {
        let hall = hall(over).await;
        for n in 0..300 {
            let silent = Silent::knocks(&hall).await;
            if n % 2 == 0 {
                silent.resets();
            }
        }
        let (ann, _) = hall.enter("ann").await;
        assert_eq!(ann.sum(2, 3).await, Ok(5));
        until(|| hall.table.server.stats().logins_pending == 0).await;
        assert_eq!(hall.table.server.stats().accept_errors, 0);
    }
}

/// A connection that says nothing.
enum Silent {
    Tcp(TcpStream),
    Memory(#[expect(dead_code, reason = "held open")] DuplexStream),
}

impl Silent {
    async fn knocks(hall: &crate::hall::Place) -> Self {
        let server = &hall.table.server;
        match server.local_addr() {
            Some(address) => Self::Tcp(TcpStream::connect(address).await.expect("a connection")),
            None => Self::Memory(server.dialer().connect().await.expect("a connection")),
        }
    }

    /// Goes with a reset instead of an end.
    fn resets(self) {
        if let Self::Tcp(stream) = self {
            stream.set_zero_linger().expect("a socket");
        }
    }
}

fn refuses_connections(hall: &crate::hall::Place) -> bool {
    match hall.table.server.local_addr() {
        Some(address) => std::net::TcpStream::connect(address).is_err(),
        None => hall.table.server.stats().calls_of_players == 1,
    }
}

#[tokio::test]
async fn a_client_whose_server_is_nowhere_says_where() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a listener");
    let address = listener.local_addr().expect("an address").to_string();
    drop(listener);
    let config = ClientConfig::new(&address, "ann").expect("a uid");
    let error = Client::connect(config).await.map(drop).unwrap_err();
    assert!(matches!(&error, ConnectError::Address { address: named, .. } if *named == address), "{error}");
}
