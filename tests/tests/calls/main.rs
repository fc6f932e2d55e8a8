//! Calls end to end, the same bodies over TCP and in memory: every ending, both directions, nesting, order.

mod endings;
mod large;
mod nesting;
mod routes;

use farcall_client::{Client, ClientConfig};
use farcall_protocol::contracts;
use farcall_server::{Admission, Limits, ServerConfig, States};
use farcall_tests::kept::Kept;
use farcall_tests::table::{Guest, House};
use farcall_tests::{Over, Table};

/// What players said, in order of arrival.
pub type Said = Kept<String>;

/// What a player's handlers need.
pub type Seen = Kept<u64>;

/// A server with all routes, reachable for its own handlers.
pub async fn house(over: Over, limits: Limits) -> (Table, Said) {
    let said = Said::default();
    let slot = routes::ServerSlot::default();
    let config = ServerConfig {
        serves: contracts![House],
        states: States::new().with(said.clone()).with(slot.clone()),
        limits,
        ..ServerConfig::default()
    };
    let table = Table::start(over, config, Admission::anonymous()).await;
    slot.set(table.server.clone());
    (table, said)
}

/// A player that serves `Guest`.
pub fn guest(table: &Table, uid: &str) -> (ClientConfig, Seen) {
    let seen = Seen::default();
    let states = States::new().with(seen.clone());
    (ClientConfig { serves: contracts![Guest], states, ..table.player(uid) }, seen)
}

/// A house with one guest.
pub async fn ann(over: Over) -> (Table, Client, Said) {
    let (table, said) = house(over, Limits::default()).await;
    let client = table.connect(guest(&table, "ann").0).await.expect("a login");
    (table, client, said)
}

/// Waits until something is so.
pub async fn until(mut is_so: impl FnMut() -> bool) {
    let waiting = async {
        while !is_so() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(10), waiting).await.expect("it never became so");
}
