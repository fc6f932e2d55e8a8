//! A server whose sessions run on threads of its own: the same game as on a shared runtime, each session on one thread for life,
//! over whatever thread's listener its player comes back; and how such a server begins and ends.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

mod ending;
mod playing;
mod returning;
mod starting;

use std::collections::HashMap;
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Duration;

use farcall_client::route as client_route;
use farcall_client::{Client, ClientConfig, Limits, Reconnect, State, States};
use farcall_protocol::{contract, contracts};
use farcall_server::{Admission, Context, Server, ServerConfig, Threads, route};
use farcall_tests::kept::Kept;
use tokio::sync::{Mutex as AsyncMutex, MutexGuard};

#[contract(served_by = server)]
trait Yard {
    /// The thread of a plain handler.
    async fn thread() -> String;
    /// The thread of a handler that has waited.
    async fn thread_later() -> String;
    /// Asks the caller for twice the number.
    async fn ask_back(number: u32) -> u32;
    /// Holds its thread up until the gate opens, as no handler should.
    async fn hold();
    /// Spawns a task that never ends.
    async fn leave_behind();
    /// Ends the server.
    #[notify]
    fn end();
}

#[contract(served_by = client)]
trait Mate {
    /// Twice the number.
    async fn twice(number: u32) -> u32;
    /// Never answers.
    async fn ponder() -> u32;
    /// Something said.
    #[notify]
    fn hear(line: u32);
}

/// A gate for threads.
#[derive(Debug, Default)]
struct Gate {
    is_open: Mutex<bool>,
    held: Mutex<u32>,
    opened: Condvar,
}

impl Gate {
    fn pass(&self) {
        *self.held.lock().unwrap() += 1;
        let closed = self.is_open.lock().unwrap();
        // Bounded, so that a test which fails leaves no thread behind.
        let _ = self.opened.wait_timeout_while(closed, LONG, |is_open| !*is_open).unwrap();
    }

    fn held(&self) -> u32 {
        *self.held.lock().unwrap()
    }

    fn open(&self) {
        *self.is_open.lock().unwrap() = true;
        self.opened.notify_all();
    }
}

/// What one player has heard.
type Heard = Kept<u32>;

fn here() -> String {
    thread::current().name().unwrap_or_default().to_owned()
}

#[route(Yard::thread)]
fn thread() -> String {
    here()
}

#[route(Yard::thread_later)]
async fn thread_later() -> String {
    tokio::task::yield_now().await;
    here()
}

#[route(Yard::ask_back)]
async fn ask_back(ctx: Context, number: u32) -> u32 {
    ctx.peer().twice(number).await.unwrap_or_default()
}

#[route(Yard::hold)]
fn hold(gate: State<Gate>) {
    gate.pass();
}

#[route(Yard::leave_behind)]
fn leave_behind() {
    tokio::spawn(std::future::pending::<()>());
}

#[route(Yard::end)]
async fn end(server: Server) {
    server.shutdown(Duration::ZERO).await;
}

#[client_route(Mate::twice)]
fn twice(number: u32) -> u32 {
    number * 2
}

#[client_route(Mate::ponder)]
async fn ponder() -> u32 {
    std::future::pending().await
}

#[client_route(Mate::hear)]
fn hear(heard: State<Heard>, line: u32) {
    heard.add(line);
}

/// Longer than anything here takes.
const LONG: Duration = Duration::from_secs(60);

/// A server and what its handlers share.
struct Place {
    server: Server,
    gate: Arc<Gate>,
    /// The thread that took the last connection of each player.
    taken_by: Arc<Mutex<HashMap<String, String>>>,
}

/// How a server of these tests is to be.
fn config(threads: Threads) -> ServerConfig {
    let limits = Limits { deadline_default: LONG, ..Limits::default() };
    let states = States::new().with_shared(Arc::<Gate>::default());
    ServerConfig { serves: contracts![Yard], limits, states, threads, ..ServerConfig::default() }
}

async fn place(threads: Threads) -> Place {
    let (gate, taken_by) = (Arc::<Gate>::default(), Arc::<Mutex<HashMap<String, String>>>::default());
    let states = States::new().with_shared(gate.clone());
    let taken = taken_by.clone();
    let admission = Admission::new(move |arrival| {
        taken.lock().unwrap().insert(arrival.uid.to_string(), here());
        async { Ok(arrival.uid) }
    });
    let server = Server::bind(ServerConfig { states, ..config(threads) }, admission).await.unwrap();
    Place { server, gate, taken_by }
}

impl Place {
    async fn enter(&self, uid: &str) -> (Client, Heard) {
        self.enter_by(self.server.local_addr().unwrap().to_string(), uid).await
    }

    async fn enter_by(&self, address: String, uid: &str) -> (Client, Heard) {
        let heard = Heard::default();
        let client = Client::connect(player(address, uid, &heard)).await.unwrap();
        (client, heard)
    }
}

fn player(address: String, uid: &str, heard: &Heard) -> ClientConfig {
    ClientConfig {
        serves: contracts![Mate],
        states: States::new().with(heard.clone()),
        limits: Limits { deadline_default: LONG, ..Limits::default() },
        reconnect: Reconnect {
            pause_min: Duration::from_millis(1),
            pause_max: Duration::from_millis(20),
            ..Reconnect::default()
        },
        ..ClientConfig::new(address, uid).unwrap()
    }
}

/// One test at a time: some count this process's threads.
async fn alone() -> MutexGuard<'static, ()> {
    static ALONE: AsyncMutex<()> = AsyncMutex::const_new(());
    ALONE.lock().await
}

/// Threads of servers' own in this process.
#[cfg(target_os = "linux")]
fn crew() -> usize {
    let tasks = std::fs::read_dir("/proc/self/task").unwrap().flatten();
    let names = tasks.filter_map(|task| std::fs::read_to_string(task.path().join("comm")).ok());
    names.filter(|name| name.starts_with("farcall-")).count()
}
