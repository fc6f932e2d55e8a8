//! Farcall's clients: who calls, who is called and pushed to, who watches.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use farcall_client::{Client, ClientConfig, ConnectError};
use farcall_protocol::{Uid, contracts};

use super::contract::{Bot, Mirror, Pushes, states};
use super::wire::Hold;
use super::{limits, same};
use crate::contender::{Answerer, Caller, Seen};
use crate::failure::Failure;

/// A client that calls.
#[derive(Debug)]
pub struct ToServer(Client);

impl Caller for ToServer {
    async fn echo(&self, body: &Bytes) -> Result<usize, Failure> {
        same(body, self.0.echo(body).await)
    }
}

/// A client that is called and pushed to.
#[derive(Debug)]
pub struct Joined {
    _client: Client,
    pushes: Arc<Pushes>,
}

impl Answerer for Joined {
    fn received(&self) -> u64 {
        self.pushes.count()
    }
}

/// Connects a client that calls.
pub(super) async fn connect(to: SocketAddr) -> Result<ToServer, Failure> {
    Client::connect(settings(to)).await.map(ToServer).map_err(failed)
}

/// Connects a client that is called and pushed to.
pub(super) async fn join(to: SocketAddr) -> Result<Joined, Failure> {
    let pushes = Arc::default();
    let states = states(Arc::clone(&pushes), Arc::new(|_| {}));
    let client = Client::connect(ClientConfig { states, ..settings(to) }).await.map_err(failed)?;
    Ok(Joined { _client: client, pushes })
}

/// Connects a client that watches snapshots, or does not read them.
pub(super) async fn watch(to: SocketAddr, stalls: bool, seen: Seen) -> Result<Client, Failure> {
    let hold = if stalls { Hold::narrow() } else { Hold::default() };
    let dialling = hold.clone();
    let config = ClientConfig { states: states(Arc::default(), seen), ..settings(to) };
    let client = Client::connect_by(move || dialling.clone().dial(to), config).await.map_err(failed)?;
    if stalls {
        hold.stop_reading();
    }
    Ok(client)
}

/// Of the next client.
pub(super) fn settings(to: SocketAddr) -> ClientConfig {
    // Each client is a player of its own.
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let uid = Uid::from(NEXT.fetch_add(1, Ordering::Relaxed));
    ClientConfig {
        serves: contracts![Bot],
        limits: limits(),
        states: states(Arc::default(), Arc::new(|_| {})),
        ..ClientConfig::for_uid(to.to_string(), uid)
    }
}

pub(super) fn failed(error: ConnectError) -> Failure {
    match error {
        ConnectError::Address { error, .. } => error.into(),
        ConnectError::Routes(_) => Failure::Call("cannot start"),
        ConnectError::Login(_) | ConnectError::Over(_) => Failure::Refused,
    }
}
