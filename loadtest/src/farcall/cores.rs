//! Farcall with a thread per core on the server, each with a runtime and a listener of its own. Its clients are the same as
//! [`Farcall`]'s, and so are sessions, contract and limits: what differs is what there is to be compared.

use std::any::Any;
use std::net::SocketAddr;

use farcall_server::Threads;

use super::{Farcall, Joined, Listening, ToServer};
use crate::contender::{Contender, Seen, Severable};
use crate::failure::Failure;
use crate::plan::Direction;

/// Farcall, its server on a thread per core.
#[derive(Debug, Clone, Copy)]
pub struct FarcallCores;

impl Contender for FarcallCores {
    type Server = Listening;
    type Client = ToServer;
    type Answerer = Joined;

    fn name(self) -> &'static str {
        "farcall-cores"
    }

    fn changed_limits(self) -> Vec<String> {
        let threads = format!("threads: {:?} (default: {:?})", Threads::per_core(), Threads::default());
        [Farcall.changed_limits(), vec![threads]].concat()
    }

    async fn serve(self, at: SocketAddr, calls: Direction) -> Result<Listening, Failure> {
        Listening::start(at, calls, Threads::per_core()).await
    }

    async fn connect(self, to: SocketAddr) -> Result<ToServer, Failure> {
        Farcall.connect(to).await
    }

    async fn connect_severable(self, to: SocketAddr) -> Result<Box<dyn Severable>, Failure> {
        Farcall.connect_severable(to).await
    }

    async fn watch(self, to: SocketAddr, stalls: bool, seen: Seen) -> Result<Box<dyn Any + Send>, Failure> {
        Farcall.watch(to, stalls, seen).await
    }

    async fn join(self, to: SocketAddr) -> Result<Joined, Failure> {
        Farcall.join(to).await
    }
}
