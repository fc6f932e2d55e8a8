//! Work for a game's own loop, end to end and in memory: frame handlers, late replies, callbacks on the frame; and
//! what else a game keeps between calls: session data, service objects, failures that are nobody's business.

mod bag;
mod frame;
mod handlers;
mod idle;
mod internal;
mod replies;
mod server_loop;
mod service;

use std::sync::mpsc::{Receiver, Sender};
use std::thread::ThreadId;
use std::time::Duration;

use farcall_client::{Client, ClientConfig, Reply};
use farcall_protocol::{Uid, contract, contracts};
use farcall_server::{Admission, Limits, Player, ServerConfig};
use farcall_tests::{Over, Table};

/// What the server calls on a player.
#[contract(served_by = client)]
pub trait Screen {
    /// A match is found: are you there? A person answers.
    async fn ready_check(game: u32) -> bool;
    /// Adds points, on the frame.
    async fn score(points: u32) -> u32;
    /// Panics, on the frame.
    async fn crash() -> u32;
    /// Panics with the reply in its hands.
    async fn crash_replying() -> u32;
    /// Holds the frame until the test lets it go.
    async fn hold() -> u32;
    /// Answers at once, on no frame.
    async fn ping() -> u32;
    /// Something happened.
    #[notify]
    fn event(number: u64);
    /// Something happened that takes a tenth of a millisecond to handle.
    #[notify]
    fn work(number: u64);
    /// The newest state.
    #[notify(latest)]
    fn snapshot(tick: u64);
}

/// What players call on the server.
#[contract(served_by = server)]
pub trait Field {
    /// Doubles, at once.
    async fn double(number: u32) -> u32;
    /// Takes the next place in the world, on the world's own loop.
    async fn join() -> u32;
    /// Moves, on the world's own loop.
    #[notify]
    fn step(number: u64);
    /// Answered by whoever holds the questions.
    async fn ask(question: String) -> Result<String, u8>;
}

/// A player's game: what its loop owns.
#[derive(Debug, Default)]
pub struct Game {
    /// Points scored.
    pub points: u32,
    /// What happened, in order.
    pub events: Vec<u64>,
    /// The states seen.
    pub snapshots: Vec<u64>,
    /// Questions to the person at the screen.
    pub popups: Vec<(u32, Reply<bool>)>,
    /// Where handlers ran.
    pub threads: Vec<ThreadId>,
    /// Tells the test that `hold` has the frame, and waits for it.
    pub gate: Option<(Sender<()>, Receiver<()>)>,
}

/// The server's world.
#[derive(Debug, Default)]
pub struct World {
    /// Who has joined.
    pub joined: Vec<Uid>,
    /// Who stepped where.
    pub steps: Vec<(Uid, u64)>,
}

/// More than any test needs at once.
pub const BUDGET: Duration = Duration::from_secs(10);

/// A server that serves `Field`.
pub async fn field(limits: Limits) -> (Table, handlers::Questions) {
    let questions = handlers::Questions::default();
    let config = ServerConfig {
        serves: contracts![Field],
        states: farcall_server::States::new().with(questions.clone()),
        limits,
        ..ServerConfig::default()
    };
    (Table::start(Over::Memory, config, Admission::anonymous()).await, questions)
}

/// A player's configuration, serving `Screen`.
pub fn screen(table: &Table, uid: &str, limits: Limits) -> ClientConfig {
    ClientConfig { serves: contracts![Screen], limits, ..table.player(uid) }
}

/// A field with one player: the table, the player's own end, and the player as the server sees it.
pub async fn ann(limits: Limits) -> (Table, Client, Player) {
    let (table, _) = field(limits.clone()).await;
    let client = table.connect(screen(&table, "ann", limits)).await.expect("a login");
    let player = table.server.player("ann").expect("a player");
    (table, client, player)
}

/// Makes a call and leaves it to itself; its outcome comes from the task.
pub fn asked<R: Send + 'static>(
    call: impl Future<Output = R> + Send + 'static,
) -> tokio::task::JoinHandle<R> {
    tokio::spawn(call)
}

/// Waits until everything that the server has sent so far has arrived: handlers start in arrival order.
pub async fn arrived(player: &Player) {
    assert_eq!(player.ping().await, Ok(7));
}
