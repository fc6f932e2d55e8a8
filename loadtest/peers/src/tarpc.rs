//! tarpc: a Rust trait as the service, client to server only, so it neither calls its clients nor pushes to them.
//!
//! Chosen, and why it is fair: its own TCP framing with bincode, its fastest format; TCP_NODELAY, which its `connect`
//! would leave off; queues longer than any workload has calls in flight; each request in a task of its own, as its
//! examples do. Deadlines are its own, 10 s a call.

use std::net::SocketAddr;

use bytes::Bytes;
use farcall_load::{Answerer, Caller, Contender, Direction, Failure, Server};
use futures_util::StreamExt;
use tarpc::client::RpcError;
use tarpc::context::Context;
use tarpc::server::{BaseChannel, Channel};
use tarpc::tokio_serde::formats::Bincode;
use tarpc::tokio_util::codec::LengthDelimitedCodec;
use tarpc::{client, server};
use tokio::net::TcpStream;

use crate::listen::{Listening, dial};
use crate::pending::same;
use crate::queue::QUEUE;

/// The service.
#[tarpc::service]
trait Mirror {
    /// Gives back what it is given.
    async fn echo(body: Bytes) -> Bytes;
}

/// What the server answers.
#[derive(Debug, Clone)]
struct Echo;

impl Mirror for Echo {
    async fn echo(self, _: Context, body: Bytes) -> Bytes {
        body
    }
}

/// tarpc.
#[derive(Debug, Clone, Copy)]
pub struct Tarpc;

impl Contender for Tarpc {
    type Server = TarpcServer;
    type Client = TarpcCaller;
    type Answerer = Nobody;

    fn name(self) -> &'static str {
        "tarpc"
    }

    fn changed_limits(self) -> Vec<String> {
        vec![
            format!("max_in_flight_requests: {QUEUE} (default: 1000)"),
            format!("pending_request_buffer: {QUEUE} (default: 100)"),
            format!("pending_response_buffer: {QUEUE} (default: 100)"),
        ]
    }

    async fn serve(self, at: SocketAddr, _: Direction) -> Result<TarpcServer, Failure> {
        Ok(TarpcServer(Listening::start(at, serve).await?))
    }

    async fn connect(self, to: SocketAddr) -> Result<TarpcCaller, Failure> {
        let framed = LengthDelimitedCodec::builder().new_framed(dial(to).await?);
        let transport = tarpc::serde_transport::new(framed, Bincode::default());
        let mut config = client::Config::default();
        config.max_in_flight_requests = QUEUE;
        config.pending_request_buffer = QUEUE;
        Ok(TarpcCaller(MirrorClient::new(config, transport).spawn()))
    }

    async fn join(self, _: SocketAddr) -> Result<Nobody, Failure> {
        Err(Failure::CannotCallClients)
    }
}

/// Serves one connection until it ends.
async fn serve(stream: TcpStream) {
    let framed = LengthDelimitedCodec::builder().new_framed(stream);
    let transport = tarpc::serde_transport::new(framed, Bincode::default());
    let channel = BaseChannel::new(server::Config { pending_response_buffer: QUEUE }, transport);
    let requests = channel.execute(Echo.serve());
    requests.for_each(|request| async { drop(tokio::spawn(request)) }).await;
}

/// The listening end.
#[derive(Debug)]
pub struct TarpcServer(Listening);

impl Server for TarpcServer {
    type Caller = TarpcCaller;

    fn address(&self) -> SocketAddr {
        self.0.address
    }

    async fn clients(&mut self, _: usize) -> Result<Vec<TarpcCaller>, Failure> {
        Err(Failure::CannotCallClients)
    }
}

/// A client that calls.
#[derive(Debug)]
pub struct TarpcCaller(MirrorClient);

impl Caller for TarpcCaller {
    async fn echo(&self, body: &Bytes) -> Result<usize, Failure> {
        let reply = self.0.echo(tarpc::context::current(), body.clone()).await;
        same(body, &reply.map_err(failure)?)
    }
}

fn failure(error: RpcError) -> Failure {
    match error {
        RpcError::DeadlineExceeded => Failure::Call("deadline exceeded"),
        RpcError::Server(_) => Failure::Call("refused by the server"),
        RpcError::Send(_) => Failure::TooLarge,
        RpcError::Shutdown | RpcError::Channel(_) => Failure::Lost,
    }
}

/// A client that answers: there is none.
#[derive(Debug)]
pub enum Nobody {}

impl Answerer for Nobody {}
