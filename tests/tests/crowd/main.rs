//! Many sessions with many calls in flight at once, both ways, over TCP: each call completes once, with its own
//! answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use farcall_client::{Client, ClientConfig, Limits};
use farcall_protocol::{contract, contracts};
use farcall_server::{Admission, Player, ServerConfig, State, States, route};
use farcall_tests::waiting::until;
use farcall_tests::{Over, Table};
use futures_util::future::join_all;
use tokio::sync::Semaphore;

/// What players call on the server.
#[contract(served_by = server)]
pub trait Crowd {
    /// Doubles, when everybody has asked.
    async fn double(n: u64) -> u64;
}

/// What the server calls on players.
#[contract(served_by = client)]
pub trait Face {
    /// Adds one, when everybody has been asked.
    async fn next(n: u64) -> u64;
}

/// Holds every handler back until all calls are in flight, and counts how often each kind ran.
#[derive(Debug, Clone)]
struct Hold {
    open: Arc<Semaphore>,
    arrived: Arc<AtomicUsize>,
}

impl Hold {
    async fn pass(&self) {
        self.arrived.fetch_add(1, Ordering::SeqCst);
        let _passing = self.open.acquire().await;
    }
}

#[route(Crowd::double)]
async fn double(hold: State<Hold>, n: u64) -> u64 {
    hold.pass().await;
    n * 2
}

#[route(Face::next)]
async fn next(hold: State<Hold>, n: u64) -> u64 {
    hold.pass().await;
    n + 1
}

const CALLS_EACH_WAY: usize = 50;

/// FARCALL_CROWD scales it on machines with few descriptors; each session takes two.
fn sessions() -> usize {
    std::env::var("FARCALL_CROWD").ok().and_then(|text| text.parse().ok()).unwrap_or(1_000)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_thousand_calls_in_flight_complete_once_each() {
    let hold = Hold { open: Arc::new(Semaphore::new(0)), arrived: Arc::default() };
    let limits = Limits { deadline_default: Duration::from_secs(100), ..Limits::default() };
    let config = ServerConfig {
        serves: contracts![Crowd],
        states: States::new().with(hold.clone()),
        limits: limits.clone(),
        ..ServerConfig::default()
    };
    let table = Table::start(Over::Tcp, config, Admission::anonymous()).await;
    let clients: Vec<Client> = join_all((0..sessions()).map(|n| {
        let states = States::new().with(hold.clone());
        let player = table.player(&format!("p{n}"));
        table.connect(ClientConfig { serves: contracts![Face], states, limits: limits.clone(), ..player })
    }))
    .await
    .into_iter()
    .map(|client| client.expect("a login"))
    .collect();
    let all = sessions() * CALLS_EACH_WAY * 2;

    let asked: Vec<_> = clients.iter().enumerate().map(|(n, client)| ask(&table, n, client)).collect();
    until(|| hold.arrived.load(Ordering::SeqCst) == all).await;
    let stats = table.server.stats();
    assert_eq!(stats.calls_to_players + stats.calls_of_players, all as u64, "all are in flight at once");
    hold.open.add_permits(all);
    let mut answered = 0;
    for task in asked {
        answered += task.await.expect("a task");
    }
    assert_eq!(
        (answered, hold.arrived.load(Ordering::SeqCst)),
        (all, all),
        "each ran once and was answered once"
    );
    until(|| table.server.stats().calls_to_players + table.server.stats().calls_of_players == 0).await;
    assert!(clients.iter().all(|client| client.session().slots_used() == 0));
}

/// Makes one session's calls both ways, each with a number of its own, and checks every answer.
fn ask(table: &Table, session: usize, client: &Client) -> tokio::task::JoinHandle<usize> {
    let player: Player = table.server.player(format!("p{session}")).expect("a player");
    let client = client.clone();
    let first = (session * CALLS_EACH_WAY) as u64;
    let numbers = move || first..first + CALLS_EACH_WAY as u64;
    tokio::spawn(async move {
        let up = join_all(numbers().map(|n| client.double(n)));
        let down = join_all(numbers().map(|n| player.next(n)));
        let (up, down) = tokio::join!(up, down);
        let right = |n: u64| (Ok(n * 2), Ok(n + 1));
        for (n, answers) in numbers().zip(up.into_iter().zip(down)) {
            assert_eq!(answers, right(n));
        }
        CALLS_EACH_WAY * 2
    })
}
