//! Cap'n Proto's RPC by capnp-rpc, two-party over TCP. Capabilities go both ways, so the server calls and pushes to the
//! bot that each client hands it.
//!
//! Chosen, and why it is fair: its connections cannot leave their thread, so each end has as many threads as CPUs, each
//! with a runtime of its own, and connections take turns; bots run on their connection's thread, as a program's own code
//! would, so that no call crosses threads. Buffered sockets, as its examples have; TCP_NODELAY. Pushes are streaming
//! calls, for which it has flow control of its own.

mod home;
mod vat;

#[allow(clippy::all, reason = "generated from schema/echo.capnp")]
mod echo_capnp {
    include!(concat!(env!("OUT_DIR"), "/echo_capnp.rs"));
}

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::ThreadId;

use bytes::Bytes;
use farcall_load::{Answerer, Caller, Contender, Direction, Failure, Server};
use futures_util::future::try_join_all;
use send_wrapper::SendWrapper;
use tokio::net::TcpStream;
use tokio::runtime::Handle;
use tokio_util::sync::{CancellationToken, DropGuard};

use self::echo_capnp::{bot, echo};
use self::home::{Far, Home};
use self::vat::Joined;
use crate::listen::{Listening, Roster};

/// Cap'n Proto.
#[derive(Debug, Clone, Copy)]
pub struct Capnp;

impl Contender for Capnp {
    type Server = CapnpServer;
    type Client = CapnpCaller;
    type Answerer = Listener;

    fn name(self) -> &'static str {
        "capnp"
    }

    async fn serve(self, at: SocketAddr, _: Direction) -> Result<CapnpServer, Failure> {
        let joined = Roster::new();
        let roster = joined.clone();
        let listening = Listening::start(at, move |stream| serve(stream, roster.clone())).await?;
        Ok(CapnpServer { listening, joined, audience: HashMap::new() })
    }

    async fn connect(self, to: SocketAddr) -> Result<CapnpCaller, Failure> {
        let home = Home::next()?;
        let end = CancellationToken::new();
        let open = end.clone().drop_guard();
        let echo = home.run(move || vat::connect(home, to, end)).await?;
        Ok(CapnpCaller { echo, _open: Some(open) })
    }

    async fn join(self, to: SocketAddr) -> Result<Listener, Failure> {
        let home = Home::next()?;
        let received = Arc::new(AtomicU64::new(0));
        let end = CancellationToken::new();
        let open = end.clone().drop_guard();
        let counter = received.clone();
        home.run(move || vat::join(to, counter, end)).await?;
        Ok(Listener { received, _open: open })
    }
}

/// Serves one connection at a home of its own until it ends.
async fn serve(stream: TcpStream, joined: Roster<Joined>) {
    let end = CancellationToken::new();
    let _open = end.clone().drop_guard();
    let (Ok(home), Ok(stream)) = (Home::next(), stream.into_std()) else { return };
    let ended = end.clone();
    let serving = home.run(move || async move {
        vat::serve(home, TcpStream::from_std(stream)?, joined, ended);
        Ok(())
    });
    if serving.await.is_ok() {
        end.cancelled().await;
    }
}

/// The listening end.
pub struct CapnpServer {
    listening: Listening,
    joined: Roster<Joined>,
    /// By where they live.
    audience: HashMap<ThreadId, Arc<[Far<bot::Client>]>>,
}

impl Server for CapnpServer {
    type Caller = CapnpCaller;

    fn address(&self) -> SocketAddr {
        self.listening.address
    }

    async fn clients(&mut self, wanted: usize) -> Result<Vec<CapnpCaller>, Failure> {
        let joined = self.joined.take(wanted).await;
        Ok(joined.into_iter().map(|client| CapnpCaller { echo: client.echo, _open: None }).collect())
    }

    async fn audience(&mut self, wanted: usize) -> Result<(), Failure> {
        let mut homes: HashMap<_, Vec<_>> = HashMap::new();
        for client in self.joined.take(wanted).await {
            homes.entry(client.bot.home.thread()).or_default().push(client.bot);
        }
        self.audience = homes.into_iter().map(|(home, bots)| (home, bots.into())).collect();
        Ok(())
    }

    async fn push(&self, body: &[u8]) -> Result<(), Failure> {
        let body = Bytes::copy_from_slice(body);
        let pushing = self.audience.values().filter_map(|bots| {
            let home = bots.first()?.home;
            let (bots, body) = (bots.clone(), body.clone());
            Some(home.run(move || async move { vat::push(&bots, &body).await }))
        });
        try_join_all(pushing).await.map(drop)
    }
}

/// Either end, as far as it calls.
pub struct CapnpCaller {
    echo: Far<echo::Client>,
    /// Of a client, which ends its connection; a server's end with the server.
    _open: Option<DropGuard>,
}

impl Caller for CapnpCaller {
    fn home(&self) -> Option<&Handle> {
        Some(self.echo.home.runtime())
    }

    async fn echo(&self, body: &Bytes) -> Result<usize, Failure> {
        let far = &self.echo;
        if far.home.is_here() {
            let near = far.value.upgrade().ok_or(Failure::Lost)?;
            return SendWrapper::new(async move { vat::call(&near, body).await }).await;
        }
        let (value, body) = (far.value.clone(), body.clone());
        let call = async move |near: Arc<SendWrapper<echo::Client>>| vat::call(&near, &body).await;
        far.home.run(move || async move { call(value.upgrade().ok_or(Failure::Lost)?).await }).await
    }
}

/// A client that answers and counts its pushes.
#[derive(Debug)]
pub struct Listener {
    received: Arc<AtomicU64>,
    _open: DropGuard,
}

impl Answerer for Listener {
    fn received(&self) -> u64 {
        self.received.load(Ordering::Relaxed)
    }
}
