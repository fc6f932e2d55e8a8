//! Farcall as a contender: the same echo through a contract, handlers and sessions, with resume-ready logs, deadlines
//! and tracing at their defaults. Only limits that would refuse the load itself are lifted.

mod client;
mod contract;
mod cores;
mod listening;
mod severable;
mod wire;

use std::any::Any;
use std::net::SocketAddr;

use bytes::Bytes;
use farcall_protocol::{CallError, Limits};
use farcall_server::Threads;

pub use self::client::{Joined, ToServer};
pub use self::contract::{Bot, Mirror};
pub use self::cores::FarcallCores;
pub use self::listening::{Listening, ToPlayer};
use crate::contender::{Contender, Seen, Severable};
use crate::failure::Failure;
use crate::plan::Direction;

/// Farcall, its server on the runtime of its program.
#[derive(Debug, Clone, Copy)]
pub struct Farcall;

impl Contender for Farcall {
    type Server = Listening;
    type Client = ToServer;
    type Answerer = Joined;

    fn name(self) -> &'static str {
        "farcall"
    }

    fn changed_limits(self) -> Vec<String> {
        changed(&Limits::default(), &limits())
    }

    async fn serve(self, at: SocketAddr, calls: Direction) -> Result<Listening, Failure> {
        Listening::start(at, calls, Threads::Shared).await
    }

    async fn connect(self, to: SocketAddr) -> Result<ToServer, Failure> {
        client::connect(to).await
    }

    async fn connect_severable(self, to: SocketAddr) -> Result<Box<dyn Severable>, Failure> {
        severable::connect(to).await
    }

    async fn watch(self, to: SocketAddr, stalls: bool, seen: Seen) -> Result<Box<dyn Any + Send>, Failure> {
        Ok(Box::new(client::watch(to, stalls, seen).await?))
    }

    async fn join(self, to: SocketAddr) -> Result<Joined, Failure> {
        client::join(to).await
    }
}

/// Of both ends: as between services, and with room for the largest payload that can be asked for.
fn limits() -> Limits {
    Limits { body_bytes_max: Limits::BODY_BYTES_MAX, ..Limits::trusted() }
}

/// The fields in which `ours` differs, as both print themselves: none can be forgotten.
fn changed(usual: &Limits, ours: &Limits) -> Vec<String> {
    let (usual, ours) = (format!("{usual:#?}"), format!("{ours:#?}"));
    let fields = usual.lines().zip(ours.lines()).filter(|(usual, ours)| usual != ours);
    let bare = |line: &str| line.trim().trim_end_matches(',').to_owned();
    fields
        .map(|(usual, ours)| {
            let usual = bare(usual);
            let usual = usual.split_once(": ").map_or(usual.as_str(), |(_, value)| value);
            format!("{} (default: {usual})", bare(ours))
        })
        .collect()
}

fn same(sent: &Bytes, reply: Result<Bytes, CallError>) -> Result<usize, Failure> {
    match reply {
        Ok(body) if body == sent => Ok(body.len()),
        Ok(_) => Err(Failure::WrongReply),
        Err(CallError::NotExecuted(_)) => Err(Failure::Call("not executed")),
        Err(CallError::DeadlineExceeded) => Err(Failure::Call("deadline exceeded")),
        Err(CallError::Indeterminate) => Err(Failure::Lost),
        Err(_) => Err(Failure::Call("failed")),
    }
}

#[cfg(test)]
mod tests;
