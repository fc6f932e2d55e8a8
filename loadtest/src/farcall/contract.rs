//! The contracts of the workloads and their handlers. What a handler does is as little as a contender may do.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use farcall_client::States;
use farcall_protocol::contract;
use farcall_server::{State, route};

use crate::contender::Seen;

/// What the server answers.
#[contract(served_by = server)]
pub trait Mirror {
    /// Gives back what it is given.
    async fn echo(body: Bytes) -> Bytes;
}

/// What clients answer (workload E), and what they are pushed (F, FL).
#[contract(served_by = client)]
pub trait Bot {
    /// Gives back what it is given.
    async fn echo_back(body: Bytes) -> Bytes;

    /// Counts it.
    #[notify]
    fn pushed(body: Bytes);

    /// How the world looks now (S): the newest is enough.
    #[notify(latest)]
    fn snapshot(body: Bytes);
}

#[route(Mirror::echo)]
fn echo(body: Bytes) -> Bytes {
    body
}

#[route(Bot::echo_back)]
fn echo_back(body: Bytes) -> Bytes {
    body
}

#[route(Bot::pushed)]
fn pushed(pushes: State<Pushes>, _body: Bytes) {
    pushes.0.fetch_add(1, Ordering::Relaxed);
}

#[route(Bot::snapshot)]
fn snapshot(seen: State<Watcher>, body: Bytes) {
    seen.0(&body);
}

/// What one client does with snapshots.
struct Watcher(Seen);

/// Pushes that one client has received.
#[derive(Debug, Default)]
pub(super) struct Pushes(AtomicU64);

impl Pushes {
    pub(super) fn count(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// What the handlers of one client work on.
pub(super) fn states(pushes: Arc<Pushes>, seen: Seen) -> States {
    States::new().with_shared(pushes).with(Watcher(seen))
}
