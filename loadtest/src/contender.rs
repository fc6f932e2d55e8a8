//! What a contender must offer to be measured. Only the seam: no loops, no statistics, no process handling.
//!
//! Each round has one calling end and one answering end. Usually clients call the server; in workload E the server
//! calls its clients, in F and FL it pushes to them. The end that speaks always lives in the measuring process, the
//! other in the child.

use std::any::Any;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::BoxFuture;

use tokio::runtime::Handle;

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
    /// A connected client that answers the server's calls and takes its pushes; dropping it closes its connection.
    type Answerer: Answerer;

    /// Name in tables, in JSON, and after `--contender`.
    fn name(self) -> &'static str;

    /// What it sets other than a user would get by default, one `name: value (default: value)` each: printed with every
    /// figure, so that nobody compares unlike things.
    fn changed_limits(self) -> Vec<String> {
        Vec::new()
    }

    /// Starts the listening end on `at` (port 0 means any). With [`Direction::ToServer`] it answers every echo;
    /// with [`Direction::ToClient`] it is the one that will call, with [`Direction::Push`] the one that will push.
    fn serve(
        self,
        at: SocketAddr,
        calls: Direction,
    ) -> impl Future<Output = Result<Self::Server, Failure>> + Send;

    /// Connects a client that will call; ready to be called upon when the future ends.
    fn connect(self, to: SocketAddr) -> impl Future<Output = Result<Self::Client, Failure>> + Send;

    /// Connects a client whose connection can be cut, and who comes back by itself (R). A contender whose sessions end
    /// with their connections leaves it as it is.
    fn connect_severable(
        self,
        to: SocketAddr,
    ) -> impl Future<Output = Result<Box<dyn Severable>, Failure>> + Send {
        let _ = to;
        async { Err(Failure::CannotResume) }
    }

    /// Connects a client that hands every snapshot it receives to `seen` (S); with `stalls` it stops reading its socket
    /// as soon as it has joined. Dropping what it gives closes the connection.
    fn watch(
        self,
        to: SocketAddr,
        stalls: bool,
        seen: Seen,
    ) -> impl Future<Output = Result<Box<dyn Any + Send>, Failure>> + Send {
        let _ = (to, stalls, seen);
        async { Err(Failure::CannotPush) }
    }

    /// Connects a client that answers the server's echoes (workload E) and counts its pushes (F, FL).
    fn join(self, to: SocketAddr) -> impl Future<Output = Result<Self::Answerer, Failure>> + Send;
}

/// The listening end of a [`Contender`].
pub trait Server: Send + Sync + 'static {
    /// Calls from this server to one of its clients.
    type Caller: Caller;

    /// Where it listens.
    fn address(&self) -> SocketAddr;

    /// Waits until `wanted` clients have joined and gives a caller for each (workload E). The round bounds the wait.
    /// A contender whose server cannot call its clients answers [`Failure::CannotCallClients`].
    fn clients(&mut self, wanted: usize) -> impl Future<Output = Result<Vec<Self::Caller>, Failure>> + Send;

    /// Waits until `wanted` clients have joined, all of whom every later [`push`](Server::push) reaches (F, FL). The
    /// round bounds the wait. A contender that cannot push leaves this and `push` as they are.
    fn audience(&mut self, wanted: usize) -> impl Future<Output = Result<(), Failure>> + Send {
        let _ = wanted;
        async { Err(Failure::CannotPush) }
    }

    /// Hands one push of `body` to every client of the audience, in order after the pushes before it. Need not wait
    /// until it has left; may wait for the contender's own backpressure. The round never pushes more than
    /// [`Workload::in_flight`](crate::Workload::in_flight) rounds ahead of the slowest client, so whoever queues needs no
    /// more room than that.
    ///
    /// A client that was closed or missed it is a failure, and the round is over.
    fn push(&self, body: &[u8]) -> impl Future<Output = Result<(), Failure>> + Send {
        let _ = body;
        async { Err(Failure::CannotPush) }
    }

    /// Sends a snapshot to every client of the audience (S): of those that have not left yet, only the newest need go. A
    /// client that does not read must hold up neither this nor the others.
    fn snapshot(&self, body: &[u8]) -> impl Future<Output = Result<(), Failure>> + Send {
        let _ = body;
        async { Err(Failure::CannotPush) }
    }
}

/// What is to be done with each snapshot's body, on whatever thread it arrives. Takes well under a microsecond.
pub type Seen = Arc<dyn Fn(&[u8]) + Send + Sync>;

/// A client that comes back when its connection is lost.
pub trait Severable: Send + Sync + 'static {
    /// A call like [`Caller::echo`]; waits while there is no connection.
    fn echo<'a>(&'a self, body: &'a Bytes) -> BoxFuture<'a, Result<usize, Failure>>;

    /// Ends its connection as a cable that is pulled, but told to both ends at once: neither has said goodbye.
    fn cut(&self);

    /// Waits until the session goes on over another connection; fails if it is over. Asked for once, before or after
    /// the cut.
    fn back(&self) -> BoxFuture<'_, Result<(), Failure>>;
}

/// A client in the child process: what it does, it does by itself.
pub trait Answerer: Send + Sync + 'static {
    /// Pushes that it has received whole and handed to its program. Asked thousands of times a second: one load of a
    /// counter of its own. A contender that cannot push leaves it at 0.
    fn received(&self) -> u64 {
        0
    }
}

/// One connection, seen from the end that calls. Shared by many tasks, each with one call in flight.
pub trait Caller: Send + Sync + 'static {
    /// The runtime that the bots of this connection are to run on, where it matters: a connection that is bound to one
    /// thread has them there, as its own program's code would be. `None`: wherever there is a turn.
    fn home(&self) -> Option<&Handle> {
        None
    }

    /// Sends `body`, awaits the same bytes, and says how many came back. Shared by all bots: who can send it without a copy of its
    /// own may.
    /// After a failure that [`ends the connection`](Failure::ends_connection) it is not called again.
    fn echo(&self, body: &Bytes) -> impl Future<Output = Result<usize, Failure>> + Send;
}
