//! A network that fails on command, in memory and on virtual time: connections between clients and a server whose bytes
//! pass through here, to be cut, held, delayed or lost. For tests of what players do when theirs fails.
//!
//! ```standalone_crate
//! # use farcall_protocol::{contract, contracts};
//! # use farcall_server::route;
//! # use farcall_tests::{TestServer, faults::Network};
//! # #[contract(served_by = server)] trait Lobby { async fn sum(x: i64, y: i64) -> i64; }
//! # #[route(Lobby::sum)] fn sum(x: i64, y: i64) -> i64 { x + y }
//! # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
//! let game = TestServer::new(contracts![Lobby]);
//! let network = Network::to(game.server().await);
//! let ann = game.player_over(&network, "ann").await;
//! network.cut();
//! assert_eq!(ann.sum(2, 3).await, Ok(5)); // asked without a connection, answered over the next one
//! # }
//! ```

use std::future::Future;
use std::io;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use farcall_link::transport::memory::{self, Dialer};
use farcall_server::Server;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, ReadHalf, WriteHalf};
use tokio::sync::Notify;

/// The way between one server and the clients that dial through it.
#[derive(Debug, Clone)]
pub struct Network {
    dialer: Dialer,
    sky: Arc<Sky>,
    dialed: Arc<Mutex<u64>>,
}

/// How the network is.
#[derive(Debug, Clone, Copy, Default)]
struct Weather {
    /// Connections made before this number are cut.
    cut: u64,
    /// Bytes towards the server, and towards the client, wait.
    held: [bool; 2],
    /// Connections made before this number pass nothing on, and nobody is told.
    lost: u64,
    /// The first connection is cut when so many bytes have gone that way.
    cut_after: Option<(Towards, usize)>,
    /// New connections are refused.
    refuses: bool,
    /// Each way takes so long.
    delay: Duration,
}

/// The weather, and who waits for it to change. No `watch` channel: that wakes those who wait in an order of chance, and no seed
/// would repeat itself.
#[derive(Debug, Default)]
struct Sky {
    weather: Mutex<Weather>,
    changed: Notify,
}

impl Sky {
    fn now(&self) -> Weather {
        *self.weather.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut Weather)) {
        change(&mut self.weather.lock().unwrap_or_else(PoisonError::into_inner));
        self.changed.notify_waiters();
    }

    async fn when(&self, is_so: impl Fn(&Weather) -> bool) -> Weather {
        loop {
            // Before looking, so that no change is missed.
            let mut changed = pin!(self.changed.notified());
            changed.as_mut().enable();
            let weather = self.now();
            if is_so(&weather) {
                return weather;
            }
            changed.await;
        }
    }
}

/// Which way bytes go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Towards {
    /// From a client to the server.
    Server = 0,
    /// From the server to a client.
    Client = 1,
}

impl Network {
    /// The way to a server.
    pub fn to(server: &Server) -> Self {
        Self { dialer: server.dialer(), sky: Arc::default(), dialed: Arc::default() }
    }

    /// How a client gets through: for `Client::connect_by`.
    pub fn dial(
        &self,
    ) -> impl Fn() -> std::pin::Pin<Box<dyn Future<Output = io::Result<DuplexStream>> + Send>>
    + Send
    + Sync
    + 'static {
        let network = self.clone();
        move || Box::pin(network.clone().connect())
    }

    async fn connect(self) -> io::Result<DuplexStream> {
        if self.sky.now().refuses {
            return Err(io::ErrorKind::ConnectionRefused.into());
        }
        let number = {
            let mut dialed = self.dialed.lock().unwrap_or_else(PoisonError::into_inner);
            *dialed += 1;
            *dialed
        };
        let far = self.dialer.connect().await?;
        let (near, ours) = memory::pair();
        let ((from_client, to_client), (from_server, to_server)) =
            (tokio::io::split(ours), tokio::io::split(far));
        tokio::spawn(self.clone().carry(number, Towards::Server, from_client, to_server));
        tokio::spawn(self.clone().carry(number, Towards::Client, from_server, to_client));
        Ok(near)
    }

    /// Connections made so far.
    pub fn connections(&self) -> u64 {
        *self.dialed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Cuts every connection there is: both ends are told, and bytes on the way are lost.
    pub fn cut(&self) {
        let dialed = self.connections();
        self.sky.change(|weather| weather.cut = dialed + 1);
    }

    /// Cuts the first connection when so many bytes have gone one way: anywhere within a frame. To be said before it is
    /// made.
    pub fn cut_after(&self, towards: Towards, bytes: usize) {
        self.sky.change(|weather| weather.cut_after = Some((towards, bytes)));
    }

    /// Every connection there is passes nothing on any more, and nobody is told: as when a cable is pulled.
    pub fn lose(&self) {
        let dialed = self.connections();
        self.sky.change(|weather| weather.lost = dialed + 1);
    }

    /// Holds the bytes of one way, or lets them go on: as over a link that stalls.
    pub fn hold(&self, towards: Towards, held: bool) {
        self.sky.change(|weather| weather.held[towards as usize] = held);
    }

    /// Refuses new connections, or takes them again.
    pub fn refuse(&self, refuses: bool) {
        self.sky.change(|weather| weather.refuses = refuses);
    }

    /// Each way takes so long from now on.
    pub fn delay(&self, delay: Duration) {
        self.sky.change(|weather| weather.delay = delay);
    }

    /// Carries one way's bytes for as long as the connection lives.
    async fn carry(
        self,
        number: u64,
        towards: Towards,
        mut from: ReadHalf<DuplexStream>,
        mut to: WriteHalf<DuplexStream>,
    ) {
        let sky = &self.sky;
        let carried = async {
            let (mut chunk, mut gone) = (vec![0; 16 << 10], 0);
            loop {
                let read = from.read(&mut chunk).await?;
                let delay = sky.now().delay;
                if !delay.is_zero() {
                    tokio::time::sleep(delay).await;
                }
                // Held bytes wait; lost ones are read and go nowhere, so that their sender does not notice.
                if sky.when(|weather| !weather.held[towards as usize]).await.lost > number {
                    std::future::pending::<()>().await;
                }
                if read == 0 {
                    return to.shutdown().await;
                }
                let cut_after = sky.now().cut_after.filter(|(way, _)| number == 1 && *way == towards);
                let left = cut_after.map_or(usize::MAX, |(_, bytes)| bytes.saturating_sub(gone));
                to.write_all(&chunk[..read.min(left)]).await?;
                gone += read;
                if left <= read {
                    // What was passed on is read before the end is seen.
                    to.shutdown().await?;
                    self.sky.change(|weather| weather.cut = weather.cut.max(number + 1));
                }
            }
        };
        let mut carried = pin!(carried);
        tokio::select! {
            biased;
            _ = sky.when(|weather| weather.cut > number) => {}
            // An end has gone; the other way notices by itself.
            _ = &mut carried => {}
        }
    }
}
