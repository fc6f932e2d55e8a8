//! Real sockets that fail: whole servers and clients over TCP, through the proxy that ends connections by FIN, by RST or
//! in silence. Real time, so heartbeats are a fraction of a second here; how sessions decide is tested elsewhere, on
//! virtual time.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

mod half_open;
mod proxy;
mod sweep;

use std::time::Duration;

use farcall_client::route as client_route;
use farcall_client::{Client, ClientConfig, Limits, Reconnect, State, States};
use farcall_protocol::{contract, contracts};
use farcall_server::{Admission, Player, Server, ServerConfig, Session, route};
use farcall_tests::kept::Kept;
use farcall_tests::proxy::{Fault, Proxy, Towards};
use farcall_tests::waiting::until;

#[contract(served_by = server)]
trait Lobby {
    /// Notes the number and answers it.
    async fn ask(number: u32) -> u32;
    /// Notes the number.
    #[notify]
    fn note(number: u32);
    /// What has been noted, in order.
    async fn noted() -> Vec<u32>;
}

#[contract(served_by = client)]
trait Guest {
    /// Answers a thousand more.
    async fn asked(number: u32) -> u32;
    #[notify]
    fn told(number: u32);
}

/// What one end's handlers have seen, in order.
type Notes = Kept<u32>;

#[route(Lobby::ask)]
fn ask(notes: Session<Notes>, number: u32) -> u32 {
    notes.add(number);
    number
}

#[route(Lobby::note)]
fn note(notes: Session<Notes>, number: u32) {
    notes.add(number);
}

#[route(Lobby::noted)]
fn noted(notes: Session<Notes>) -> Vec<u32> {
    notes.all()
}

#[client_route(Guest::asked)]
fn asked(number: u32) -> u32 {
    number + 1_000
}

#[client_route(Guest::told)]
fn told(heard: State<Notes>, number: u32) {
    heard.add(number);
}

const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// Limits of a server that pings so often and takes players for gone after so much silence.
fn pinging(heartbeat: Duration, silence_max: Duration) -> Limits {
    // A slow machine is no reason for a call to end.
    Limits { heartbeat, silence_max, deadline_default: ms(60_000), ..Limits::default() }
}

/// A server on loopback.
async fn server(limits: Limits) -> Server {
    let config = ServerConfig { serves: contracts![Lobby], limits, ..ServerConfig::default() };
    let admission = Admission::anonymous().session(|_| async { Ok(Notes::default()) });
    Server::bind(config, admission).await.unwrap()
}

/// A player behind a proxy who comes back at once, and what it is told.
fn guest(proxy: &Proxy, uid: &str, heard: &Notes) -> ClientConfig {
    ClientConfig {
        serves: contracts![Guest],
        states: States::new().with(heard.clone()),
        // A login that hangs is given up after 2 s.
        limits: Limits { login_timeout: ms(1_000), deadline_default: ms(60_000), ..Limits::default() },
        reconnect: Reconnect { pause_min: ms(1), pause_max: ms(20), ..Reconnect::default() },
        ..ClientConfig::new(proxy.address().to_string(), uid).unwrap()
    }
}

/// The same player as the server has it, once it is there.
async fn seen_by(server: &Server, uid: &str) -> Player {
    until(|| server.player(uid).is_ok_and(|player| player.session().is_attached())).await;
    server.player(uid).unwrap()
}
