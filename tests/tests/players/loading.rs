//! Making what a session carries may fail, panic or hang: that login is refused, nothing of it is left, and the next
//! one is let in.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use farcall_client::{ClientConfig, CloseCode, ConnectError};
use farcall_protocol::{contract, contracts};
use farcall_server::{Admission, Limits, Refusal, ServerConfig, Session, Stats, route};
use farcall_tests::waiting::{count_panics, panics, until};
use farcall_tests::{Over, Table, over_both_transports};
use tokio::time::Instant;

use crate::hall::refused_with;

/// What players call here.
#[contract(served_by = server)]
pub trait Vault {
    /// How many came before, as this session knows it.
    async fn visit() -> u64;
}

/// What a session carries: how many sessions there were before it.
struct Visits(u64);

#[route(Vault::visit)]
fn visit(visits: Session<Visits>) -> u64 {
    visits.0
}

/// What was loaded, and what was given back.
#[derive(Debug, Clone, Default)]
struct Counts {
    loaded: Arc<AtomicUsize>,
    closed: Arc<AtomicUsize>,
}

impl Counts {
    fn both(&self) -> (usize, usize) {
        (self.loaded.load(Ordering::SeqCst), self.closed.load(Ordering::SeqCst))
    }
}

/// A server whose first loads go wrong, each in its own way.
async fn vault(over: Over) -> (Table, Counts) {
    count_panics();
    let (counts, tries) = (Counts::default(), Arc::new(AtomicUsize::new(0)));
    let (loaded, closed) = (counts.loaded.clone(), counts.closed.clone());
    let admission = Admission::anonymous()
        .session(move |_| {
            let (nth, loaded) = (tries.fetch_add(1, Ordering::SeqCst), loaded.clone());
            assert!(nth != 0, "on purpose, before the load awaits");
            async move {
                tokio::task::yield_now().await;
                match nth {
                    1 => panic!("on purpose, in the load"),
                    2 => return Err(Refusal::because("no such save")),
                    3 => std::future::pending().await,
                    _ => {}
                }
                Ok(Visits(loaded.fetch_add(1, Ordering::SeqCst) as u64))
            }
        })
        .closed(move |_| {
            closed.fetch_add(1, Ordering::SeqCst);
            async {}
        });
    let limits = Limits { login_timeout: Duration::from_millis(300), ..Limits::default() };
    let config = ServerConfig { serves: contracts![Vault], limits, ..ServerConfig::default() };
    (Table::start(over, config, admission).await, counts)
}

/// A player more patient than the server.
fn ann(table: &Table) -> ClientConfig {
    let limits = Limits { login_timeout: Duration::from_secs(60), ..Limits::default() };
    ClientConfig { limits, ..table.player("ann") }
}

async fn refusal(table: &Table) -> ConnectError {
    table.connect(ann(table)).await.map(drop).unwrap_err()
}

over_both_transports! {
    async fn a_load_that_fails_panics_or_hangs_refuses_its_login_and_nothing_else(over: Over) {
        let (table, counts) = vault(over).await;
        assert_eq!(refused_with(refusal(&table).await), CloseCode::Refused);
        assert_eq!(refused_with(refusal(&table).await), CloseCode::Refused);
        let refused = refusal(&table).await;
        assert!(refused.to_string().contains("no such save"), "{refused}");
        let start = Instant::now();
        assert_eq!(refused_with(refusal(&table).await), CloseCode::Busy);
        assert!(start.elapsed() >= Duration::from_millis(300));
        assert_eq!(counts.both(), (0, 0), "there was no session, and none was given back");
        let nothing_left = |stats: Stats| (stats.sessions, stats.players, stats.logins_failed) == (0, 0, 4);
        until(|| nothing_left(table.server.stats())).await;

        let ann = table.connect(ann(&table)).await.unwrap();
        assert_eq!(ann.visit().await, Ok(0));
        ann.session().leave().await;
        until(|| counts.both() == (1, 1)).await;
        assert_eq!(panics(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_load_that_hangs_keeps_out_neither_others_nor_the_same_player_for_ever() {
    let admission = Admission::anonymous().session(|arrival| async move {
        if arrival.build == 0 { std::future::pending().await } else { Ok(Visits(7)) }
    });
    let config = ServerConfig { serves: contracts![Vault], ..ServerConfig::default() };
    let table = Table::start(Over::Memory, config, admission).await;
    let patient = || Limits { login_timeout: Duration::from_secs(60), ..Limits::default() };
    let config = |uid, build| ClientConfig { limits: patient(), build, ..table.player(uid) };
    let start = Instant::now();
    let (hangs, behind, other) = tokio::join!(
        table.connect(config("ann", 0)),
        async {
            until(|| table.server.stats().logins_pending == 1).await;
            table.connect(config("ann", 1)).await
        },
        async {
            let bob = table.connect(config("bob", 1)).await.unwrap();
            (bob.visit().await, start.elapsed())
        },
    );
    assert_eq!(other.0, Ok(7));
    assert!(other.1 < Duration::from_secs(1), "{:?}", other.1);
    assert_eq!(refused_with(hangs.map(drop).unwrap_err()), CloseCode::Busy);
    // Whoever waited at the same door was told to come again, or got in behind.
    if let Err(error) = behind {
        assert_eq!(refused_with(error), CloseCode::Busy);
    }
    assert!(start.elapsed() < Duration::from_secs(11), "{:?}", start.elapsed());
    let ann = table.connect(config("ann", 1)).await.unwrap();
    assert_eq!(ann.visit().await, Ok(7));
}
