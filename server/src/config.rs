//! What a server is started with, plain values with defaults, and why it cannot be.

use std::io;

use farcall_link::{Bare, Routes, StartError, States};
use farcall_protocol::{ContractDescriptor, Limits};

use crate::threads::Threads;

/// How a server is to be. Every field has a default; write those that differ:
/// `ServerConfig { serves: contracts![Lobby], ..ServerConfig::default() }`.
#[derive(Debug)]
pub struct ServerConfig {
    /// Where to listen, as `host:port`. Port 0 lets the system choose. Default: `127.0.0.1:0`.
    pub address: String,
    /// The contracts that players may call. What is only linked is not served.
    pub serves: Vec<&'static ContractDescriptor>,
    /// Which routes of no contract to serve. Default: none.
    pub bare: Bare,
    /// Take handlers from this module and those below it only, named as `module_path!()` names it. For a program that
    /// holds peers of several kinds, such as a person and bots, each with handlers of its own for one contract.
    /// Default: `None`, all that are linked.
    pub handlers_in: Option<&'static str>,
    /// Routes added by hand.
    pub routes: Routes,
    /// Serves `farcall.routes`, from which the command `farcall` and others learn what can be called here: names,
    /// types, docs. Default: false; leave it so in production, every admitted player could read it.
    pub introspection: bool,
    /// The contracts that this server calls on its players, for `farcall.routes` to tell.
    pub calls: Vec<&'static ContractDescriptor>,
    /// The values that handlers take as `State<T>`.
    pub states: States,
    /// What one session may do and hold.
    pub limits: Limits,
    /// What happens when a player logs in who is already there.
    pub duplicate_login: DuplicateLogin,
    /// Sessions at once; further logins are refused as busy. Default: 65,536.
    pub sessions_max: usize,
    /// Bytes held for players without a connection, all together; beyond it those that have waited longest are closed (L27).
    /// Default: 512 MiB.
    pub detached_bytes_max: usize,
    /// Connections at once that have not logged in; further ones are dropped (L10). Default: 2,048.
    pub logins_pending_max: usize,
    /// Which threads run the sessions. Default: those of the runtime within which the server is made.
    pub threads: Threads,
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self {
            address: "127.0.0.1:0".into(),
            serves: Vec::new(),
            bare: Bare::None,
            handlers_in: None,
            routes: Routes::new(),
            introspection: false,
            calls: Vec::new(),
            states: States::new(),
            limits: Limits::default(),
            duplicate_login: DuplicateLogin::default(),
            sessions_max: 65_536,
            detached_bytes_max: 512 << 20,
            logins_pending_max: 2_048,
            threads: Threads::default(),
        }
    }
}

/// What happens when a player logs in who is already there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum DuplicateLogin {
    /// The older session is closed as `Replaced`; the new one begins when the old one's handlers have stopped and
    /// its `closed` hook has returned.
    #[default]
    KickOld,
    /// The new login is refused as `AlreadyConnected`.
    RejectNew,
    /// Up to this many sessions side by side; the oldest makes room for one more.
    Allow(usize),
}

/// Why a server cannot start.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// Something is wrong with what it is to serve.
    #[error(transparent)]
    Routes(#[from] StartError),
    /// It cannot listen there.
    #[error("cannot listen on {address}: {error}")]
    Address {
        /// Where.
        address: String,
        /// Why.
        error: io::Error,
    },
    /// A thread of its own cannot start: the system has no more, or no more descriptors for its runtime.
    #[error("cannot start thread {number} of {of}: {error}")]
    Thread {
        /// Which, from 1.
        number: usize,
        /// How many there were to be.
        of: usize,
        /// Why.
        error: io::Error,
    },
    /// Admission's `closed` was given before its `session`.
    #[error(
        "give `Admission::session` before `Admission::closed`: the hook is handed what the session carried"
    )]
    ClosedBeforeSession,
    /// The operating system gives no random numbers.
    #[error("no randomness: {0}")]
    Randomness(String),
}
