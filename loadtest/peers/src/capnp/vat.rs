//! One Cap'n Proto connection, at home: the RPC system over a socket, and what either end offers to the other. Nothing
//! here leaves its thread but through `Far`.

use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use capnp::Error;
use capnp::capability::{Client, FromClientHook};
use capnp::message::ReaderOptions;
use capnp_rpc::rpc_twoparty_capnp::Side;
use capnp_rpc::twoparty::VatNetwork;
use capnp_rpc::{RpcSystem, new_client};
use farcall_load::Failure;
use futures_util::io::{BufReader, BufWriter};
use send_wrapper::SendWrapper;
use tokio::net::TcpStream;
use tokio::task::spawn_local;
use tokio_util::compat::{TokioAsyncReadCompatExt, TokioAsyncWriteCompatExt};
use tokio_util::sync::CancellationToken;

use super::echo_capnp::{bot, echo, hall};
use super::home::{Far, Home};
use crate::listen::{Roster, dial};
use crate::pending::same;

/// A client that has joined a server, seen from the server.
pub struct Joined {
    /// Takes calls.
    pub echo: Far<echo::Client>,
    /// Takes pushes.
    pub bot: Far<bot::Client>,
}

/// Connects to `to` as a client that calls, until `end`.
pub async fn connect(
    home: &'static Home,
    to: SocketAddr,
    end: CancellationToken,
) -> Result<Far<echo::Client>, Failure> {
    let hall = enter(to, &end).await?;
    Ok(hold(home, hall.cast_to(), end))
}

/// Connects to `to` as a client that answers and counts its pushes, until `end`.
pub async fn join(to: SocketAddr, received: Arc<AtomicU64>, end: CancellationToken) -> Result<(), Failure> {
    let hall = enter(to, &end).await?;
    let mut request = hall.join_request();
    request.get().set_bot(new_client(Bot { received }));
    request.send().promise.await.map_err(failure)?;
    Ok(())
}

/// Serves one connection, until `end`; whoever joins over it goes to `joined`.
pub fn serve(home: &'static Home, stream: TcpStream, joined: Roster<Joined>, end: CancellationToken) {
    let hall: hall::Client = new_client(Hall { home, joined, end: end.clone() });
    run(speak(stream, Side::Server, Some(hall.client)), end);
}

/// Dials, and waits for the server's end.
async fn enter(to: SocketAddr, end: &CancellationToken) -> Result<hall::Client, Failure> {
    let mut system = speak(dial(to).await?, Side::Client, None);
    let hall: hall::Client = system.bootstrap(Side::Server);
    run(system, end.clone());
    // A first echo: when it is back, the way there is known.
    call(&hall.clone().cast_to(), b"").await?;
    Ok(hall)
}

/// The RPC system of a connection, offering `offer`.
fn speak(stream: TcpStream, side: Side, offer: Option<Client>) -> RpcSystem<Side> {
    let (read, write) = stream.into_split();
    let (read, write) = (BufReader::new(read.compat()), BufWriter::new(write.compat_write()));
    RpcSystem::new(Box::new(VatNetwork::new(read, write, side, ReaderOptions::default())), offer)
}

/// Runs the system until the other end goes or `end` comes; then `end` has come.
fn run(system: RpcSystem<Side>, end: CancellationToken) {
    spawn_local(async move {
        // How the other end went is of no interest: whoever calls will see.
        let _ = end.run_until_cancelled(system).await;
        end.cancel();
    });
}

/// Keeps `value` until `end`.
fn hold<T: 'static>(home: &'static Home, value: T, end: CancellationToken) -> Far<T> {
    let value = Arc::new(SendWrapper::new(value));
    let far = Far { home, value: Arc::downgrade(&value) };
    spawn_local(async move {
        end.cancelled().await;
        drop(value);
    });
    far
}

/// One echo.
pub async fn call(far: &echo::Client, body: &[u8]) -> Result<usize, Failure> {
    let mut request = far.echo_request();
    request.get().set_body(body);
    let reply = request.send().promise.await.map_err(failure)?;
    same(body, reply.get().and_then(|reply| reply.get_body()).map_err(failure)?)
}

/// One push to each; all are sent before the first is waited for.
pub async fn push(bots: &[Far<bot::Client>], body: &[u8]) -> Result<(), Failure> {
    let mut sent = Vec::with_capacity(bots.len());
    for bot in bots {
        let bot = bot.value.upgrade().ok_or(Failure::MissedPush)?;
        let mut request = bot.push_request();
        request.get().set_body(body);
        sent.push(request.send());
    }
    for room in sent {
        room.await.map_err(|_| Failure::MissedPush)?;
    }
    Ok(())
}

fn failure(error: Error) -> Failure {
    match error.kind {
        capnp::ErrorKind::Disconnected => Failure::Lost,
        _ => Failure::Call("failed"),
    }
}

/// The server's end.
struct Hall {
    home: &'static Home,
    joined: Roster<Joined>,
    end: CancellationToken,
}

impl echo::Server for Hall {
    async fn echo(self: Rc<Self>, call: echo::EchoParams, reply: echo::EchoResults) -> Result<(), Error> {
        give_back(&call, reply)
    }
}

impl hall::Server for Hall {
    async fn join(self: Rc<Self>, call: hall::JoinParams, _: hall::JoinResults) -> Result<(), Error> {
        let bot = call.get()?.get_bot()?;
        let echo = hold(self.home, bot.clone().cast_to(), self.end.clone());
        let bot = hold(self.home, bot, self.end.clone());
        self.joined.add(Joined { echo, bot });
        Ok(())
    }
}

/// A client's end.
struct Bot {
    received: Arc<AtomicU64>,
}

impl echo::Server for Bot {
    async fn echo(self: Rc<Self>, call: echo::EchoParams, reply: echo::EchoResults) -> Result<(), Error> {
        give_back(&call, reply)
    }
}

impl bot::Server for Bot {
    async fn push(self: Rc<Self>, push: bot::PushParams) -> Result<(), Error> {
        push.get()?.get_body()?;
        self.received.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
}

fn give_back(call: &echo::EchoParams, mut reply: echo::EchoResults) -> Result<(), Error> {
    let body = call.get()?.get_body()?;
    reply.get().set_body(body);
    Ok(())
}
