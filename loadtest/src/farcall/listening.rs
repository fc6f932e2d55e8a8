//! Farcall's server: whoever it knows, it calls, pushes to as a group, and sends snapshots.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use farcall_protocol::contracts;
use farcall_server::{Admission, BindError, Group, Player, Server as FarcallServer, ServerConfig, Threads};
use tokio::sync::Notify;

use super::contract::{Bot, Mirror};
use super::{limits, same};
use crate::contender::{Caller, Server};
use crate::failure::Failure;
use crate::plan::Direction;

/// The listening end.
#[derive(Debug)]
pub struct Listening {
    _server: FarcallServer,
    address: SocketAddr,
    arrivals: Arc<Arrivals>,
    /// Whom it pushes to, and how many they were when they came.
    everyone: Group,
    audience: usize,
}

/// Players in the order in which they came.
#[derive(Debug, Default)]
struct Arrivals {
    players: Mutex<Vec<Player>>,
    news: Notify,
}

impl Arrivals {
    fn note(&self, player: &Player) {
        self.lock().push(player.clone());
        self.news.notify_one();
    }

    /// Waits until `wanted` players are here, and gives them.
    async fn first(&self, wanted: usize) -> Vec<Player> {
        while self.lock().len() < wanted {
            self.news.notified().await;
        }
        self.lock()[..wanted].to_vec()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Player>> {
        self.players.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Listening {
    /// Starts on `at`; `threads` run its sessions.
    pub(super) async fn start(
        at: SocketAddr,
        calls: Direction,
        threads: Threads,
    ) -> Result<Listening, Failure> {
        let arrivals = Arc::new(Arrivals::default());
        let config = ServerConfig {
            address: at.to_string(),
            serves: contracts![Mirror],
            limits: limits(),
            threads,
            ..ServerConfig::default()
        };
        let mut admission = Admission::anonymous();
        // A server that only answers need not know anyone.
        if calls != Direction::ToServer {
            let arrivals = arrivals.clone();
            admission = admission.opened(move |player| arrivals.note(player));
        }
        let server = FarcallServer::bind(config, admission).await.map_err(|error| match error {
            BindError::Address { error, .. } => error.into(),
            _ => Failure::Call("cannot start"),
        })?;
        let address = server.local_addr().ok_or(Failure::Refused)?;
        let everyone = server.group("everyone");
        Ok(Listening { _server: server, address, arrivals, everyone, audience: 0 })
    }
}

impl Drop for Listening {
    /// Lets go of the players: they know the server, whose hook knows them, and none of it would ever be freed.
    fn drop(&mut self) {
        self.arrivals.lock().clear();
    }
}

impl Server for Listening {
    type Caller = ToPlayer;

    fn address(&self) -> SocketAddr {
        self.address
    }

    async fn clients(&mut self, wanted: usize) -> Result<Vec<ToPlayer>, Failure> {
        Ok(self.arrivals.first(wanted).await.into_iter().map(ToPlayer).collect())
    }

    async fn audience(&mut self, wanted: usize) -> Result<(), Failure> {
        for player in self.arrivals.first(wanted).await {
            self.everyone.members().add(player.session().uid()).map_err(|_| Failure::Lost)?;
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

/// The server's way to one player.
#[derive(Debug)]
pub struct ToPlayer(Player);

impl Caller for ToPlayer {
    async fn echo(&self, body: &Bytes) -> Result<usize, Failure> {
        same(body, self.0.echo_back(body).await)
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;
    use std::time::Duration;

    use super::*;
    use crate::farcall::client;

    #[tokio::test]
    async fn nothing_of_a_server_that_ended_is_left() {
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let mut server = Listening::start(any, Direction::Push, Threads::Shared).await.unwrap();
        let joined = client::join(server.address()).await.unwrap();
        server.audience(1).await.unwrap();
        let left = Arc::downgrade(&server.arrivals);
        drop((server, joined));
        let freed = async {
            while left.upgrade().is_some() {
                tokio::task::yield_now().await;
            }
        };
        assert!(tokio::time::timeout(Duration::from_secs(10), freed).await.is_ok());
    }
}
