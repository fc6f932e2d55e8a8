//! The receiving side of a round of pushes: what all clients together have received, and a thread that tells it on.
//! The same for every contender, so that none has to acknowledge anything itself. Knows nothing of rounds.

use std::fmt;
use std::io;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::contender::Answerer;
use crate::failure::Trouble;

/// Clients that are pushed to.
#[derive(Debug)]
pub(crate) struct Audience<A> {
    clients: Arc<Vec<A>>,
}

/// How far the clients are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Received {
    /// Pushes that every client has received.
    pub(crate) least: u64,
    /// Those of all clients together.
    pub(crate) total: u64,
}

impl<A: Answerer> Audience<A> {
    pub(crate) fn of(clients: Vec<A>) -> Audience<A> {
        Audience { clients: Arc::new(clients) }
    }
}

/// Looks at the clients again and again, and remembers how far it got.
struct Looking<A> {
    clients: Arc<Vec<A>>,
    /// Clients before it have received more than `least`.
    ahead: usize,
    least: u64,
}

impl<A: Answerer> Looking<A> {
    /// News, once every client has received more than the last time. Looks at each client once for each news, however
    /// often it is asked.
    fn look(&mut self) -> Option<Received> {
        let behind = self.clients[self.ahead..].iter().position(|client| client.received() <= self.least);
        if let Some(behind) = behind {
            self.ahead += behind;
            return None;
        }
        self.ahead = 0;
        let each = self.clients.iter().map(A::received);
        let (least, total) = each.fold((u64::MAX, 0), |(least, total), one| (least.min(one), total + one));
        self.least = least;
        Some(Received { least, total })
    }
}

/// The thread that tells. Dropping it ends it.
#[derive(Debug)]
pub(crate) struct Telling {
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Telling {
    /// Looks `every` so often and calls `tell` with what is new, until it fails or this is dropped.
    ///
    /// A thread, because the runtime's timer rounds up to a millisecond, which a lockstep round would be charged.
    pub(crate) fn start<A: Answerer>(
        audience: &Audience<A>,
        every: Duration,
        mut tell: impl FnMut(Received) -> io::Result<()> + Send + 'static,
    ) -> Result<Telling, Trouble> {
        let over = Arc::new(AtomicBool::new(false));
        let mut looking = Looking { clients: audience.clients.clone(), ahead: 0, least: 0 };
        let is_over = over.clone();
        let telling = move || {
            while !is_over.load(Ordering::Relaxed) {
                if looking.look().is_some_and(|received| tell(received).is_err()) {
                    return;
                }
                thread::sleep(every);
            }
        };
        let thread = thread::Builder::new().name("tell".into()).spawn(telling);
        let thread =
            thread.map_err(|why| Trouble::System { doing: "starting the telling thread".into(), why })?;
        Ok(Telling { over, thread: Some(thread) })
    }
}

impl Drop for Telling {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        // Joined, so that the clients are closed by whoever holds the audience: not by that thread, outside the runtime.
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl fmt::Display for Received {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} {}", self.least, self.total)
    }
}

impl FromStr for Received {
    type Err = std::num::ParseIntError;

    fn from_str(line: &str) -> Result<Received, Self::Err> {
        let (least, total) = line.trim().split_once(' ').unwrap_or((line, ""));
        Ok(Received { least: least.parse()?, total: total.parse()? })
    }
}

#[cfg(test)]
#[path = "audience_tests.rs"]
mod tests;
