//! The contender `tonic`: an echo is a unary call, a push is a message on a server stream. gRPC servers cannot call
//! their clients.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use farcall_load::{Answerer, Caller, Contender, Direction, Failure, Server};
use tokio::sync::mpsc;
use tokio_util::task::AbortOnDropHandle;
use tonic::Status;
use tonic::transport::Channel;

use super::proto::mirror_client::MirrorClient;
use super::proto::{Body, Nothing};
use super::service::{Serving, push_to};
use super::{changed_limits, connect, failure};
use crate::pending::same;

/// tonic with a unary call for each echo.
#[derive(Debug, Clone, Copy)]
pub struct TonicUnary;

impl Contender for TonicUnary {
    type Server = UnaryServer;
    type Client = UnaryCaller;
    type Answerer = Listener;

    fn name(self) -> &'static str {
        "tonic"
    }

    fn changed_limits(self) -> Vec<String> {
        changed_limits()
    }

    async fn serve(self, at: SocketAddr, _: Direction) -> Result<UnaryServer, Failure> {
        Ok(UnaryServer { serving: Serving::start(at).await?, audience: Vec::new() })
    }

    async fn connect(self, to: SocketAddr) -> Result<UnaryCaller, Failure> {
        Ok(UnaryCaller(MirrorClient::new(connect(to).await?)))
    }

    async fn join(self, to: SocketAddr) -> Result<Listener, Failure> {
        let mut client = MirrorClient::new(connect(to).await?);
        let mut pushes = client.listen(Nothing {}).await.map_err(|status| failure(&status))?.into_inner();
        let received = Arc::new(AtomicU64::new(0));
        let counter = received.clone();
        let listening = async move {
            while let Ok(Some(_)) = pushes.message().await {
                counter.fetch_add(1, Ordering::Relaxed);
            }
        };
        Ok(Listener { received, _listening: AbortOnDropHandle::new(tokio::spawn(listening)) })
    }
}

/// The listening end.
#[derive(Debug)]
pub struct UnaryServer {
    serving: Serving,
    audience: Vec<mpsc::Sender<Result<Body, Status>>>,
}

impl Server for UnaryServer {
    type Caller = UnaryCaller;

    fn address(&self) -> SocketAddr {
        self.serving.address
    }

    async fn clients(&mut self, _: usize) -> Result<Vec<UnaryCaller>, Failure> {
        Err(Failure::CannotCallClients)
    }

    async fn audience(&mut self, wanted: usize) -> Result<(), Failure> {
        self.audience = self.serving.listening.take(wanted).await;
        Ok(())
    }

    async fn push(&self, body: &[u8]) -> Result<(), Failure> {
        push_to(&self.audience, body).await
    }
}

/// A client that calls. Its channel is cloned for each call, as tonic wants it: a clone is another handle to the same
/// connection.
#[derive(Debug)]
pub struct UnaryCaller(MirrorClient<Channel>);

impl Caller for UnaryCaller {
    async fn echo(&self, body: &Bytes) -> Result<usize, Failure> {
        let call = Body { body: body.clone() };
        let reply = self.0.clone().echo(call).await.map_err(|status| failure(&status))?;
        same(body, &reply.into_inner().body)
    }
}

/// A client that counts its pushes.
#[derive(Debug)]
pub struct Listener {
    received: Arc<AtomicU64>,
    _listening: AbortOnDropHandle<()>,
}

impl Answerer for Listener {
    fn received(&self) -> u64 {
        self.received.load(Ordering::Relaxed)
    }
}
