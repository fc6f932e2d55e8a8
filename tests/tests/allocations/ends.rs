//! A server and its players, each end on a thread and a runtime of its own, and what they call on each other: plain data and
//! plain functions, for which nothing has to be allocated.

use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::{self, JoinHandle};

use farcall_client::{Client, ClientConfig, route as client_route};
use farcall_protocol::{contract, contracts};
use farcall_server::{Admission, Group, Player, Server, ServerConfig, route};
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::oneshot;

use crate::counting;

#[contract(served_by = server)]
pub trait Meter {
    async fn echo(number: u64) -> u64;
    #[notify]
    fn note(number: u64);
}

#[contract(served_by = client)]
pub trait Probe {
    async fn asked(number: u64) -> u64;
    #[notify]
    fn told(number: u64);
}

#[route(Meter::echo)]
fn echo(number: u64) -> u64 {
    number
}

#[route(Meter::note)]
fn note(_number: u64) {}

#[client_route(Probe::asked)]
fn asked(number: u64) -> u64 {
    number
}

#[client_route(Probe::told)]
fn told(_number: u64) {}

/// Players in the group to which is pushed.
pub const MEMBERS: u64 = 16;

static AT_SERVER: AtomicU64 = AtomicU64::new(0);
static AT_CLIENT: AtomicU64 = AtomicU64::new(0);

/// Both ends. The clients' is the thread on which it was made.
pub struct Ends {
    pub clients: Vec<Client>,
    server: Server,
    at_server: Handle,
    at_client: Runtime,
    ending: Option<(oneshot::Sender<()>, JoinHandle<()>)>,
}

/// Allocations since the beginning.
pub struct Allocations {
    pub server: u64,
    pub client: u64,
}

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().expect("a runtime")
}

impl Ends {
    pub fn new() -> Self {
        let (tell, told) = std::sync::mpsc::sync_channel(1);
        let (end, ended) = oneshot::channel();
        let thread = thread::spawn(move || {
            counting::count_in(&AT_SERVER);
            runtime().block_on(async move {
                let config = ServerConfig { serves: contracts![Meter], ..ServerConfig::default() };
                let server = Server::bind(config, Admission::anonymous()).await.expect("a server");
                tell.send((server, Handle::current())).expect("somebody who waits for it");
                let _ = ended.await;
            });
        });
        let (server, at_server) = told.recv().expect("a server");
        counting::count_in(&AT_CLIENT);
        let at_client = runtime();
        let address = server.local_addr().expect("an address").to_string();
        let clients = at_client.block_on(async {
            let mut clients = Vec::new();
            for number in 0..MEMBERS {
                let config = ClientConfig {
                    serves: contracts![Probe],
                    ..ClientConfig::for_uid(address.clone(), number.into())
                };
                let client = Client::connect(config).await.expect("a session");
                // Answered: the server knows the player.
                assert_eq!(client.echo(number).await, Ok(number));
                clients.push(client);
            }
            clients
        });
        Self { clients, server, at_server, at_client, ending: Some((end, thread)) }
    }

    pub fn allocations(&self) -> Allocations {
        let now = |counter: &AtomicU64| counter.load(Ordering::SeqCst);
        Allocations { server: now(&AT_SERVER), client: now(&AT_CLIENT) }
    }

    /// Runs something at the clients' end.
    pub fn run<R>(&self, future: impl Future<Output = R>) -> R {
        self.at_client.block_on(future)
    }

    /// Runs something at the server's end, and waits for it.
    pub async fn at_server<R: Send + 'static>(&self, future: impl Future<Output = R> + Send + 'static) -> R {
        self.at_server.spawn(future).await.expect("it does not panic")
    }

    /// A player, as the server has it.
    pub fn player(&self, client: &Client) -> Player {
        self.server.player(client.session().uid().as_str()).expect("a player")
    }

    /// All players as a group.
    pub fn group(&self) -> Group {
        let group = self.server.group("all");
        for client in &self.clients {
            group.members().add(client.session().uid().as_str()).expect("a member");
        }
        group
    }
}

impl Drop for Ends {
    fn drop(&mut self) {
        self.clients.clear();
        if let Some((end, thread)) = self.ending.take() {
            let _ = end.send(());
            // It has told of its own panic.
            let _ = thread.join();
        }
    }
}
