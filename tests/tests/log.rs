//! What hostile peers make the log say: one line for each, of bounded length, with the reason and never with what
//! they sent. Alone in its process: which lines are wanted at all is the process's to know.

#[path = "hostile/bytes.rs"]
#[allow(dead_code, reason = "not every frame is needed here")]
mod bytes;
#[path = "hostile/raw.rs"]
#[allow(dead_code, reason = "not every way to look is needed here")]
mod raw;

use farcall_protocol::{contract, contracts};
use farcall_server::{Admission, Refusal, ServerConfig, route};
use farcall_tests::log::Log;
use farcall_tests::waiting::until;
use farcall_tests::{Over, Table};
use tracing::Level;

use bytes::*;
use raw::Raw;

/// What players call.
#[contract(served_by = server)]
pub trait Yard {
    /// Adds two numbers.
    async fn sum(x: i64, y: i64) -> i64;
}

#[route(Yard::sum)]
fn sum(x: i64, y: i64) -> i64 {
    x.wrapping_add(y)
}

/// Longer than any line that a peer may cause.
const LINE_BYTES_MAX: usize = 600;
const SECRET: &str = "ey-a-token-nobody-may-read";

async fn yard() -> Table {
    let admission = Admission::new(|arrival| async move {
        match arrival.bearer {
            Some(_) => Err(Refusal::unauthorized("no such token")),
            None => Ok(arrival.uid),
        }
    });
    let config = ServerConfig { serves: contracts![Yard], ..ServerConfig::default() };
    Table::start(Over::Memory, config, admission).await
}

async fn stranger(table: &Table) -> Raw {
    Raw::new(table.server.dialer().connect().await.expect("a connection"))
}

#[tokio::test(start_paused = true)]
async fn every_hostile_peer_is_one_bounded_line() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt().with_max_level(Level::DEBUG).with_writer(log.clone());
    let _until_dropped = tracing::subscriber::set_default(subscriber.with_ansi(false).finish());
    let table = yard().await;
    log.take();
    let long = "x".repeat(4_000);

    // Before the login: one line, which says why.
    let before = [
        (b"GET / HTTP/1.1\r\nHost: game.example\r\n\r\n".to_vec(), "not Farcall's"),
        (vec![0xff; 4_000], "not Farcall's"),
        ([Hello::default().bytes(), frame(AUTH, 0, &[0; 5_000])].concat(), "larger than the limit"),
        ([Hello::default().bytes(), auth(BEARER, b"eve", SECRET.as_bytes())].concat(), "not authorized"),
        (frame(HELLO, 0, &[0; 4_095]), "not Farcall's"),
        ([login("eve"), vec![1]].concat(), "does not allow it"),
        (vec![], "login took"),
    ];
    for (bytes, why) in before {
        let mut eve = stranger(&table).await;
        eve.send(&bytes).await;
        assert!(eve.ending().await.is_some());
        until(|| log.has("no login")).await;
        let lines = log.take();
        assert_eq!(lines.len(), 1, "{lines:#?}");
        assert!(lines[0].contains("no login") && lines[0].contains(why), "{lines:#?}");
        assert!(lines[0].len() <= LINE_BYTES_MAX && !lines[0].contains(SECRET), "{lines:#?}");
    }

    // In a session: that it began, and why it ended.
    let within = [
        (vec![0xff; 4], "FrameTooLarge"),
        (frame(0xee, 0, long.as_bytes()), "UnknownFrame"),
        (result(id(7, 7), 0, long.as_bytes()), "UnknownCall"),
        (ack(u64::MAX, 0), "Diverged"),
        (ping(1, 1).repeat(1_000), "Flood"),
        (frame(CLOSE, 0, &[&[1, 0, 0x60, 0xea][..], &[b'y'; 60_000]].concat()), "Done"),
    ];
    for (bytes, code) in within {
        let mut eve = stranger(&table).await;
        eve.log_in("eve").await;
        eve.send(&bytes).await;
        eve.ending().await;
        until(|| log.has("closed") && table.server.stats().sessions == 0).await;
        let lines = log.take();
        assert_eq!(lines.len(), 2, "{code}: {lines:#?}");
        assert!(lines[0].contains("opened") && lines[1].contains(&format!("code=\"{code}\"")), "{lines:#?}");
        assert!(lines.iter().all(|line| line.len() <= LINE_BYTES_MAX && !line.contains(&long)), "{lines:#?}");
    }
}
