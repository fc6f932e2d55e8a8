//! A TCP proxy that fails on command: real sockets between clients and a server whose connections end by FIN, by RST or
//! not at all, at any byte. For tests of what [`faults`](crate::faults) cannot show: kernels, their buffers, real time.
//! Knows nothing of sessions. What goes wrong below TCP (loss, reordering) is not to be had here.
//!
//! ```standalone_crate
//! # use farcall_client::{Client, ClientConfig};
//! # use farcall_protocol::{contract, contracts};
//! # use farcall_server::{Admission, Server, ServerConfig, route};
//! # use farcall_tests::proxy::{Fault, Proxy};
//! # #[contract(served_by = server)] trait Lobby { async fn sum(x: i64, y: i64) -> i64; }
//! # #[route(Lobby::sum)] fn sum(x: i64, y: i64) -> i64 { x + y }
//! # #[tokio::main(flavor = "current_thread")] async fn main() {
//! # let config = ServerConfig { serves: contracts![Lobby], ..ServerConfig::default() };
//! # let server = Server::bind(config, Admission::anonymous()).await.unwrap();
//! let proxy = Proxy::to(server.local_addr().unwrap()).await.unwrap();
//! let ann = ClientConfig::new(proxy.address().to_string(), "ann").unwrap();
//! let ann = Client::connect(ann).await.unwrap();
//! proxy.fail(Fault::Rst);
//! assert_eq!(ann.sum(2, 3).await, Ok(5)); // asked over a connection that is reset, answered over the next one
//! # }
//! ```

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::Instant;

mod carry;

pub use crate::faults::Towards;

/// A listener on loopback, and the way from it to one server. Clones are the same proxy; when the last is dropped, the
/// listener and all connections through it are gone.
#[derive(Debug, Clone)]
pub struct Proxy {
    address: SocketAddr,
    weather: watch::Sender<Weather>,
    shared: Arc<Shared>,
}

/// How a connection ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fault {
    /// In order, as far as TCP can tell: both ends read the end of the stream. What they still write goes nowhere.
    Fin,
    /// Both ends get a reset, which may overtake what was passed on just before.
    Rst,
    /// Not at all: nothing passes any more, and both sockets stay open until their ends have closed them. Kernels go on
    /// acknowledging, so that only the peers' own silence tells.
    BlackHole,
}

/// How the connections are.
#[derive(Debug, Clone, Copy, Default)]
struct Weather {
    /// Connections with numbers up to this one fail so.
    failed: Option<(u64, Fault)>,
    /// Bytes towards the server, and towards the client, wait.
    held: [bool; 2],
    /// New connections are reset.
    refuses: bool,
    /// Each way takes so long.
    delay: Duration,
}

/// What is counted, and what is planned.
#[derive(Debug, Default)]
struct Shared {
    connections: AtomicU64,
    failed: AtomicU64,
    carried: [AtomicU64; 2],
    plan: Mutex<Option<Plan>>,
}

/// Fails one connection when so many bytes have gone one way.
#[derive(Debug, Clone, Copy)]
struct Plan {
    fault: Fault,
    towards: Towards,
    bytes: u64,
}

impl Proxy {
    /// A proxy to the server at this address, which need not be there yet. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// Of the listener, such as a lack of descriptors.
    pub async fn to(server: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let (weather, shared) = (watch::Sender::new(Weather::default()), Arc::<Shared>::default());
        tokio::spawn(accept(listener, server, weather.subscribe(), shared.clone()));
        Ok(Self { address, weather, shared })
    }

    /// Where clients are to connect.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Connections taken so far, those that were refused not among them.
    pub fn connections(&self) -> u64 {
        self.shared.connections.load(Ordering::SeqCst)
    }

    /// Of them, those that a [`Fault`] has struck.
    pub fn failed(&self) -> u64 {
        self.shared.failed.load(Ordering::SeqCst)
    }

    /// Bytes passed on so far in one direction, over all connections.
    pub fn carried(&self, towards: Towards) -> u64 {
        self.shared.carried[towards as usize].load(Ordering::SeqCst)
    }

    /// Fails every connection there is, at once.
    pub fn fail(&self, fault: Fault) {
        let last = self.connections();
        self.weather.send_modify(|weather| weather.failed = Some((last, fault)));
    }

    /// Fails the next connection that is made, when exactly so many bytes have gone one way: anywhere within a frame.
    /// Replaces a plan that no connection has taken up yet.
    pub fn fail_after(&self, fault: Fault, towards: Towards, bytes: u64) {
        let mut plan = self.shared.plan.lock().unwrap_or_else(PoisonError::into_inner);
        *plan = Some(Plan { fault, towards, bytes });
    }

    /// Stops the bytes of one way, or lets them go on; nothing is lost. Up to 1 MiB waits here, the rest in
    /// the kernels' buffers.
    pub fn hold(&self, towards: Towards, held: bool) {
        self.weather.send_modify(|weather| weather.held[towards as usize] = held);
    }

    /// Resets new connections, or takes them again.
    pub fn refuse(&self, refuses: bool) {
        self.weather.send_modify(|weather| weather.refuses = refuses);
    }

    /// Each way takes so long from now on; bytes on their way do not wait for each other, as over a long line. At most
    /// 1 MiB is under way.
    pub fn delay(&self, delay: Duration) {
        self.weather.send_modify(|weather| weather.delay = delay);
    }
}

/// After an error of the listener, mostly a lack of descriptors.
const BACKOFF: Duration = Duration::from_millis(10);

/// Takes connections for as long as somebody holds the proxy.
async fn accept(
    listener: TcpListener,
    server: SocketAddr,
    weather: watch::Receiver<Weather>,
    shared: Arc<Shared>,
) {
    let mut dropped = weather.clone();
    loop {
        let accepted = tokio::select! {
            biased;
            _ = dropped.wait_for(|_| false) => return,
            accepted = listener.accept() => accepted,
        };
        let Ok((near, _)) = accepted else {
            tokio::time::sleep_until(Instant::now() + BACKOFF).await;
            continue;
        };
        if weather.borrow().refuses {
            reset(near);
            continue;
        }
        let number = shared.connections.fetch_add(1, Ordering::SeqCst) + 1;
        let plan = shared.plan.lock().unwrap_or_else(PoisonError::into_inner).take();
        let (weather, shared) = (weather.clone(), shared.clone());
        tokio::spawn(connect(carry::Way { number, plan, weather, shared }, near, server));
    }
}

async fn connect(way: carry::Way, near: TcpStream, server: SocketAddr) {
    match TcpStream::connect(server).await {
        Ok(far) => way.run(near, far).await,
        Err(_) => reset(near),
    }
}

/// Closes with RST instead of FIN. A socket that cannot be told is gone already.
fn reset(socket: TcpStream) {
    let _ = socket.set_zero_linger();
}
