//! What a contender must offer to be measured. Only the seam: no loops, no statistics, no process handling.
//!
//! Each round has one calling end and one answering end. Usually clients call the server; in workload E the server
//! calls its clients. The calling end always lives in the measuring process, the answering end in the child.

use std::net::SocketAddr;

use crate::failure::Failure;
use crate::plan::Direction;

/// A way of making calls over loopback, under its name in the tables.
///
/// Generic down to the single call, so that measuring adds no allocation or indirection to it.
pub trait Contender: Copy + Send + Sync + 'static {
    /// The listening end; dropping it ends it.
    type Server: Server;
    /// A connected client that calls; dropping it closes its connection.
    type Client: Caller;
    /// A connected client that answers the server's calls; dropping it closes its connection.
    type Answerer: Send + 'static;

    /// Name in tables, in JSON, and after `--contender`.
    fn name(self) -> &'static str;

    /// What it sets other than a user would get by default, one `name: value (default: value)` each: printed with every
    /// figure, so that nobody compares unlike things.
    fn changed_limits(self) -> Vec<String> {
        Vec::new()
    }

    /// Starts the listening end on `at` (port 0 means any). With [`Direction::ToServer`] it answers every echo;
    /// with [`Direction::ToClient`] it is the one that will call.
    fn serve(
        self,
        at: SocketAddr,
        calls: Direction,
    ) -> impl Future<Output = Result<Self::Server, Failure>> + Send;

    /// Connects a client that will call; ready to be called upon when the future ends.
    fn connect(self, to: SocketAddr) -> impl Future<Output = Result<Self::Client, Failure>> + Send;

    /// Connects a client that answers the server's echoes (workload E).
    fn join(self, to: SocketAddr) -> impl Future<Output = Result<Self::Answerer, Failure>> + Send;
}

/// The listening end of a [`Contender`].
pub trait Server: Send + 'static {
    /// Calls from this server to one of its clients.
    type Caller: Caller;

    /// Where it listens.
    fn address(&self) -> SocketAddr;

    /// Waits until `wanted` clients have joined and gives a caller for each (workload E). The round bounds the wait.
    /// A contender whose server cannot call its clients answers [`Failure::CannotCallClients`].
    fn clients(&mut self, wanted: usize) -> impl Future<Output = Result<Vec<Self::Caller>, Failure>> + Send;
}

/// One connection, seen from the end that calls. Shared by many tasks, each with one call in flight.
pub trait Caller: Send + Sync + 'static {
    /// Sends `body`, awaits the same bytes, and says how many came back.
    /// After a failure that [`ends the connection`](Failure::ends_connection) it is not called again.
    fn echo(&self, body: &[u8]) -> impl Future<Output = Result<usize, Failure>> + Send;
}
