//! The client's side of Farcall: a session with a server, on which either side calls the other.
//!
//! # A client
//!
//! ```no_run
//! use farcall_client::{Client, ClientConfig, route};
//! use farcall_protocol::{contract, contracts};
//!
//! #[contract(served_by = server)]
//! trait Lobby {
//!     async fn sum(x: i64, y: i64) -> i64;
//!     #[notify(latest)]
//!     fn steer(dx: f32, dy: f32);
//! }
//!
//! #[contract(served_by = client)]
//! trait Player {
//!     async fn ready_check(game: u32) -> bool;
//! }
//!
//! /// What the server calls. An ordinary function, run when the call comes.
//! #[route(Player::ready_check)]
//! fn ready_check(game: u32) -> bool {
//!     game > 0
//! }
//!
//! # async fn connect() -> Result<(), Box<dyn std::error::Error>> {
//! let config = ClientConfig { serves: contracts![Player], ..ClientConfig::new("127.0.0.1:7000", "ann")? };
//! let server = Client::connect(config).await?;
//! assert_eq!(server.sum(2, 3).await?, 5);
//! server.sum(2, 3).then(|answer| println!("later: {answer:?}"));
//! server.steer(0.0, 1.0); // at once, no answer; a newer one replaces it
//! # Ok(()) }
//! ```
//!
//! # A lost connection
//!
//! [`Client::connect`] comes back by itself: calls in flight and messages of both sides arrive once and in order, as if
//! nothing had been. [`ServerSession::events`] says where it stands, [`Reconnect`] how it tries. When the session cannot be
//! had back, every pending call ends, honestly: `NotExecuted` where it certainly never ran, else `Indeterminate`.
//!
//! # A frame loop
//!
//! A handler whose first parameter is `&mut Game` runs only inside [`Client::poll`], on the thread that polls, in order;
//! `then_on_frame` gives callbacks the same, and [`Reply`] lets a handler answer many frames later. With [`Client::start`] a
//! game names no runtime at all.
//!
//! ```no_run
//! # use farcall_client::{Client, ClientConfig, Reply, route};
//! # use farcall_protocol::{contract, contracts};
//! # #[contract(served_by = server)] trait Lobby { async fn enqueue() -> u32; }
//! # #[contract(served_by = client)] trait Player { async fn ready_check(game: u32) -> bool; }
//! # use std::time::Duration;
//! #[derive(Default)]
//! struct Game {
//!     place: Option<u32>,
//!     asked: Option<Reply<bool>>,
//! }
//!
//! #[route(Player::ready_check)]
//! fn ready_check(game: &mut Game, reply: Reply<bool>, _game: u32) {
//!     game.asked = Some(reply); // answered when the player presses a key
//! }
//!
//! # fn play() -> Result<(), Box<dyn std::error::Error>> {
//! let config = ClientConfig { serves: contracts![Player], ..ClientConfig::new("127.0.0.1:7000", "ann")? };
//! let server = Client::start(config).wait()?;
//! server.enqueue().then_on_frame(|game: &mut Game, place| game.place = place.ok());
//! let mut game = Game::default();
//! while server.session().is_open() {
//!     server.poll(&mut game, Duration::from_millis(2))?;
//!     // .. keys, drawing, the rest of the frame
//! }
//! # Ok(()) }
//! ```
//! Here live: connecting and coming back, the handle to the server, events. Not here: what a session is (`farcall-protocol`),
//! how one runs over a connection (`farcall-link`).

mod access;
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
pub use reconnect::{FreshCredential, Reconnect};

/// What a handler on the client may take: until when it is wanted, and the way back to the server.
pub type Context = farcall_link::Context<farcall_protocol::ServedByServer>;

/// What the macros' expansions name. Not for people: it changes without notice.
#[doc(hidden)]
pub mod __private {
    pub use farcall_link::__private::*;
}
