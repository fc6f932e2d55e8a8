//! The pipe that a small team writes for itself: WebSockets by tokio-tungstenite, one serde enum, a task that reads and
//! one that writes, a map of oneshots by request id. No sessions, no deadlines, nothing survives its connection.
//!
//! Chosen, and why it is fair: postcard over borrowed bodies (JSON would make lists of numbers of them); the writing
//! task merges what is ready into one flush; a push is encoded once and its bytes shared. TCP_NODELAY; tungstenite's
//! own buffer sizes, which cost 128 KiB a connection and which few people know of.

mod link;
mod wire;

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use farcall_load::{Caller, Contender, Direction, Failure, Server};
use tokio::net::TcpStream;
use tokio_tungstenite::{accept_async, client_async};

use self::link::Link;
use self::wire::Frame;
use crate::listen::{Listening, Roster, dial};

/// The hand-rolled pipe.
#[derive(Debug, Clone, Copy)]
pub struct Pipe;

impl Contender for Pipe {
    type Server = PipeServer;
    type Client = Link;
    type Answerer = Link;

    fn name(self) -> &'static str {
        "pipe"
    }

    async fn serve(self, at: SocketAddr, calls: Direction) -> Result<PipeServer, Failure> {
        let joined = Roster::new();
        let roster = (calls != Direction::ToServer).then(|| joined.clone());
        let listening = Listening::start(at, move |stream| serve(stream, roster.clone())).await?;
        Ok(PipeServer { listening, joined, audience: Vec::new() })
    }

    async fn connect(self, to: SocketAddr) -> Result<Link, Failure> {
        let request = format!("ws://{to}/");
        let (socket, _) = client_async(request, dial(to).await?).await.map_err(|_| Failure::Refused)?;
        Ok(Link::over(socket))
    }

    async fn join(self, to: SocketAddr) -> Result<Link, Failure> {
        self.connect(to).await
    }
}

/// Shakes hands and serves one connection until it ends; in `joined` it can be called.
async fn serve(stream: TcpStream, joined: Option<Roster<Arc<Link>>>) {
    let Ok(socket) = accept_async(stream).await else { return };
    let link = Arc::new(Link::over(socket));
    if let Some(joined) = joined {
        joined.add(link.clone());
    }
    link.ended().await;
}

/// The listening end.
#[derive(Debug)]
pub struct PipeServer {
    listening: Listening,
    joined: Roster<Arc<Link>>,
    audience: Vec<Arc<Link>>,
}

impl Server for PipeServer {
    type Caller = Joined;

    fn address(&self) -> SocketAddr {
        self.listening.address
    }

    async fn clients(&mut self, wanted: usize) -> Result<Vec<Joined>, Failure> {
        Ok(self.joined.take(wanted).await.into_iter().map(Joined).collect())
    }

    async fn audience(&mut self, wanted: usize) -> Result<(), Failure> {
        self.audience = self.joined.take(wanted).await;
        Ok(())
    }

    async fn push(&self, body: &[u8]) -> Result<(), Failure> {
        let message = Frame::Push { body }.encode()?;
        for link in &self.audience {
            if link.has_ended() {
                return Err(Failure::MissedPush);
            }
            link.send(message.clone()).await?;
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
