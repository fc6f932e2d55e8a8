//! Sessions that survive their connections: whole servers and clients in memory, on virtual time, over a network that
//! fails on command. Each test is `start_paused = true` except the one over real sockets, whose handler works 5 ms.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

mod again;
mod coming_back;
mod last_words;
mod not_coming_back;
mod sweep;
mod takeover;
mod thieves;
mod unpolled;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use farcall_client::route as client_route;
use farcall_client::{Client, ClientConfig, ClientEvent, Notified, Reconnect};
use farcall_protocol::{contract, contracts};
use farcall_server::{CloseCode, Context, Limits, State, States, route};
use farcall_tests::faults::{Network, Towards};
use farcall_tests::kept::Kept;
use farcall_tests::waiting::until;
use farcall_tests::{TestPlayer, TestServer};

#[contract(served_by = server)]
trait Lobby {
    /// Notes the number and answers it after so long.
    async fn slow(number: u32, ms: u64) -> u32;
    /// Notes the number.
    #[notify]
    fn note(number: u32);
    /// Notes the newest number.
    #[notify(latest)]
    fn steer(number: u32);
    /// Asks the player back.
    async fn ask_me(number: u32) -> u32;
}

#[contract(served_by = client)]
trait Player {
    async fn asked(number: u32) -> u32;
    #[notify]
    fn told(number: u32);
    #[notify(latest)]
    fn shown(number: u32);
}

/// What the server's handlers have seen, in order.
type Notes = Kept<u32>;

#[route(Lobby::slow)]
async fn slow(notes: State<Notes>, number: u32, ms: u64) -> u32 {
    notes.add(number);
    tokio::time::sleep(Duration::from_millis(ms)).await;
    number
}

#[route(Lobby::note)]
fn note(notes: State<Notes>, number: u32) {
    notes.add(number);
}

#[route(Lobby::steer)]
fn steer(notes: State<Notes>, number: u32) {
    notes.add(number);
}

#[route(Lobby::ask_me)]
async fn ask_me(ctx: Context, number: u32) -> u32 {
    ctx.peer().asked(number).await.unwrap_or(0)
}

const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// A server, what its handlers note, and the way to it.
async fn game() -> (TestServer, Notes, Network) {
    game_with(|_| ()).await
}

async fn game_with(limits: impl FnOnce(&mut Limits)) -> (TestServer, Notes, Network) {
    let notes = Notes::default();
    let game = TestServer::new(contracts![Lobby]).states(States::new().with(notes.clone()));
    let game = game.configured(|config| limits(&mut config.limits));
    let network = Network::to(game.server().await);
    (game, notes, network)
}
