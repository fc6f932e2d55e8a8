//! The pusher against a server that only counts, and clients that receive on command.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use tokio::task::{JoinHandle, yield_now};

use super::*;
use crate::contender::Caller;
use crate::plan::Workload;
use crate::plan::tests::inside;

/// Counts pushes; fails at the one that it is told to fail at.
#[derive(Debug, Default)]
struct Counting {
    pushes: AtomicU64,
    fails_at: Option<u64>,
}

#[derive(Debug)]
struct Nobody;

impl Caller for Nobody {
    async fn echo(&self, _: &Bytes) -> Result<usize, Failure> {
        Err(Failure::CannotCallClients)
    }
}

impl Server for Arc<Counting> {
    type Caller = Nobody;

    fn address(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], 0))
    }

    async fn clients(&mut self, _: usize) -> Result<Vec<Nobody>, Failure> {
        Err(Failure::CannotCallClients)
    }

    async fn push(&self, _: &[u8]) -> Result<(), Failure> {
        let before = self.pushes.fetch_add(1, Ordering::Relaxed);
        if Some(before) == self.fails_at { Err(Failure::MissedPush) } else { Ok(()) }
    }
}

struct Running {
    server: Arc<Counting>,
    told: watch::Sender<Received>,
    tally: Arc<Tally>,
    task: JoinHandle<Result<(), Failure>>,
}

impl Running {
    /// A pusher of this workload at work, everything measured.
    fn start(workload: Workload, fails_at: Option<u64>) -> Running {
        let server = Arc::new(Counting { pushes: AtomicU64::new(0), fails_at });
        let (told, received) = watch::channel(Received::default());
        let tally = Arc::new(Tally::new().unwrap());
        let pusher = Pusher::new(
            server.clone(),
            received,
            &inside(workload),
            tally.clone(),
            Arc::new(Phase::measured()),
        );
        Running { server, told, tally, task: tokio::spawn(pusher.run()) }
    }

    /// How many pushes it makes before it waits.
    async fn pushes(&self) -> u64 {
        // More turns than it could use.
        for _ in 0..5_000 {
            yield_now().await;
        }
        self.server.pushes.load(Ordering::Relaxed)
    }

    /// All of two clients have received so many.
    fn received(&self, least: u64) {
        self.told.send_replace(Received { least, total: 2 * least });
    }
}

#[tokio::test]
async fn it_is_never_further_ahead_of_the_slowest_than_planned() {
    let running = Running::start(Workload::F, None);
    assert_eq!(running.pushes().await, 1_024);
    running.received(100);
    assert_eq!(running.pushes().await, 1_124);
    assert_eq!(running.tally.total().answered_in_window, 200);
    assert_eq!(running.tally.total().latency_ns.len(), 0, "nothing is timed");
}

#[tokio::test]
async fn in_lockstep_the_next_round_waits_for_all() {
    let running = Running::start(Workload::FL, None);
    for round in 1..=3 {
        assert_eq!(running.pushes().await, round);
        assert_eq!(running.tally.total().latency_ns.len(), round - 1, "one time a round");
        running.received(round);
    }
}

#[tokio::test(start_paused = true)]
async fn clients_that_receive_nothing_more_end_it() {
    let running = Running::start(Workload::F, None);
    assert_eq!(running.task.await.unwrap(), Err(Failure::NotReceived));
}

#[tokio::test]
async fn clients_that_are_gone_end_it() {
    let running = Running::start(Workload::F, None);
    assert_eq!(running.pushes().await, 1_024);
    drop(running.told);
    assert_eq!(running.task.await.unwrap(), Err(Failure::Lost));
}

#[tokio::test]
async fn a_client_that_missed_a_push_ends_it() {
    let running = Running::start(Workload::F, Some(3));
    assert_eq!(running.task.await.unwrap(), Err(Failure::MissedPush));
    assert_eq!(running.server.pushes.load(Ordering::Relaxed), 4);
}
