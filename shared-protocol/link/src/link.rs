//! A session with its connection: what a login gives, ready to run.

use std::any::Any;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use farcall_protocol::handshake::{Established, Tokens};
use farcall_protocol::session::Session;
use farcall_protocol::{Limits, ServedBy, Side};

use crate::driver::Driver;
use crate::inbox::Inbox;
use crate::peer::{Anchor, Peer};
use crate::randomness;
use crate::resume::Pass;
use crate::router::Router;
use crate::running::Running;
use crate::shared::{Identity, Shared, now};
use crate::transport::Transport;

/// Where a peer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Address {
    /// Behind a socket.
    Socket(SocketAddr),
    /// In this process.
    Memory,
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Socket(address) => address.fmt(f),
            Self::Memory => f.write_str("memory"),
        }
    }
}

impl From<SocketAddr> for Address {
    fn from(address: SocketAddr) -> Self {
        Self::Socket(address)
    }
}

/// What a link is made with on either side.
#[derive(Debug, Clone)]
pub struct LinkConfig {
    /// What this end allows itself and grants the peer; one for all its sessions.
    pub limits: Arc<Limits>,
    /// What this end serves.
    pub router: Arc<Router>,
    /// Where work for the game's loop waits: one for a client, one for all sessions of a server.
    pub inbox: Arc<Inbox>,
    /// What this end's sessions belong to, for handlers that ask for it: a server.
    pub owner: Arc<dyn Any + Send + Sync>,
    /// The session's own value; `()` where there is none.
    pub data: Arc<dyn Any + Send + Sync>,
}

/// A session that is logged in and not yet running. Until [`run`](Self::run) is polled nothing is read or written;
/// dropping it drops the connection.
#[must_use = "a link does nothing until it is run"]
pub struct Link {
    /// In a box: a future that is moved holds each place it is moved from.
    driver: Box<Driver>,
    shared: Arc<Shared>,
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Link").field(&self.shared).finish()
    }
}

impl Link {
    pub(crate) fn new(
        side: Side,
        io: Box<dyn Transport>,
        early: &[u8],
        established: Established,
        round_trip: Duration,
        address: Address,
        config: LinkConfig,
    ) -> Self {
        // Without randomness the first pings of many sessions may come together, which only costs smoothness.
        let jitter = randomness::share(0.5);
        let session = Session::new(side, &established, config.limits.clone(), round_trip, jitter, now());
        let Established { uid, session: id, codec, epoch, resume_token, .. } = established;
        let pass = match (resume_token, side) {
            (None, _) => Pass::None,
            (Some(token), Side::Server) => Pass::Accepts(Tokens::new(&token)),
            (Some(token), Side::Client) => Pass::Shows { token, epoch, attempt: 0 },
        };
        let identity = Identity { side, uid, id, codec, address, pass };
        let shared = Arc::new(Shared::new(identity, session, config));
        Self { driver: Box::new(Driver::new(io, shared.clone(), early)), shared }
    }

    /// Writes these bytes before anything of the session.
    pub(crate) fn saying_first(mut self, bytes: bytes::Bytes) -> Self {
        self.driver.say_first(bytes);
        self
    }

    /// The session, to be kept.
    pub fn anchor(&self) -> Anchor {
        Anchor::new(self.shared.clone())
    }

    /// The other end. `S` is what it serves: the client's contracts on a server, the server's on a client.
    pub fn peer<S: ServedBy>(&self) -> Peer<S> {
        debug_assert!(S::SIDE != self.shared.side, "a peer serves what this side does not");
        Peer::within(self.shared.clone(), None)
    }

    /// Runs the session until it is over, over as many connections as it takes: its handlers have stopped then, and its
    /// last frames are written. Dropping this cuts the connection and stops the handlers.
    pub fn run(self) -> Running {
        Running::new(self.driver, self.shared)
    }
}
