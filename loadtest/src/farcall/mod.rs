//! Farcall as a contender: the same echo through a contract, handlers and sessions, with resume-ready logs, deadlines
//! and tracing at their defaults. Only limits that would refuse the load itself are lifted.

mod severable;
mod wire;

use std::any::Any;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use farcall_client::{Client, ClientConfig, ConnectError, Limits};
use farcall_protocol::{CallError, Uid, contract, contracts};
use farcall_server::{Admission, BindError, Group, Player, Server as FarcallServer, ServerConfig};
use farcall_server::{State, States, route};
use tokio::sync::Notify;

use self::wire::Hold;
use crate::contender::{Answerer, Caller, Contender, Seen, Server, Severable};
use crate::failure::Failure;
use crate::plan::Direction;

/// What the server answers.
#[contract(served_by = server)]
pub trait Mirror {
    /// Gives back what it is given.
    async fn echo(body: Bytes) -> Bytes;
}

/// What clients answer (workload E), and what they are pushed (F, FL).
#[contract(served_by = client)]
pub trait Bot {
    /// Gives back what it is given.
    async fn echo_back(body: Bytes) -> Bytes;

    /// Counts it.
    #[notify]
    fn pushed(body: Bytes);

    /// How the world looks now (S): the newest is enough.
    #[notify(latest)]
    fn snapshot(body: Bytes);
}

#[route(Mirror::echo)]
fn echo(body: Bytes) -> Bytes {
    body
}

#[route(Bot::echo_back)]
fn echo_back(body: Bytes) -> Bytes {
    body
}

#[route(Bot::pushed)]
fn pushed(pushes: State<Pushes>, _body: Bytes) {
    pushes.0.fetch_add(1, Ordering::Relaxed);
}

#[route(Bot::snapshot)]
fn snapshot(seen: State<Watcher>, body: Bytes) {
    seen.0(&body);
}

/// What one client does with snapshots.
struct Watcher(Seen);

/// Pushes that one client has received.
#[derive(Debug, Default)]
struct Pushes(AtomicU64);

/// Farcall.
#[derive(Debug, Clone, Copy)]
pub struct Farcall;

impl Contender for Farcall {
    type Server = Listening;
    type Client = ToServer;
    type Answerer = Joined;

    fn name(self) -> &'static str {
        "farcall"
    }

    fn changed_limits(self) -> Vec<String> {
        changed(&Limits::default(), &Limits::trusted())
    }

    async fn serve(self, at: SocketAddr, _: Direction) -> Result<Listening, Failure> {
        let joined = Arc::new(Notify::new());
        let config = ServerConfig {
            address: at.to_string(),
            serves: contracts![Mirror],
            limits: Limits::trusted(),
            ..ServerConfig::default()
        };
        let admission = Admission::anonymous().opened({
            let joined = joined.clone();
            move |_| joined.notify_one()
        });
        let server = FarcallServer::bind(config, admission).await.map_err(|error| match error {
            BindError::Address { error, .. } => error.into(),
            _ => Failure::Call("cannot start"),
        })?;
        let address = server.local_addr().ok_or(Failure::Refused)?;
        let everyone = server.group("everyone");
        Ok(Listening { server, address, joined, everyone, audience: 0 })
    }

    async fn connect(self, to: SocketAddr) -> Result<ToServer, Failure> {
        connect(to, Arc::default()).await.map(ToServer)
    }

    async fn connect_severable(self, to: SocketAddr) -> Result<Box<dyn Severable>, Failure> {
        severable::connect(to).await
    }

    async fn watch(self, to: SocketAddr, stalls: bool, seen: Seen) -> Result<Box<dyn Any + Send>, Failure> {
        let hold = if stalls { Hold::narrow() } else { Hold::default() };
        let dialling = hold.clone();
        let config = ClientConfig { states: states(Arc::default(), seen), ..settings(to) };
        let client = Client::connect_by(move || dialling.clone().dial(to), config).await.map_err(failed)?;
        if stalls {
            hold.stop_reading();
        }
        Ok(Box::new(client))
    }

    async fn join(self, to: SocketAddr) -> Result<Joined, Failure> {
        let pushes = Arc::default();
        Ok(Joined { _client: connect(to, Arc::clone(&pushes)).await?, pushes })
    }
}

/// The listening end.
#[derive(Debug)]
pub struct Listening {
    server: FarcallServer,
    address: SocketAddr,
    joined: Arc<Notify>,
    /// Whom it pushes to, and how many they were when they came.
    everyone: Group,
    audience: usize,
}

impl Listening {
    /// Waits until `wanted` players are here, and names them.
    async fn players(&self, wanted: usize) -> Vec<Uid> {
        while self.server.stats().sessions < wanted as u64 {
            self.joined.notified().await;
        }
        (0..wanted as u64).map(Uid::from).collect()
    }
}

impl Server for Listening {
    type Caller = ToPlayer;

    fn address(&self) -> SocketAddr {
        self.address
    }

    async fn clients(&mut self, wanted: usize) -> Result<Vec<ToPlayer>, Failure> {
        let player = |uid| self.server.player(&uid).map(ToPlayer).map_err(|_| Failure::Lost);
        self.players(wanted).await.into_iter().map(player).collect()
    }

    async fn audience(&mut self, wanted: usize) -> Result<(), Failure> {
        for uid in self.players(wanted).await {
            self.everyone.members().add(uid).map_err(|_| Failure::Lost)?;
        }
        self.audience = wanted;
        Ok(())
    }

    async fn push(&self, body: &[u8]) -> Result<(), Failure> {
        let body = Bytes::copy_from_slice(body);
        // Sessions that have ended are no members any more, and are missed by their number.
        if self.everyone.pushed(&body).sent == self.audience { Ok(()) } else { Err(Failure::MissedPush) }
    }

    async fn snapshot(&self, body: &[u8]) -> Result<(), Failure> {
        let body = Bytes::copy_from_slice(body);
        if self.everyone.snapshot(&body).sent == self.audience { Ok(()) } else { Err(Failure::MissedPush) }
    }
}

/// A client that calls.
#[derive(Debug)]
pub struct ToServer(Client);

impl Caller for ToServer {
    async fn echo(&self, body: &[u8]) -> Result<usize, Failure> {
        // As a game would: the argument is its own, the reply is a value.
        let sent = Bytes::copy_from_slice(body);
        same(&sent, self.0.echo(&sent).await)
    }
}

/// The server's way to one player.
#[derive(Debug)]
pub struct ToPlayer(Player);

impl Caller for ToPlayer {
    async fn echo(&self, body: &[u8]) -> Result<usize, Failure> {
        let sent = Bytes::copy_from_slice(body);
        same(&sent, self.0.echo_back(&sent).await)
    }
}

/// The fields in which `ours` differs, as both print themselves: none can be forgotten.
fn changed(usual: &Limits, ours: &Limits) -> Vec<String> {
    let (usual, ours) = (format!("{usual:#?}"), format!("{ours:#?}"));
    let fields = usual.lines().zip(ours.lines()).filter(|(usual, ours)| usual != ours);
    let bare = |line: &str| line.trim().trim_end_matches(',').to_owned();
    fields
        .map(|(usual, ours)| {
            let usual = bare(usual);
            let usual = usual.split_once(": ").map_or(usual.as_str(), |(_, value)| value);
            format!("{} (default: {usual})", bare(ours))
        })
        .collect()
}

fn same(sent: &Bytes, reply: Result<Bytes, CallError>) -> Result<usize, Failure> {
    match reply {
        Ok(body) if body == sent => Ok(body.len()),
        Ok(_) => Err(Failure::WrongReply),
        Err(CallError::NotExecuted(_)) => Err(Failure::Call("not executed")),
        Err(CallError::DeadlineExceeded) => Err(Failure::Call("deadline exceeded")),
        Err(CallError::Indeterminate) => Err(Failure::Lost),
        Err(_) => Err(Failure::Call("failed")),
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
        self.pushes.0.load(Ordering::Relaxed)
    }
}

async fn connect(to: SocketAddr, pushes: Arc<Pushes>) -> Result<Client, Failure> {
    let states = states(pushes, Arc::new(|_| {}));
    Client::connect(ClientConfig { states, ..settings(to) }).await.map_err(failed)
}

fn states(pushes: Arc<Pushes>, seen: Seen) -> States {
    States::new().with_shared(pushes).with(Watcher(seen))
}

/// Of the next client.
fn settings(to: SocketAddr) -> ClientConfig {
    // Uids are numbers from 0, so that the server finds its clients without asking.
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let uid = Uid::from(NEXT.fetch_add(1, Ordering::Relaxed));
    ClientConfig {
        serves: contracts![Bot],
        limits: Limits::trusted(),
        states: states(Arc::default(), Arc::new(|_| {})),
        ..ClientConfig::for_uid(to.to_string(), uid)
    }
}

fn failed(error: ConnectError) -> Failure {
    match error {
        ConnectError::Address { error, .. } => error.into(),
        ConnectError::Routes(_) => Failure::Call("cannot start"),
        ConnectError::Login(_) | ConnectError::Over(_) => Failure::Refused,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_limit_that_is_not_the_default_is_told() {
        let told = Farcall.changed_limits();
        assert!(told.contains(&"calls_in_flight_max: 16384 (default: 128)".to_owned()), "{told:?}");
        assert!(changed(&Limits::default(), &Limits::default()).is_empty());
    }
}
