//! The game behind the example and the tests: a lobby with calls of every kind.

use farcall_protocol::{Message, Uid, contract, contracts};
use farcall_server::{Admission, BindError, Context, Refusal, Server, ServerConfig, State, States, route};
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
    /// Who the server takes you for.
    async fn whoami() -> Uid;
    /// Asks the player who calls it whether it is ready, and answers what it says.
    async fn ask_me() -> Result<bool, String>;
    /// Never answers.
    async fn hang();
    /// Panics.
    async fn panic();
    /// Closes the caller's session.
    async fn kick_me();
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

/// The server, for handlers that call players. Empty until it runs.
type Slot = std::sync::OnceLock<Server>;

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
    let rank = |name: &str, wins, team: Option<&str>| {
        Some(Rank { player: Uid::new(name).ok()?, wins, team: team.map(str::to_owned) })
    };
    [rank("ann", 12, Some("The Unreasonably Long Names")), rank("bob", 9, None), rank("é\u{1b}[2J", 1, None)]
        .into_iter()
        .flatten()
        .collect()
}

#[route(Lobby::whoami)]
fn whoami(ctx: Context) -> Uid {
    ctx.uid().clone()
}

#[route(Lobby::ask_me)]
async fn ask_me(ctx: Context) -> Result<bool, String> {
    ctx.peer().ready_check(3).await.map_err(|error| error.to_string())
}

#[route(Lobby::hang)]
async fn hang() {
    std::future::pending().await
}

#[route(Lobby::panic)]
#[allow(clippy::panic, reason = "what it is for")]
fn panic() {
    panic!("on purpose")
}

#[route(Lobby::kick_me)]
fn kick_me(ctx: Context, server: State<Slot>) {
    if let Some(server) = server.get() {
        server.kick(ctx.uid(), "as you wish");
    }
}

#[route(Lobby::steer)]
fn steer(_dx: f32, _dy: f32) {}

#[route(Lobby::chat)]
fn chat(ctx: Context, server: State<Slot>, text: String) {
    if let Some(server) = server.get() {
        server.everyone().chat(ChatLine { from: ctx.uid().clone(), text });
    }
}

/// Starts it. `open` tells its routes and lets anybody in; else players need the token `sesame`.
///
/// # Errors
/// When it cannot listen there.
pub async fn start(address: &str, open: bool) -> Result<Server, BindError> {
    let slot = std::sync::Arc::new(Slot::new());
    let config = ServerConfig {
        address: address.to_owned(),
        serves: contracts![Lobby],
        calls: contracts![Player],
        introspection: open,
        states: States::new().with_shared(slot.clone()),
        ..ServerConfig::default()
    };
    let admission = if open {
        Admission::anonymous()
    } else {
        Admission::new(|arrival| async move {
            match arrival.bearer.as_deref() {
                Some("sesame") if arrival.build >= 2 => Ok(arrival.uid),
                Some("sesame") => Err(Refusal::UpdateRequired {
                    message: "build 2 or newer".into(),
                    url: "https://game.example/update".into(),
                }),
                _ => Err(Refusal::unauthorized("no such token")),
            }
        })
    };
    let server = Server::bind(config, admission).await?;
    let _ = slot.set(server.clone());
    Ok(server)
}
