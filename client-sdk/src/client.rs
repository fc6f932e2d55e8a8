//! The server as a client holds it.

use std::future::Future;
use std::io;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use farcall_link::{Address, LoginFailed, Peer, PollError, Polled, SessionHandle, StartError, Transport};
use farcall_protocol::{
    Answer, Caller, CloseCode, CloseReason, Notified, Reaches, RouteDescriptor, ServedByServer,
};
use serde::Serialize;

use crate::access::{Access, Dial, over_tcp};
use crate::background::Starting;
use crate::config::ClientConfig;
use crate::events::Events;
use crate::reconnect::log_in_again;

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
    access: Arc<Access>,
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
    /// It did not try: its last session ended so that another is of no use, or it has no way to another.
    #[error("no other session: {code} ({0})", code = .0.code.name())]
    Over(CloseReason),
}

impl Client {
    /// Connects over TCP and logs in. Takes at most twice `limits.login_timeout` for each of
    /// the two. When the connection is
    /// lost, it comes back by itself, and neither side's calls notice more than a pause.
    ///
    /// # Errors
    /// [`ConnectError`]. Dropping the future gives the attempt up.
    pub async fn connect(config: ClientConfig) -> Result<Self, ConnectError> {
        let dial = over_tcp(config.address.clone());
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
        let dial: Dial = Box::new(move || {
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
        let access = Arc::new(Access::new(config, None)?);
        access.log_in(io, Address::Memory).await
    }

    async fn dial(dial: Dial, config: ClientConfig) -> Result<Self, ConnectError> {
        let access = Arc::new(Access::new(config, Some(dial))?);
        access.connect().await
    }

    pub(crate) fn of(server: Peer<ServedByServer>, access: Arc<Access>) -> Self {
        Self { held: Arc::new(Held { server, access }) }
    }

    /// Runs what waits for the game's loop, on this thread: the server's calls and messages for handlers that take
    /// `&mut T`, and callbacks given with `then_on_frame`. Stops starting work when the budget is spent; what is left
    /// waits for the next poll. While nobody polls, they wait, bounded, and calls run out their deadlines; everything
    /// else goes on.
    ///
    /// # Errors
    /// [`PollError`]: the handlers take another type, or another thread is polling.
    pub fn poll<F: 'static>(&self, frame: &mut F, budget: Duration) -> Result<Polled, PollError> {
        self.held.access.inbox.poll(frame, budget)
    }

    /// Everything about the session that is not a call of a contract.
    pub fn session(&self) -> ServerSession<'_> {
        ServerSession { handle: self.held.server.session(), access: &self.held.access }
    }
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
    access: &'a Arc<Access>,
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

    /// Once the session is over, gets another: waits for that, then logs in afresh as it first did, again and again with
    /// growing random pauses until the server lets it in. For a session that could not be had back: its time ran out, the server
    /// has restarted. Never done without being asked, for it is another session: the server has loaded the player anew, and calls
    /// of the old one have ended.
    ///
    /// # Errors
    /// [`ConnectError`]: trying again is of no use, as the session's end (the player was kicked, has logged in elsewhere, has left)
    /// or the server's refusal says; a client [`over`](Client::over) one connection has no way to another. Dropping the future
    /// gives it up.
    pub async fn reconnect(self) -> Result<Client, ConnectError> {
        self.handle.ended().await;
        log_in_again(self.access.clone(), self.handle.closed().await).await
    }

    /// For a program without a runtime: [`reconnect`](Self::reconnect) in the background.
    pub fn start_reconnect(self) -> Starting {
        let (session, access): (Peer<ServedByServer>, _) = (self.handle.owned(), self.access.clone());
        Starting::begin(self.access.address(), async move {
            ServerSession { handle: session.session(), access: &access }.reconnect().await
        })
    }
}
