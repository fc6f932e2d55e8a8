//! JSON-RPC 2.0 over WebSockets by jsonrpsee. Clients call the server; pushes are a subscription's notifications.
//! The protocol knows no calls from a server.
//!
//! Chosen, and why it is fair: bodies as base64, the shortest that JSON has for bytes; TCP_NODELAY (the default); limits
//! of connections, requests and buffers above every workload; a plain function as handler, which the server runs without
//! a task of its own.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use farcall_load::{Answerer, Caller, Contender, Direction, Failure, Server};
use jsonrpsee::core::client::{ClientT, Error, SubscriptionClientT};
use jsonrpsee::core::params::ArrayParams;
use jsonrpsee::server::{ServerConfig, ServerHandle};
use jsonrpsee::types::ErrorObjectOwned;
use jsonrpsee::ws_client::{WsClient, WsClientBuilder};
use jsonrpsee::{RpcModule, SubscriptionSink};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use tokio::task::coop::unconstrained;
use tokio_util::task::AbortOnDropHandle;

use crate::listen::Roster;
use crate::pending::same;
use crate::queue::QUEUE;

/// jsonrpsee.
#[derive(Debug, Clone, Copy)]
pub struct Jsonrpsee;

impl Contender for Jsonrpsee {
    type Server = JsonServer;
    type Client = JsonCaller;
    type Answerer = Listener;

    fn name(self) -> &'static str {
        "jsonrpsee"
    }

    fn changed_limits(self) -> Vec<String> {
        vec![
            format!("max_connections: {CONNECTIONS_MAX} (default: 100)"),
            format!("message_buffer_capacity: {QUEUE} (default: 1024)"),
            format!("max_concurrent_requests: {QUEUE} (default: 256)"),
            format!("max_buffer_capacity_per_subscription: {QUEUE} (default: 1024)"),
        ]
    }

    async fn serve(self, at: SocketAddr, _: Direction) -> Result<JsonServer, Failure> {
        let config = ServerConfig::builder()
            .ws_only()
            .max_connections(CONNECTIONS_MAX)
            .set_message_buffer_capacity(QUEUE as u32)
            .build();
        let server = jsonrpsee::server::Server::builder().set_config(config).build(at).await?;
        let address = server.local_addr()?;
        let joined = Roster::new();
        let methods = methods(joined.clone()).map_err(|_| Failure::Call("cannot start"))?;
        Ok(JsonServer { address, _handle: server.start(methods), joined, audience: Vec::new() })
    }

    async fn connect(self, to: SocketAddr) -> Result<JsonCaller, Failure> {
        connect(to).await.map(JsonCaller)
    }

    async fn join(self, to: SocketAddr) -> Result<Listener, Failure> {
        let client = connect(to).await?;
        let listening = client.subscribe::<Body, _>(LISTEN, ArrayParams::new(), UNLISTEN).await;
        let mut pushes = listening.map_err(failure)?;
        let received = Arc::new(AtomicU64::new(0));
        let counter = received.clone();
        let listening = async move {
            while let Some(Ok(_)) = pushes.next().await {
                counter.fetch_add(1, Ordering::Relaxed);
            }
        };
        Ok(Listener {
            received,
            _client: client,
            _listening: AbortOnDropHandle::new(tokio::spawn(listening)),
        })
    }
}

async fn connect(to: SocketAddr) -> Result<WsClient, Failure> {
    let client = WsClientBuilder::default()
        .max_concurrent_requests(QUEUE)
        .max_buffer_capacity_per_subscription(QUEUE)
        .build(format!("ws://{to}"));
    client.await.map_err(|_| Failure::Refused)
}

/// What the server offers.
fn methods(
    joined: Roster<SubscriptionSink>,
) -> Result<RpcModule<Roster<SubscriptionSink>>, jsonrpsee::core::RegisterMethodError> {
    let mut module = RpcModule::new(joined);
    module.register_method(ECHO, |body, _, _| -> Result<Body, ErrorObjectOwned> { body.one() })?;
    module.register_subscription(LISTEN, PUSH, UNLISTEN, |_, client, joined, _| async move {
        // Who has left meanwhile has not joined.
        if let Ok(sink) = client.accept().await {
            joined.add(sink);
        }
    })?;
    Ok(module)
}

/// The listening end. Dropping it ends it.
pub struct JsonServer {
    address: SocketAddr,
    _handle: ServerHandle,
    joined: Roster<SubscriptionSink>,
    audience: Vec<SubscriptionSink>,
}

impl Server for JsonServer {
    type Caller = JsonCaller;

    fn address(&self) -> SocketAddr {
        self.address
    }

    async fn clients(&mut self, _: usize) -> Result<Vec<JsonCaller>, Failure> {
        Err(Failure::CannotCallClients)
    }

    async fn audience(&mut self, wanted: usize) -> Result<(), Failure> {
        self.audience = self.joined.take(wanted).await;
        Ok(())
    }

    async fn push(&self, body: &[u8]) -> Result<(), Failure> {
        let news = serde_json::value::to_raw_value(&Body(body.to_vec())).map_err(|_| Failure::TooLarge)?;
        let pushing = async {
            for client in &self.audience {
                client.send(news.clone()).await.map_err(|_| Failure::MissedPush)?;
            }
            Ok(())
        };
        // As `queue::put`: what has room does not count against this task's turn.
        unconstrained(pushing).await
    }
}

/// A client that calls.
pub struct JsonCaller(WsClient);

impl Caller for JsonCaller {
    async fn echo(&self, body: &Bytes) -> Result<usize, Failure> {
        let mut params = ArrayParams::new();
        params.insert(Body(body.to_vec())).map_err(|_| Failure::TooLarge)?;
        let reply: Body = self.0.request(ECHO, params).await.map_err(failure)?;
        same(body, &reply.0)
    }
}

/// A client that counts its pushes.
pub struct Listener {
    received: Arc<AtomicU64>,
    /// Ends its subscriptions when dropped.
    _client: WsClient,
    _listening: AbortOnDropHandle<()>,
}

impl Answerer for Listener {
    fn received(&self) -> u64 {
        self.received.load(Ordering::Relaxed)
    }
}

fn failure(error: Error) -> Failure {
    match error {
        Error::Call(_) => Failure::Call("refused by the server"),
        Error::RequestTimeout => Failure::Call("deadline exceeded"),
        Error::ParseError(_) => Failure::Malformed,
        _ => Failure::Lost,
    }
}

/// Bytes, in JSON a base64 string.
#[derive(Debug, Clone)]
struct Body(Vec<u8>);

impl Serialize for Body {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&STANDARD.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Body {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Body, D::Error> {
        // Base64 needs no escapes, so the text can be borrowed; one that has some is none.
        let text = <&str>::deserialize(from)?;
        STANDARD.decode(text).map(Body).map_err(serde::de::Error::custom)
    }
}

const ECHO: &str = "echo";
const LISTEN: &str = "listen";
const PUSH: &str = "push";
const UNLISTEN: &str = "unlisten";
const CONNECTIONS_MAX: u32 = 200_000;
