//! The test kit for games ([`TestServer`], [`TestPlayer`]), and what Farcall's own tests across crates share: a small
//! game's contract, and a server with players over either transport. The tests themselves stand in `tests/`.

pub mod chance;
pub mod faults;
pub mod kept;
pub mod kit;
pub mod log;
pub mod proxy;
pub mod raw;
pub mod seeded;
pub mod sim;
pub mod table;
pub mod victim;
pub mod waiting;

pub use kit::{Heard, TestPlayer, TestServer};

use farcall_client::{Client, ClientConfig, ConnectError};
use farcall_server::{Admission, Server, ServerConfig};

/// Over what a test's players connect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Over {
    /// Real sockets on loopback.
    Tcp,
    /// Streams within the process.
    Memory,
}

/// A server and the way to it.
#[derive(Debug, Clone)]
pub struct Table {
    /// The server.
    pub server: Server,
    over: Over,
}

impl Table {
    /// Starts a server.
    pub async fn start<T>(over: Over, config: ServerConfig, admission: Admission<T>) -> Self {
        let server = match over {
            Over::Tcp => Server::bind(config, admission).await,
            Over::Memory => Server::in_memory(config, admission),
        };
        Self { server: server.expect("a server"), over }
    }

    /// A player's configuration, with nothing served.
    pub fn player(&self, uid: &str) -> ClientConfig {
        let address = self.server.local_addr().map(|address| address.to_string()).unwrap_or_default();
        ClientConfig::new(address, uid).expect("a uid")
    }

    /// Connects a player.
    ///
    /// # Errors
    /// The client's own.
    pub async fn connect(&self, config: ClientConfig) -> Result<Client, ConnectError> {
        match self.over {
            Over::Tcp => Client::connect(config).await,
            Over::Memory => {
                Client::over(self.server.dialer().connect().await.expect("a server"), config).await
            }
        }
    }
}

/// Runs one test body over each transport.
#[macro_export]
macro_rules! over_both_transports {
    ($($(#[$meta:meta])* async fn $name:ident($over:ident: Over) $body:block)*) => {
        $(
            mod $name {
                #[allow(unused_imports, reason = "not every body needs everything")]
                use super::*;
                async fn body($over: $crate::Over) $body
                $(#[$meta])*
                #[tokio::test]
                async fn over_tcp() { body($crate::Over::Tcp).await }
                $(#[$meta])*
                #[tokio::test]
                async fn in_memory() { body($crate::Over::Memory).await }
            }
        )*
    };
}
