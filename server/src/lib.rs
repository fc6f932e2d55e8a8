//! The server's side of Farcall: players connect, are let in by [`Admission`], and from then on either side calls
//! the other.
//!
//! # A server
//!
//! Contracts stand in the game's shared crate; a handler is a function with [`#[route]`](macro@route). It takes what it needs by
//! type, in any order, and then the contract's arguments: a [`Context`] (who calls, until when, the way back), [`State<T>`]
//! (what the game gave the configuration), [`Session<T>`] (what admission made for this session), the [`Server`] itself. What
//! is linked is not served: `serves` says what is.
//!
//! ```no_run
//! use farcall_protocol::{contract, contracts};
//! use farcall_server::{Admission, Context, Server, ServerConfig, State, States, route};
//!
//! #[contract(served_by = server)]
//! trait Lobby {
//!     async fn enqueue() -> Result<u32, String>;
//! }
//!
//! #[contract(served_by = client)]
//! trait Player {
//!     async fn ready_check(game: u32) -> bool;
//!     #[notify]
//!     fn chat(line: String);
//! }
//!
//! #[derive(Default)]
//! struct Queue(std::sync::Mutex<Vec<farcall_server::Uid>>);
//!
//! #[route(Lobby::enqueue)]
//! fn enqueue(ctx: Context, queue: State<Queue>) -> Result<u32, String> {
//!     let mut waiting = queue.0.lock().map_err(|_| "out of order")?;
//!     waiting.push(ctx.uid().clone());
//!     Ok(waiting.len() as u32)
//! }
//!
//! # async fn start() -> Result<(), Box<dyn std::error::Error>> {
//! let config = ServerConfig {
//!     serves: contracts![Lobby],
//!     states: States::new().with(Queue::default()),
//!     ..ServerConfig::default()
//! };
//! let server = Server::bind(config, Admission::anonymous()).await?;
//!
//! // A player, wherever: called like a function, and awaited.
//! # use std::time::Duration;
//! let ready = server.player("ann")?.ready_check(7).within(Duration::from_secs(10)).await?;
//!
//! // Many: a message is encoded once; a call gives each member's answer as it comes.
//! let room = server.group("room:7");
//! room.members().add("ann")?;
//! room.chat("welcome");
//! let mut answers = room.ready_check(7).within(Duration::from_secs(10));
//! while let Some((uid, answer)) = answers.next().await {
//!     println!("{uid}: {answer:?}");
//! }
//!
//! server.shutdown(Duration::from_secs(5)).await;
//! # Ok(()) }
//! ```
//!
//! # Who may enter, and what a session carries
//!
//! Admission asks two questions apart. *Who* is this: [`Admission::new`] with the game's own function, a shared key, or
//! nobody asked. *What* does the session carry: [`Admission::session`] loads it when it is proved who the player is and nothing
//! of the player's previous session is left; [`Admission::closed`] gets it back to save. Between the two a session may lose
//! its connection and get another ([`Admission::changed`]); calls and messages wait meanwhile.
//!
//! ```no_run
//! use farcall_server::{Admission, Arrival, Refusal};
//! # struct Save; async fn load(_: &str) -> Save { Save } async fn store(_: &Save) {}
//! let admission = Admission::new(|arrival: Arrival| async move {
//!     if arrival.build < 40 {
//!         return Err(Refusal::UpdateRequired { message: "too old".into(), url: "https://example.org".into() });
//!     }
//!     Ok(arrival.uid)
//! })
//! .session(|arrival| async move { Ok(load(arrival.uid.as_str()).await) })
//! .closed(|ended| async move { store(&ended.session).await });
//! # let _ = admission;
//! ```
//!
//! # Errors
//!
//! A call ends as `Result<T, CallError<E>>`: [`CallError::Handler`] has the handler's own error; of every other ending
//! `may_retry()` and `may_have_run()` say what one needs to know. A handler that returns [`Failure<E>`] may use `?` on
//! anything: the source is logged here, and the caller gets a reference to it.
//!
//! # A game's own loop
//!
//! A handler whose first parameter is `&mut World` runs only inside [`Server::poll`], on the thread that polls, in order.
//! One that takes [`Reply<R>`] answers later, from anywhere.
//!
//! # Threads
//!
//! Sessions run on the runtime within which the server is made, or on threads of the server's own: [`Threads`].
//!
//! Here live: accepting connections, admission, the maps from uid and session to who is here, groups, shutdown, stats. Not
//! here: what a session is (`farcall-protocol`), how one runs over a connection (`farcall-link`).

mod accept;
mod admission;
mod config;
mod entrance;
mod graves;
mod group;
mod hooks;
mod janitor;
mod listen;
mod players;
mod seat;
mod server;
mod stats;
mod threads;

pub use admission::{Admission, Arrival, Closed};
pub use config::{BindError, DuplicateLogin, ServerConfig};
pub use farcall_link::{
    Address, Bare, Call, Detached, PollError, Polled, RawAnswer, RawCall, Reply, Routes, Session,
    SessionEvent, SessionHandle, StartError, State, States,
};
pub use farcall_macros::server_route as route;
pub use farcall_protocol::handshake::Refusal;
pub use farcall_protocol::{
    CallError, CloseCode, CloseReason, Failed, Failure, Limits, NotExecuted, Notified, Side, Uid, contracts,
};
pub use group::{Everyone, FanOut, Gather, Group, GroupExcept, Members};
pub use players::Offline;
pub use server::Server;
pub use stats::Stats;
pub use threads::Threads;

/// A player's session as the server sees it: contracts served by the client are called on it.
pub type Player = farcall_link::Peer<farcall_protocol::ServedByClient>;
/// What a handler on the server may take: who calls, until when, and the way back.
pub type Context = farcall_link::Context<farcall_protocol::ServedByClient>;

/// What the macros' expansions name. Not for people: it changes without notice.
#[doc(hidden)]
pub mod __private {
    pub use farcall_link::__private::*;
}
