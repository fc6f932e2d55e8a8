//! The server as a client holds it.

use std::future::Future;
use std::io;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use farcall_link::transport::tcp;
use farcall_link::{
    Address, Inbox, Link, LinkConfig, LoginFailed, Peer, PollError, Polled, Router, Served, SessionHandle,
    StartError, Transport,
};
use farcall_protocol::handshake::Connecting;
use farcall_protocol::{
    Announced, Answer, Caller, CloseCode, CloseReason, Limits, Notified, Reaches, RouteDescriptor,
    ServedByServer, Side,
};
use serde::Serialize;
use tokio::net::TcpStream;
use tracing::info;

use crate::config::ClientConfig;
use crate::events::Events;
use crate::reconnect::{Comeback, Dial};

/// A session with a server. Contracts served by the server are called on it; everything else is behind
/// [`session`](Self::session).
///
/// Clones are handles to the same session. Dropping the last one ends it: what was sent before still goes out, as long as
/// the runtime runs. A `main` that is about to return waits for that: `client.session().leave().await`.
#[derive(Debug, Clone)]
pub struct Client {
    held: Arc<Held>,
}

/// Ends the session when the program's last handle goes.
#[derive(Debug)]
struct Held {
    server: Peer<ServedByServer>,
    inbox: Arc<Inbox>,
}

/// Why a client did not connect.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// Something is wrong with what it is to serve.
    #[error(transparent)]
    Routes(#[from] StartError),
    /// Nobody answers there.
    #[error("cannot reach {address}: {error}")]
    Address {
        /// Where.
        address: String,
        /// Why.
        error: io::Error,
    },
    /// The server did not let it in.
    #[error(transparent)]
    Login(#[from] LoginFailed),
}

impl Client {
    /// Connects over TCP and logs in. Takes at most twice `limits.login_timeout` for each of
    /// the two. When the connection is
    /// lost, it comes back by itself, and neither side's calls notice more than a pause.
    ///
    /// # Errors
    /// [`ConnectError`]. Dropping the future gives the attempt up.
    pub async fn connect(config: ClientConfig) -> Result<Self, ConnectError> {
        let address = config.address.clone();
        let dial: Dial = Arc::new(move || Box::pin(dial_tcp(address.clone())));
        Self::dial(dial, config).await
    }

    /// Connects by a way of the game's own, such as one within this process, and logs in. `dial` is asked again whenever
    /// the connection is lost.
    ///
    /// # Errors
    /// [`ConnectError`]. Dropping the future gives the attempt up.
    pub async fn connect_by<T, F>(
        dial: impl Fn() -> F + Send + Sync + 'static,
        config: ClientConfig,
    ) -> Result<Self, ConnectError>
    where
        T: Transport,
        F: Future<Output = io::Result<T>> + Send + 'static,
    {
        let dial: Dial = Arc::new(move || {
            let dialing = dial();
            Box::pin(async move { Ok((Box::new(dialing.await?) as Box<dyn Transport>, Address::Memory)) })
        });
        Self::dial(dial, config).await
    }

    /// Logs in over a connection that exists already. There is no way back to the server: the session ends with its
    /// connection.
    ///
    /// # Errors
    /// [`ConnectError`].
    pub async fn over<T: Transport>(io: T, config: ClientConfig) -> Result<Self, ConnectError> {
        Self::login(io, Address::Memory, None, config).await
    }

    async fn dial(dial: Dial, config: ClientConfig) -> Result<Self, ConnectError> {
        let address = config.address.clone();
        let at = |error| ConnectError::Address { address: address.clone(), error };
        let connecting = tokio::time::timeout(patience(&config.limits), dial());
        let (io, peer) = connecting.await.map_err(|_| at(io::ErrorKind::TimedOut.into()))?.map_err(at)?;
        Self::login(io, peer, Some(dial), config).await
    }

    async fn login<T: Transport>(
        io: T,
        address: Address,
        dial: Option<Dial>,
        config: ClientConfig,
    ) -> Result<Self, ConnectError> {
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
        let inbox = Arc::new(Inbox::new(router.frame()));
        let connecting = Connecting {
            uid: config.uid,
            credential: config.credential,
            build: config.build,
            metadata: config.metadata,
            takes: Announced::from(&limits),
            nonce: [0; 16],
            codecs: config.codecs,
            can_return: dial.is_some() && !limits.resume_window.is_zero(),
            resume: None,
        };
        let time = patience(&limits);
        let inbox_max = (limits.inbox_items_max, limits.inbox_bytes_max);
        let link_config =
            LinkConfig { limits, router, inbox: inbox.clone(), owner: Arc::new(()), data: Arc::new(()) };
        let link = farcall_link::connect(io, connecting.clone(), address, time, link_config).await?;
        let server = link.peer();
        let reconnect = config.reconnect;
        let comeback = dial.map(|dial| {
            let inbox = inbox.clone();
            Comeback { dial, connecting, reconnect, time, inbox, inbox_max }
        });
        tokio::spawn(stay(link, comeback));
        Ok(Self { held: Arc::new(Held { server, inbox }) })
    }

    /// Runs what waits for the game's loop, on this thread: the server's calls and messages for handlers that take
    /// `&mut T`, and callbacks given with `then_on_frame`. Stops starting work when the budget is spent; what is left
    /// waits for the next poll. While nobody polls, they wait, bounded, and calls run out their deadlines; everything
    /// else goes on.
    ///
    /// # Errors
    /// [`PollError`]: the handlers take another type, or another thread is polling.
    pub fn poll<F: 'static>(&self, frame: &mut F, budget: Duration) -> Result<Polled, PollError> {
        self.held.inbox.poll(frame, budget)
    }

    /// Everything about the session that is not a call of a contract.
    pub fn session(&self) -> ServerSession<'_> {
        ServerSession { handle: self.held.server.session() }
    }
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

/// How long a server is waited for: longer than it takes by its own limit, so that its refusal is heard and not taken for
/// silence.
fn patience(limits: &Limits) -> Duration {
    limits.login_timeout * 2
}

async fn dial_tcp(address: String) -> io::Result<(Box<dyn Transport>, Address)> {
    let stream = TcpStream::connect(&address).await?;
    tcp::prepare(&stream)?;
    let peer = stream.peer_addr()?;
    Ok((Box::new(stream), peer.into()))
}

impl Drop for Held {
    fn drop(&mut self) {
        self.server.session().close(CloseReason::ours(CloseCode::Done, ""));
    }
}

impl Reaches<ServedByServer> for Client {}

impl Caller for Client {
    type Call<R: Answer> = farcall_link::Call<R>;
    type Notified = Notified;

    fn call<A: Serialize, R: Answer>(
        &self,
        route: &'static RouteDescriptor,
        arguments: &A,
    ) -> farcall_link::Call<R> {
        self.held.server.call(route, arguments)
    }

    fn notify<A: Serialize>(&self, route: &'static RouteDescriptor, arguments: &A) -> Notified {
        self.held.server.notify(route, arguments)
    }
}

/// A client's session: all of [`SessionHandle`], and what only a client has.
#[derive(Debug, Clone, Copy)]
pub struct ServerSession<'a> {
    handle: SessionHandle<'a>,
}

impl<'a> Deref for ServerSession<'a> {
    type Target = SessionHandle<'a>;
    fn deref(&self) -> &SessionHandle<'a> {
        &self.handle
    }
}

impl ServerSession<'_> {
    /// What happens to the session, from now on.
    pub fn events(&self) -> Events {
        Events::new(self.handle.owned())
    }

    /// Ends the session in order and waits until it is over.
    pub async fn leave(self) {
        self.handle.close(CloseReason::ours(CloseCode::Done, ""));
        self.handle.ended().await;
    }
}
