//! The contender `tonic-bidi`: one bidirectional stream for each client, in which either end calls by ids and oneshots
//! and the server pushes.

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use farcall_load::{Caller, Contender, Direction, Failure, Server};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use super::link::Link;
use super::proto::mirror_client::MirrorClient;
use super::service::Serving;
use super::{changed_limits, connect, failure};
use crate::queue::QUEUE;

/// tonic with one stream for everything.
#[derive(Debug, Clone, Copy)]
pub struct TonicBidi;

impl Contender for TonicBidi {
    type Server = BidiServer;
    type Client = Link;
    type Answerer = Link;

    fn name(self) -> &'static str {
        "tonic-bidi"
    }

    fn changed_limits(self) -> Vec<String> {
        changed_limits()
    }

    async fn serve(self, at: SocketAddr, _: Direction) -> Result<BidiServer, Failure> {
        Ok(BidiServer { serving: Serving::start(at).await?, audience: Vec::new() })
    }

    async fn connect(self, to: SocketAddr) -> Result<Link, Failure> {
        let (out, outgoing) = mpsc::channel(QUEUE);
        let mut client = MirrorClient::new(connect(to).await?);
        let talking = client.talk(ReceiverStream::new(outgoing)).await.map_err(|status| failure(&status))?;
        Ok(Link::over(talking.into_inner(), out))
    }

    async fn join(self, to: SocketAddr) -> Result<Link, Failure> {
        self.connect(to).await
    }
}

/// The listening end.
#[derive(Debug)]
pub struct BidiServer {
    serving: Serving,
    audience: Vec<Arc<Link>>,
}

impl Server for BidiServer {
    type Caller = Joined;

    fn address(&self) -> SocketAddr {
        self.serving.address
    }

    async fn clients(&mut self, wanted: usize) -> Result<Vec<Joined>, Failure> {
        Ok(self.serving.talking.take(wanted).await.into_iter().map(Joined).collect())
    }

    async fn audience(&mut self, wanted: usize) -> Result<(), Failure> {
        self.audience = self.serving.talking.take(wanted).await;
        Ok(())
    }

    async fn push(&self, body: &[u8]) -> Result<(), Failure> {
        let body = Bytes::copy_from_slice(body);
        for link in &self.audience {
            link.push(body.clone()).await?;
        }
        Ok(())
    }
}

/// The server's way to a client that has joined.
#[derive(Debug)]
pub struct Joined(Arc<Link>);

impl Caller for Joined {
    async fn echo(&self, body: &Bytes) -> Result<usize, Failure> {
        self.0.echo(body).await
    }
}
