//! The server as its program holds it.

use std::net::SocketAddr;
use std::sync::atomic::Ordering;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use farcall_link::__private::{Invocation, Need, Parameter};
use farcall_link::transport::memory::{self, Dialer};
use farcall_link::{Door, Inbox, PollError, Polled, Router, Served, randomness};
use farcall_protocol::{CloseCode, Side};
use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{debug, error, info};

use crate::Player;
use crate::accept;
use crate::admission::{Admission, DoorKeeper};
use crate::config::{BindError, ServerConfig};
use crate::graves::Graves;
use crate::group::{Everyone, Group, Groups};
use crate::janitor;
use crate::listen;
use crate::players::{Offline, Players};
use crate::stats::{Counters, Stats};
use crate::threads::{Crew, Threads, Turns};

/// A running server. Clones are handles to the same one; it runs until [`shutdown`](Self::shutdown), or until the
/// program's last handle is dropped, which closes every session at once.
///
/// A handler may take one as a parameter, to reach other players: `async fn whisper(server: Server, to: Uid)`. Such a
/// handle does not keep the server running.
#[derive(Debug, Clone)]
pub struct Server {
    pub(crate) inner: Arc<Inner>,
    /// Not in handles that handlers are given.
    _running: Option<Arc<Running>>,
}

/// Closes the server when the program's last handle goes. Sessions hold the inner part only.
#[derive(Debug)]
struct Running(Arc<Inner>);

impl Parameter for Server {
    const NEED: Option<Need> = Some(Need::server::<Inner>());

    #[expect(clippy::expect_used, reason = "start-up refuses such a handler on a client")]
    fn take(call: &Invocation<'_>) -> Self {
        Self { inner: call.owner().expect("a server's session"), _running: None }
    }
}

/// How long a server that ends waits for its `closed` hooks and its threads.
const HOOKS_MAX: Duration = Duration::from_secs(30);

/// What sessions and groups share.
#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) config: Settings,
    pub(crate) admission: DoorKeeper,
    pub(crate) router: Arc<Router>,
    pub(crate) inbox: Arc<Inbox>,
    pub(crate) door: Door,
    pub(crate) players: Players,
    pub(crate) graves: Graves,
    pub(crate) groups: Groups,
    local_addr: OnceLock<SocketAddr>,
    dialer: Dialer,
    pub(crate) logins_pending: Arc<Semaphore>,
    pub(crate) counters: Counters,
    pub(crate) closing: CancellationToken,
    pub(crate) tasks: TaskTracker,
    crew: Crew,
}

/// What stays of the configuration once routes are frozen.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) limits: Arc<farcall_protocol::Limits>,
    pub(crate) duplicate_login: crate::DuplicateLogin,
    pub(crate) sessions_max: usize,
    pub(crate) detached_bytes_max: usize,
    pub(crate) logins_pending_max: usize,
}

impl Server {
    /// Starts a server that listens on `config.address`, and for connections of this process.
    ///
    /// # Errors
    /// [`BindError`]; nothing runs then.
    pub async fn bind<T>(config: ServerConfig, admission: Admission<T>) -> Result<Self, BindError> {
        let (address, threads) = (config.address.clone(), config.threads);
        let at = |error| BindError::Address { address: address.clone(), error };
        let (near, dialer) = memory::listener();
        let inner = Inner::new(config, admission.door, dialer)?;
        let listeners = listen::on(&address, threads.runtimes()).await.map_err(at)?;
        let local_addr = listeners[0].local_addr().map_err(at)?;
        let (server, runtimes) = Self::start(inner, near, threads)?;
        if let Err(error) = accept::start(&server.inner, listeners, &runtimes) {
            server.shutdown(Duration::ZERO).await;
            return Err(at(error));
        }
        let routes = server.inner.router.names().len();
        info!(target: "farcall", address = %local_addr, routes, ?threads, "listening");
        let _ = server.inner.local_addr.set(local_addr);
        Ok(server)
    }

    /// Starts a server for connections of this process only: no port, for tests.
    ///
    /// # Errors
    /// [`BindError`]; nothing runs then.
    pub fn in_memory<T>(config: ServerConfig, admission: Admission<T>) -> Result<Self, BindError> {
        let threads = config.threads;
        let (near, dialer) = memory::listener();
        let (server, _) = Self::start(Inner::new(config, admission.door, dialer)?, near, threads)?;
        Ok(server)
    }

    /// Starts its threads, and what every server has; the runtimes are those for its sessions.
    pub(crate) fn start(
        inner: Arc<Inner>,
        near: memory::Listener,
        threads: Threads,
    ) -> Result<(Self, Vec<Handle>), BindError> {
        let runtimes = inner.crew.start(threads, &inner.tasks)?;
        let in_memory = accept::in_memory(inner.clone(), near, Turns::of(runtimes.clone()));
        inner.tasks.spawn_on(in_memory, &runtimes[0]);
        inner.tasks.spawn_on(janitor::look_after(Arc::downgrade(&inner)), &runtimes[0]);
        for line in inner.router.table_in_words() {
            debug!(target: "farcall", side = Side::Server.name(), "serves {line}");
        }
        Ok((Self { _running: Some(Arc::new(Running(inner.clone()))), inner }, runtimes))
    }

    /// Where it listens; `None` for one in memory.
    pub fn local_addr(&self) -> Option<SocketAddr> {
        self.inner.local_addr.get().copied()
    }

    /// The way to it within this process: `Client::over(server.dialer().connect().await?, ..)`.
    pub fn dialer(&self) -> Dialer {
        self.inner.dialer.clone()
    }

    /// A player, to call or push to: its newest session.
    ///
    /// # Errors
    /// [`Offline`], the only way in which this fails.
    pub fn player(&self, uid: impl AsRef<str>) -> Result<Player, Offline> {
        self.inner.players.newest(uid.as_ref())
    }

    /// All sessions of a player, oldest first. More than one only under `DuplicateLogin::Allow`.
    pub fn sessions(&self, uid: impl AsRef<str>) -> Vec<Player> {
        let seats = self.inner.players.seats(uid.as_ref());
        let open = seats.iter().filter(|seat| seat.session().is_open());
        open.map(|seat| seat.player()).collect()
    }

    /// The group of that name; made when there is none.
    pub fn group(&self, name: impl AsRef<str>) -> Group {
        self.inner.groups.named(name.as_ref(), &self.inner)
    }

    /// Every player: `server.everyone().chat(&line)`.
    pub fn everyone(&self) -> Everyone {
        Everyone { server: self.inner.clone() }
    }

    /// Sends each player something of its own: `server.each(&uids, |player, uid| player.snapshot(view_of(uid)))`.
    /// Players who are offline are left out. How many were there.
    pub fn each<U: AsRef<str>>(
        &self,
        uids: impl IntoIterator<Item = U>,
        mut send: impl FnMut(&Player, &U),
    ) -> usize {
        let mut reached = 0;
        for uid in uids {
            if let Ok(player) = self.player(&uid) {
                send(&player, &uid);
                reached += 1;
            }
        }
        reached
    }

    /// Closes a player's sessions, telling it why. False if it has none.
    pub fn kick(&self, uid: impl AsRef<str>, why: &str) -> bool {
        let seats = self.inner.players.seats(uid.as_ref());
        seats.iter().for_each(|seat| seat.close(CloseCode::Kicked, why));
        !seats.is_empty()
    }

    /// Runs what waits for the game's loop, on this thread: calls and messages of all players for handlers that take
    /// `&mut T`, and callbacks given with `then_on_frame`. Stops starting work when the budget is spent. While nobody
    /// polls, they wait, bounded for each session, and calls run out their deadlines.
    ///
    /// # Errors
    /// [`PollError`]: the handlers take another type, or another thread is polling.
    pub fn poll<F: 'static>(&self, frame: &mut F, budget: Duration) -> Result<Polled, PollError> {
        self.inner.inbox.poll(frame, budget)
    }

    /// What it has done and holds.
    pub fn stats(&self) -> Stats {
        Stats::of(&self.inner)
    }

    /// Ends the server: takes nobody new, lets calls in flight end for at most `grace`, then closes every session
    /// and waits until handlers have stopped, `closed` hooks have returned and threads of its own have ended, those for at
    /// most half a minute more: a program must be able to end. Dropping this half-way leaves the rest to happen by itself.
    pub async fn shutdown(&self, grace: Duration) {
        let inner = &self.inner;
        inner.closing.cancel();
        inner.tasks.close();
        // Whatever grace is left when the last call has ended is not waited for.
        let _ = tokio::time::timeout(grace, inner.idle()).await;
        inner.close_all();
        let ended = async {
            inner.tasks.wait().await;
            inner.crew.ended().await;
        };
        if tokio::time::timeout(HOOKS_MAX, ended).await.is_err() {
            let sessions = inner.counters.sessions.load(Ordering::Relaxed);
            error!(target: "farcall", sessions, "`closed` hooks or threads have not ended, and are not waited for any longer");
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.closing.cancel();
        self.0.tasks.close();
        self.0.close_all();
    }
}

impl Inner {
    pub(crate) fn new(
        config: ServerConfig,
        admission: DoorKeeper,
        dialer: Dialer,
    ) -> Result<Arc<Self>, BindError> {
        if admission.is_out_of_order {
            return Err(BindError::ClosedBeforeSession);
        }
        let ServerConfig { serves, bare, handlers_in, routes, states, limits, .. } = config;
        let router = Router::collect(Served {
            side: Side::Server,
            contracts: &serves,
            bare,
            handlers_in,
            routes,
            states,
            session: admission.carries,
        })?;
        let router = match config.introspection {
            true => router.with_introspection(Side::Server, &config.calls),
            false => router,
        };
        let mut epoch = [0; 8];
        randomness::fill(&mut epoch).map_err(|error| BindError::Randomness(error.to_string()))?;
        let epoch = u64::from_le_bytes(epoch);
        Ok(Arc::new(Self {
            logins_pending: Arc::new(Semaphore::new(config.logins_pending_max)),
            config: Settings {
                limits: Arc::new(limits),
                duplicate_login: config.duplicate_login,
                sessions_max: config.sessions_max,
                detached_bytes_max: config.detached_bytes_max,
                logins_pending_max: config.logins_pending_max,
            },
            admission,
            inbox: Arc::new(Inbox::new(router.frame())),
            router: Arc::new(router),
            door: Door { epoch, began: Instant::now() },
            players: Players::default(),
            graves: Graves::default(),
            groups: Groups::default(),
            local_addr: OnceLock::new(),
            dialer,
            counters: Counters::new(),
            closing: CancellationToken::new(),
            tasks: TaskTracker::new(),
            crew: Crew::default(),
        }))
    }

    pub(crate) fn is_closing(&self) -> bool {
        self.closing.is_cancelled()
    }

    fn close_all(&self) {
        // Over a copy: closing runs callbacks of the game, which may come back to the map.
        self.players.all().iter().for_each(|seat| seat.close(CloseCode::Shutdown, ""));
    }

    /// Waits until no call of a player is being handled.
    async fn idle(&self) {
        let mut look = tokio::time::interval(Duration::from_millis(10));
        loop {
            look.tick().await;
            let mut calls = 0;
            self.players.each(|seat| calls += seat.session().calls_incoming());
            if calls == 0 {
                return;
            }
        }
    }
}
