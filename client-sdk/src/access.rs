//! All by which a client gets a session at its server: the way there, who it is, and what it serves. Made once, used for the
//! first login and for those after it. Coming back to a session that still waits is `reconnect`'s.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use farcall_link::transport::tcp;
use farcall_link::{Address, Inbox, Link, LinkConfig, Peer, Router, Served, Transport};
use farcall_protocol::handshake::{Connecting, Credential};
use farcall_protocol::{Announced, CloseReason, Limits, ServedByServer, Side};
use tokio::net::TcpStream;
use tracing::info;

use crate::client::{Client, ConnectError};
use crate::config::ClientConfig;
use crate::reconnect::{Comeback, Reconnect};

type Dialing = Pin<Box<dyn Future<Output = io::Result<Dialed>> + Send>>;

/// A fresh connection, and to where.
pub(crate) type Dialed = (Box<dyn Transport>, Address);

/// How a server is reached, again and again.
pub(crate) type Dial = Box<dyn Fn() -> Dialing + Send + Sync>;

/// What every session of one client has in common.
pub(crate) struct Access {
    /// `None` for a client of one connection that cannot be had again.
    dial: Option<Dial>,
    /// As the game named it, for what it is told.
    address: String,
    connecting: Connecting,
    /// What it shows: the last that the game has given.
    credential: Mutex<Credential>,
    limits: Arc<Limits>,
    router: Arc<Router>,
    pub(crate) inbox: Arc<Inbox>,
    pub(crate) reconnect: Reconnect,
}

impl std::fmt::Debug for Access {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Access").field("address", &self.address).finish_non_exhaustive()
    }
}

impl Access {
    /// Collects what the client serves.
    ///
    /// # Errors
    /// `ConnectError::Routes`.
    pub(crate) fn new(config: ClientConfig, dial: Option<Dial>) -> Result<Self, ConnectError> {
        let ClientConfig { serves, bare, handlers_in, routes, states, limits, .. } = config;
        let router = Router::collect(Served {
            side: Side::Client,
            contracts: &serves,
            bare,
            handlers_in,
            routes,
            states,
            session: None,
        })?;
        let router = Arc::new(router);
        let connecting = Connecting {
            uid: config.uid,
            credential: Credential::Anonymous,
            build: config.build,
            metadata: config.metadata,
            takes: Announced::from(&limits),
            nonce: [0; 16],
            codecs: config.codecs,
            can_return: dial.is_some() && !limits.resume_window.is_zero(),
            resume: None,
        };
        Ok(Self {
            dial,
            address: config.address,
            connecting,
            credential: Mutex::new(config.credential),
            limits: Arc::new(limits),
            inbox: Arc::new(Inbox::new(router.frame())),
            router,
            reconnect: config.reconnect,
        })
    }

    /// How long each attempt to reach the server and to be let in may take: longer than a server takes by its own limit, so
    /// that its refusal is heard and not taken for silence.
    pub(crate) fn patience(&self) -> Duration {
        self.limits.login_timeout * 2
    }

    /// Who the client says that it is, and what it shows.
    pub(crate) fn connecting(&self) -> Connecting {
        let credential = self.credential.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Connecting { credential, ..self.connecting.clone() }
    }

    /// From now on it shows this.
    pub(crate) fn shows(&self, credential: Credential) {
        *self.credential.lock().unwrap_or_else(PoisonError::into_inner) = credential;
    }

    /// Where, as the game named it.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// Whether a connection can be made again.
    pub(crate) fn has_a_way(&self) -> bool {
        self.dial.is_some()
    }

    /// Items and bytes that one session may have waiting for the game's loop.
    pub(crate) fn inbox_max(&self) -> (usize, usize) {
        (self.limits.inbox_items_max, self.limits.inbox_bytes_max)
    }

    /// A fresh connection, in time.
    ///
    /// # Errors
    /// Nobody answers there; there is no way there.
    pub(crate) async fn dial(&self) -> io::Result<Dialed> {
        let Some(dial) = &self.dial else {
            return Err(io::Error::new(io::ErrorKind::Unsupported, "a connection that cannot be made again"));
        };
        let dialed = tokio::time::timeout(self.patience(), dial()).await;
        dialed.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
    }

    /// A new session, over a fresh connection.
    pub(crate) async fn connect(self: &Arc<Self>) -> Result<Client, ConnectError> {
        let dialed = self.dial().await;
        let (io, address) =
            dialed.map_err(|error| ConnectError::Address { address: self.address.clone(), error })?;
        self.log_in(io, address).await
    }

    /// A new session, over this connection.
    pub(crate) async fn log_in<T: Transport>(
        self: &Arc<Self>,
        io: T,
        address: Address,
    ) -> Result<Client, ConnectError> {
        let config = LinkConfig {
            limits: self.limits.clone(),
            router: self.router.clone(),
            inbox: self.inbox.clone(),
            owner: Arc::new(()),
            data: Arc::new(()),
        };
        let link = farcall_link::connect(io, self.connecting(), address, self.patience(), config).await?;
        let server = link.peer();
        let comeback = self.has_a_way().then(|| Comeback { access: self.clone() });
        tokio::spawn(stay(link, comeback));
        Ok(Client::of(server, self.clone()))
    }
}

/// Over TCP.
pub(crate) fn over_tcp(address: String) -> Dial {
    Box::new(move || {
        let address = address.clone();
        Box::pin(async move {
            let stream = TcpStream::connect(&address).await?;
            let peer = stream.peer_addr()?;
            Ok((Box::new(tcp::Stream::new(stream)?) as Box<dyn Transport>, peer.into()))
        })
    })
}

/// Runs the session, and says in the log that it began and ended.
async fn stay(link: Link, comeback: Option<Comeback>) {
    let server: Peer<ServedByServer> = link.peer();
    let session = server.session();
    info!(target: "farcall", side = Side::Client.name(), uid = %session.uid(), session = %session.id(), address = %session.address(), "opened");
    if let Some(comeback) = comeback.filter(|_| !session.resume_window().is_zero()) {
        // A task of its own: it sleeps while the session runs, and ends with it.
        tokio::spawn(comeback.keep(server.clone()));
    }
    let CloseReason { code, message, by_peer } = link.run().await;
    info!(target: "farcall", side = Side::Client.name(), uid = %session.uid(), session = %session.id(), code = code.name(), by_peer, reason = ?message, "closed");
}
