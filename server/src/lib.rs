//! The server's side of Farcall: players connect, are let in by [`Admission`], and from then on either side calls
//! the other.
//!
//! ```no_run
//! use farcall_protocol::{contract, contracts};
//! use farcall_server::{Admission, Server, ServerConfig, route};
//!
//! #[contract(served_by = server)]
//! trait Lobby {
//!     async fn sum(x: i64, y: i64) -> i64;
//! }
//!
//! #[route(Lobby::sum)]
//! fn sum(x: i64, y: i64) -> i64 {
//!     x + y
//! }
//!
//! # async fn start() -> Result<(), farcall_server::BindError> {
//! let config = ServerConfig { serves: contracts![Lobby], ..ServerConfig::default() };
//! let server = Server::bind(config, Admission::anonymous()).await?;
//! println!("players may connect to {:?}", server.local_addr());
//! # Ok(()) }
//! ```
//! Here live: accepting connections, admission, the map from uid to sessions (the only one), groups, shutdown,
//! stats. Not here: what a session is (`farcall-protocol`), how one runs over a connection (`farcall-link`).

mod accept;
mod admission;
mod config;
mod entrance;
mod graves;
mod group;
mod hooks;
mod players;
mod seat;
mod server;
mod stats;

pub use admission::{Admission, Arrival, Closed};
pub use config::{DuplicateLogin, ServerConfig};
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
pub use server::{BindError, Server};
pub use stats::Stats;

/// A player's session as the server sees it: contracts served by the client are called on it.
pub type Player = farcall_link::Peer<farcall_protocol::ServedByClient>;
/// What a handler on the server may take: who calls, until when, and the way back.
pub type Context = farcall_link::Context<farcall_protocol::ServedByClient>;

/// What the macros' expansions name. Not for people: it changes without notice.
#[doc(hidden)]
pub mod __private {
    pub use farcall_link::__private::*;
}
