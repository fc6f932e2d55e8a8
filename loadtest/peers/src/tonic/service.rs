//! The server of both contenders: one service with the unary echo, the stream of pushes and the two-way stream.

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use farcall_load::Failure;
use futures_util::StreamExt;
use futures_util::stream::Map;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::task::AbortOnDropHandle;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status, Streaming};

use super::link::Link;
use super::proto::mirror_server::{Mirror, MirrorServer};
use super::proto::{Body, Frame, Nothing};
use super::{CONNECTION_WINDOW_BYTES, STREAM_WINDOW_BYTES};
use crate::listen::Roster;
use crate::queue::{QUEUE, put};

/// A listening end. Dropping it ends it.
#[derive(Debug)]
pub struct Serving {
    /// Where.
    pub address: SocketAddr,
    /// Who has opened a two-way stream.
    pub talking: Roster<Arc<Link>>,
    /// Who listens for pushes.
    pub listening: Roster<mpsc::Sender<Result<Body, Status>>>,
    _accepting: AbortOnDropHandle<()>,
}

impl Serving {
    /// Listens on `at` (port 0 means any).
    pub async fn start(at: SocketAddr) -> Result<Serving, Failure> {
        let listener = TcpListener::bind(at).await?;
        let address = listener.local_addr()?;
        let service = Service { talking: Roster::new(), listening: Roster::new() };
        let (talking, listening) = (service.talking.clone(), service.listening.clone());
        let server = Server::builder()
            .initial_stream_window_size(STREAM_WINDOW_BYTES)
            .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
            .add_service(MirrorServer::new(service));
        let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
        let accepting = tokio::spawn(async move { drop(server.serve_with_incoming(incoming).await) });
        Ok(Serving { address, talking, listening, _accepting: AbortOnDropHandle::new(accepting) })
    }
}

/// The service's methods.
#[derive(Debug)]
struct Service {
    talking: Roster<Arc<Link>>,
    listening: Roster<mpsc::Sender<Result<Body, Status>>>,
}

#[tonic::async_trait]
impl Mirror for Service {
    type ListenStream = ReceiverStream<Result<Body, Status>>;
    type TalkStream = Map<ReceiverStream<Frame>, fn(Frame) -> Result<Frame, Status>>;

    async fn echo(&self, request: Request<Body>) -> Result<Response<Body>, Status> {
        Ok(Response::new(request.into_inner()))
    }

    async fn listen(&self, _: Request<Nothing>) -> Result<Response<Self::ListenStream>, Status> {
        let (push, pushes) = mpsc::channel(QUEUE);
        self.listening.add(push);
        Ok(Response::new(ReceiverStream::new(pushes)))
    }

    async fn talk(&self, request: Request<Streaming<Frame>>) -> Result<Response<Self::TalkStream>, Status> {
        let (out, outgoing) = mpsc::channel(QUEUE);
        self.talking.add(Arc::new(Link::over(request.into_inner(), out)));
        Ok(Response::new(ReceiverStream::new(outgoing).map(Ok)))
    }
}

/// Hands `body` to everybody who listens.
pub async fn push_to(listening: &[mpsc::Sender<Result<Body, Status>>], body: &[u8]) -> Result<(), Failure> {
    let body = Bytes::copy_from_slice(body);
    for client in listening {
        put(client, Ok(Body { body: body.clone() })).await.map_err(|_| Failure::MissedPush)?;
    }
    Ok(())
}
