//! The game of these tests: a hall in which players hear things.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use farcall_client::{Client, ClientConfig, ConnectError, LoginError, LoginFailed};
use farcall_protocol::{CloseCode, CloseReason, Message, contract, contracts};
use farcall_server::{Admission, DuplicateLogin, Player, ServerConfig, State, States, route};
use farcall_tests::kept::Kept;
use farcall_tests::{Over, Table};
use serde::{Deserialize, Serialize, Serializer};
use tokio::sync::Notify;

/// What players call on the hall.
#[contract(served_by = server)]
pub trait Hall {
    /// Answers when the gate opens.
    async fn wait() -> u32;
    /// Adds two numbers.
    async fn sum(x: i64, y: i64) -> i64;
}

/// What the hall calls on players.
#[contract(served_by = client)]
pub trait Ear {
    /// Is anybody there?
    async fn ask(number: u64) -> u64;
    /// Never answers.
    async fn ponder() -> u64;
    /// A line.
    #[notify]
    fn hear(line: u64);
    /// A line that counts how often it is serialised.
    #[notify]
    fn counted(line: Counted);
    /// A long line.
    #[notify]
    fn long(line: String);
}

/// How often a [`Counted`] was serialised.
pub static SERIALISED: AtomicUsize = AtomicUsize::new(0);

/// A message that counts how often it is serialised.
#[derive(Debug, Clone, Deserialize, Message)]
pub struct Counted {
    /// What is said.
    pub line: u64,
}

impl Serialize for Counted {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct;
        SERIALISED.fetch_add(1, Ordering::SeqCst);
        let mut fields = serializer.serialize_struct("Counted", 1)?;
        fields.serialize_field("line", &self.line)?;
        fields.end()
    }
}

/// Opens for whoever waits.
#[derive(Debug, Clone, Default)]
pub struct Gate(pub Arc<Notify>);

/// What one player has heard, in order.
pub type Heard = Kept<u64>;

/// What happened, in order.
pub type Story = Kept<String>;

#[route(Hall::wait)]
async fn wait(gate: State<Gate>) -> u32 {
    gate.0.notified().await;
    7
}

#[route(Hall::sum)]
fn sum(x: i64, y: i64) -> i64 {
    x + y
}

#[route(Ear::ask)]
fn ask(number: u64) -> u64 {
    number
}

#[route(Ear::ponder)]
async fn ponder() -> u64 {
    std::future::pending().await
}

#[route(Ear::hear)]
fn hear(heard: State<Heard>, line: u64) {
    heard.add(line);
}

#[route(Ear::counted)]
fn counted(heard: State<Heard>, line: Counted) {
    heard.add(line.line);
}

#[route(Ear::long)]
fn long(heard: State<Heard>, line: String) {
    heard.add(line.len() as u64);
}

/// The hall.
pub struct Place {
    pub table: Table,
    pub gate: Gate,
}

pub async fn hall(over: Over) -> Place {
    Place::new(over, DuplicateLogin::KickOld, Admission::anonymous()).await
}

impl Place {
    pub async fn new(over: Over, duplicate_login: DuplicateLogin, admission: Admission) -> Self {
        let gate = Gate::default();
        let config = ServerConfig {
            serves: contracts![Hall],
            states: States::new().with(gate.clone()),
            duplicate_login,
            logins_pending_max: 8_192,
            ..ServerConfig::default()
        };
        Self { table: Table::start(over, config, admission).await, gate }
    }

    pub fn config(&self, uid: &str) -> (ClientConfig, Heard) {
        let heard = Heard::default();
        let states = States::new().with(heard.clone());
        (ClientConfig { serves: contracts![Ear], states, ..self.table.player(uid) }, heard)
    }

    pub async fn try_enter(&self, uid: &str) -> Result<(Client, Heard), ConnectError> {
        let (config, heard) = self.config(uid);
        Ok((self.table.connect(config).await?, heard))
    }

    pub async fn enter(&self, uid: &str) -> (Client, Heard) {
        self.try_enter(uid).await.expect("a login")
    }

    pub fn player(&self, uid: &str) -> Player {
        self.table.server.player(uid).expect("a player")
    }

    pub fn sessions(&self) -> u64 {
        self.table.server.stats().sessions
    }
}

/// With which code a login was refused.
pub fn refused_with(error: ConnectError) -> CloseCode {
    match error {
        ConnectError::Login(LoginFailed::Login(LoginError::Closed { code, .. })) => code,
        ConnectError::Login(LoginFailed::Login(LoginError::Refused(refusal))) => refusal.code(),
        other => panic!("{other:?}"),
    }
}

/// Why a client's session ended, as the client was told.
pub async fn told(client: &Client) -> CloseReason {
    client.session().closed().await
}
