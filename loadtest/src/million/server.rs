//! One server process: takes its share of the sessions and does nothing unasked. What it is asked comes on stdin.

use std::time::Duration;

use farcall_protocol::Limits;
use farcall_server::{Admission, BindError, Server, ServerConfig};

use super::contract::Listener;
use super::orders::{Counted, Line, ToServer};
use crate::ends::ANY;
use crate::failure::{Failure, Trouble};
use crate::process;

/// What one server process is told at its start.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct ServerOptions {
    /// Sessions that will come
    #[arg(long)]
    pub(super) sessions: u64,
    /// Milliseconds between two pings
    #[arg(long)]
    pub(super) heartbeat_ms: u64,
    /// Milliseconds of silence after which a peer is gone
    #[arg(long)]
    pub(super) silence_ms: u64,
    /// What clients prove to know
    #[arg(long)]
    pub(super) key: String,
}

impl ServerOptions {
    /// In a child: serves until stdin closes.
    pub(crate) async fn obey(self) -> Result<(), Trouble> {
        let mut orders = process::orders();
        let server = self.start().await?;
        let address = server.local_addr().ok_or(Trouble::Listen { at: ANY, why: Failure::Refused })?;
        let mut heard = process::say(&address);
        while let (Ok(()), Some(order)) = (heard, orders.recv().await) {
            heard = match serde_json::from_str(&order) {
                Ok(order) => process::say(&Line(&answer(&server, order))),
                Err(why) => {
                    return Err(Trouble::OtherEnd(format!("an order that is none, `{order}`: {why}")));
                }
            };
        }
        // All at once: a goodbye to every session would take longer than what was measured.
        std::process::exit(0)
    }

    async fn start(&self) -> Result<Server, Trouble> {
        let config = ServerConfig {
            address: ANY.to_string(),
            limits: Limits {
                heartbeat: Duration::from_millis(self.heartbeat_ms),
                silence_max: Duration::from_millis(self.silence_ms),
                ..Limits::default()
            },
            sessions_max: usize::try_from(self.sessions).unwrap_or(usize::MAX),
            ..ServerConfig::default()
        };
        let bound = Server::bind(config, Admission::shared_key(self.key.as_bytes())).await;
        bound.map_err(|error| Trouble::Listen { at: ANY, why: kind(error) })
    }
}

/// Does what it is told.
fn answer(server: &Server, order: ToServer) -> Counted {
    let pushed = match order {
        ToServer::Count => 0,
        ToServer::Push => server.everyone().reach().sent as u64,
    };
    let stats = server.stats();
    Counted { sessions: stats.sessions, detached: stats.detached, resumed: stats.resumed, pushed }
}

fn kind(error: BindError) -> Failure {
    match error {
        BindError::Address { error, .. } => error.into(),
        _ => Failure::Call("cannot start"),
    }
}

/// What turns a share of a run into the command line of its server.
pub(super) fn arguments(options: &ServerOptions) -> Vec<String> {
    let ServerOptions { sessions, heartbeat_ms, silence_ms, key } = options;
    let numbers = [("--sessions", sessions), ("--heartbeat-ms", heartbeat_ms), ("--silence-ms", silence_ms)];
    let mut arguments = vec!["million-server".to_owned(), "--key".to_owned(), key.clone()];
    arguments.extend(numbers.into_iter().flat_map(|(name, number)| [name.to_owned(), number.to_string()]));
    arguments
}
