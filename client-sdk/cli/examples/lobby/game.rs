//! The game behind the example and the tests: a lobby where players queue for matches and talk.

use std::time::Duration;

use farcall_protocol::{Message, Uid, contract, contracts};
use farcall_server::{Context, Server, ServerConfig, route};
use serde::{Deserialize, Serialize};

/// How to play.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Message)]
pub enum Mode {
    /// Two players.
    Duel,
    /// Teams.
    Team {
        /// Players a side.
        size: u8,
    },
}

/// A place in the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Message)]
pub struct Ticket(pub u32);

/// Why there is no place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Message)]
pub enum EnqueueError {
    /// So many wait already.
    Full {
        /// How many.
        waiting: u32,
    },
}

/// A line of chat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Message)]
pub struct ChatLine {
    /// Who says it.
    pub from: Uid,
    /// What.
    pub text: String,
}

/// A line of the leaderboard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Message)]
pub struct Rank {
    /// Who.
    pub player: Uid,
    /// Matches won.
    pub wins: u32,
    /// Unless they play alone.
    pub team: Option<String>,
}

/// What players call on the server.
#[contract(served_by = server)]
pub trait Lobby {
    /// Adds two numbers.
    async fn sum(x: i64, y: i64) -> i64;
    /// Enters the queue for a match.
    ///
    /// A duel is never full.
    async fn enqueue(mode: Mode) -> Result<Ticket, EnqueueError>;
    /// The best players, best first.
    async fn leaderboard() -> Vec<Rank>;
    /// Steering: a newer one replaces an unsent older one.
    #[notify(latest)]
    fn steer(dx: f32, dy: f32);
    /// Says something to everybody.
    #[notify]
    fn chat(text: String);
}

/// What the server calls on its players.
#[contract(served_by = client)]
pub trait Player {
    /// A match is found: are you there?
    async fn ready_check(game: u32) -> bool;
    /// Somebody said something.
    #[notify]
    fn chat(line: ChatLine);
}

#[route(Lobby::sum)]
fn sum(x: i64, y: i64) -> i64 {
    x.wrapping_add(y)
}

#[route(Lobby::enqueue)]
fn enqueue(mode: Mode) -> Result<Ticket, EnqueueError> {
    match mode {
        Mode::Duel => Ok(Ticket(7)),
        Mode::Team { size } => Err(EnqueueError::Full { waiting: size.into() }),
    }
}

#[route(Lobby::leaderboard)]
fn leaderboard() -> Vec<Rank> {
    let rank = |name, wins, team: Option<&str>| {
        Some(Rank { player: Uid::new(name).ok()?, wins, team: team.map(str::to_owned) })
    };
    let best = [rank("ann", 12, Some("The Unreasonably Long Names")), rank("bob", 9, None)];
    best.into_iter().flatten().collect()
}

#[route(Lobby::steer)]
fn steer(_dx: f32, _dy: f32) {}

#[route(Lobby::chat)]
fn chat(ctx: Context, server: Server, text: String) {
    server.everyone().chat(ChatLine { from: ctx.uid().clone(), text });
}

/// A lobby at that address which tells its routes.
pub fn config(address: &str) -> ServerConfig {
    ServerConfig {
        address: address.to_owned(),
        serves: contracts![Lobby],
        calls: contracts![Player],
        introspection: true,
        ..ServerConfig::default()
    }
}

/// Says hello to everybody, and asks who is ready. Gives those who answered.
pub async fn greet_everyone(server: &Server) -> Vec<(Uid, bool)> {
    if let Ok(from) = Uid::new("server") {
        server.everyone().chat(ChatLine { from, text: "welcome".into() });
    }
    let asked = server.everyone().ready_check(3).within(Duration::from_millis(300)).await;
    asked.into_iter().filter_map(|(uid, ready)| Some((uid, ready.ok()?))).collect()
}
