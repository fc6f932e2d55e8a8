//! The player's side of Farcall: connect, call the server, and be called by it.
//!
//! ```no_run
//! use farcall_client::{Client, ClientConfig, route};
//! use farcall_protocol::{contract, contracts};
//!
//! #[contract(served_by = server)]
//! trait Lobby {
//!     async fn sum(x: i64, y: i64) -> i64;
//! }
//!
//! #[contract(served_by = client)]
//! trait Player {
//!     async fn ready_check(game: u32) -> bool;
//! }
//!
//! #[route(Player::ready_check)]
//! fn ready_check(_game: u32) -> bool {
//!     true
//! }
//!
//! # async fn play() -> Result<(), Box<dyn std::error::Error>> {
//! let config = ClientConfig { serves: contracts![Player], ..ClientConfig::new("127.0.0.1:7000", "ann")? };
//! let client = Client::connect(config).await?;
//! assert_eq!(client.sum(2, 3).await?, 5);
//! # Ok(()) }
//! ```
//! Here live: connecting and the handle to the server. Not here: what a session is (`farcall-protocol`), how one
//! runs over a connection (`farcall-link`).

mod background;
mod client;
mod config;
mod events;
mod reconnect;

pub use background::Starting;
pub use client::{Client, ConnectError, ServerSession};
pub use config::ClientConfig;
pub use events::{ClientEvent, Events};
pub use farcall_link::{
    Address, Bare, Call, Detached, LoginFailed, PollError, Polled, RawAnswer, RawCall, Reply, Routes,
    SessionHandle, StartError, State, States, Transport,
};
pub use farcall_macros::client_route as route;
pub use farcall_protocol::codec::Codec;
pub use farcall_protocol::handshake::{Credential, LoginError, Refusal};
pub use farcall_protocol::{
    CallError, CloseCode, CloseReason, Failed, Failure, Limits, NotExecuted, Notified, Side, Uid, UidError,
    contracts,
};
pub use reconnect::Reconnect;

/// What a handler on the client may take: until when it is wanted, and the way back to the server.
pub type Context = farcall_link::Context<farcall_protocol::ServedByServer>;

/// What the macros' expansions name. Not for people: it changes without notice.
#[doc(hidden)]
pub mod __private {
    pub use farcall_link::__private::*;
}
