//! gRPC by tonic, in two ways: a unary call for each echo, and one bidirectional stream in which either end calls.
//!
//! Chosen, and why it is fair: one HTTP/2 connection for each client, TCP_NODELAY (tonic's default), windows that no
//! workload fills (streams at once are unlimited by default), bodies as shared `Bytes` instead of copied vectors. Where a
//! stream exists, it is used: pushes travel on it, and the second contender's calls.

mod bidi;
mod link;
mod service;
mod unary;

pub use self::bidi::TonicBidi;
pub use self::unary::TonicUnary;

#[allow(clippy::all, reason = "generated from schema/echo.proto")]
mod proto {
    tonic::include_proto!("echo");
}

use std::net::SocketAddr;

use farcall_load::Failure;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Status};

use crate::queue::QUEUE;

/// Connects to `to`.
async fn connect(to: SocketAddr) -> Result<Channel, Failure> {
    let endpoint = Endpoint::from_shared(format!("http://{to}")).map_err(|_| Failure::Refused)?;
    let endpoint = endpoint
        .tcp_nodelay(true)
        .initial_stream_window_size(STREAM_WINDOW_BYTES)
        .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
        .buffer_size(QUEUE);
    endpoint.connect().await.map_err(|_| Failure::Refused)
}

/// What is set here other than by default.
fn changed_limits() -> Vec<String> {
    vec![
        format!("buffer_size: {QUEUE} (default: 1024)"),
        format!("initial_stream_window_size: {STREAM_WINDOW_BYTES} (default: 2097152, of a server 1048576)"),
        format!(
            "initial_connection_window_size: {CONNECTION_WINDOW_BYTES} (default: 5242880, of a server 1048576)"
        ),
    ]
}

/// What a status means here.
fn failure(status: &Status) -> Failure {
    match status.code() {
        // What tonic says when the connection is gone.
        Code::Unavailable | Code::Unknown => Failure::Lost,
        Code::Cancelled => Failure::Call("cancelled"),
        Code::ResourceExhausted | Code::OutOfRange => Failure::TooLarge,
        _ => Failure::Call("failed"),
    }
}

const STREAM_WINDOW_BYTES: u32 = 4 << 20;
const CONNECTION_WINDOW_BYTES: u32 = 16 << 20;
