//! The game that is attacked: a server, a canary that plays on it, and what must be so when an attack is over.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use farcall_client::{Client, Limits};
use farcall_protocol::contracts;
use farcall_server::{Admission, ServerConfig, States, Stats};
use farcall_tests::waiting::{count_panics, panics, until};
use farcall_tests::{Over, Table};
use tokio::net::TcpStream;

use crate::raw::Raw;
use crate::yard::{Running, Yard};

/// The server and its canary.
pub struct Game {
    pub table: Table,
    pub running: Running,
    pub canary: Client,
    over: Over,
    before: Stats,
}

/// A game with default limits.
pub async fn game(over: Over) -> Game {
    Game::new(over, Limits::default(), Admission::anonymous()).await
}

impl Game {
    pub async fn new(over: Over, limits: Limits, admission: Admission) -> Self {
        let config = ServerConfig { limits, ..ServerConfig::default() };
        Self::with(over, config, admission).await
    }

    pub async fn with(over: Over, config: ServerConfig, admission: Admission) -> Self {
        count_panics();
        let running = Running::default();
        let config =
            ServerConfig { serves: contracts![Yard], states: States::new().with(running.clone()), ..config };
        let table = Table::start(over, config, admission).await;
        let canary = table.connect(table.player("canary")).await.expect("the canary's login");
        until(|| table.server.stats().bytes_held == 0).await;
        let before = lasting(table.server.stats());
        Self { table, running, canary, over, before }
    }

    /// Somebody connects who has not said anything yet.
    pub async fn stranger(&self) -> Raw {
        match self.over {
            Over::Tcp => {
                let address = self.table.server.local_addr().expect("an address");
                let stream = TcpStream::connect(address).await.expect("a connection");
                stream.set_nodelay(true).expect("a socket");
                Raw::new(stream)
            }
            Over::Memory => Raw::new(self.table.server.dialer().connect().await.expect("a connection")),
        }
    }

    /// Somebody connects and logs in.
    pub async fn player(&self, uid: &str) -> Raw {
        let mut raw = self.stranger().await;
        raw.log_in(uid).await;
        raw
    }

    /// The canary's calls are answered.
    pub async fn goes_on(&self) {
        assert_eq!(self.canary.sum(2, 3).await, Ok(5));
    }

    /// The attack has left nothing behind.
    pub async fn is_as_before(&self) {
        self.goes_on().await;
        until(|| lasting(self.table.server.stats()) == self.before && self.running.now() == 0).await;
        self.goes_on().await;
        assert_eq!(panics(), 0, "nothing a peer sends panics");
    }
}

/// What must return to what it was; the rest only counts up.
fn lasting(stats: Stats) -> Stats {
    Stats { accepted: 0, logins_failed: 0, closed: Vec::new(), ..stats }
}

/// Counts, shared.
#[derive(Debug, Clone, Default)]
pub struct Counter(Arc<AtomicUsize>);

impl Counter {
    pub fn add(&self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }

    pub fn sub(&self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }

    pub fn get(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }

    pub fn raise_to(&self, value: usize) {
        self.0.fetch_max(value, Ordering::SeqCst);
    }
}
