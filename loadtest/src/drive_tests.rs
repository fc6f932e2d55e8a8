//! The loops against callers that behave badly on purpose, without sockets.

use std::thread::{self, ThreadId};

use super::*;
use crate::plan::Workload;
use crate::plan::tests::inside;
use crate::tally::Counts;

/// What a made-up connection does with a call.
#[derive(Debug, Clone, Copy)]
enum Manner {
    Prompt,
    /// Each call takes so long.
    Slow(Duration),
    Silent,
    Gone,
    Refusing,
    Panicking,
}

impl Caller for Manner {
    async fn echo(&self, body: &Bytes) -> Result<usize, Failure> {
        // As a real reply would, it comes on a later turn.
        tokio::task::yield_now().await;
        match self {
            Manner::Prompt => Ok(body.len()),
            Manner::Slow(time) => {
                tokio::time::sleep(*time).await;
                Ok(body.len())
            }
            Manner::Silent => std::future::pending().await,
            Manner::Gone => Err(Failure::Lost),
            Manner::Refusing => Err(Failure::Call("busy")),
            Manner::Panicking => panic!("a contender's bug"),
        }
    }
}

/// One window of `plan` against one connection.
async fn driven<K: Caller>(connection: K, plan: &Plan) -> (Counts, Duration) {
    let tally = Arc::new(Tally::new().unwrap());
    let driving = Driving::start(&[Arc::new(connection)], plan, &tally).unwrap();
    let draining = driving.window(plan.window, &CancellationToken::new()).await;
    let window = draining.window;
    draining.drain().await;
    (tally.total(), window)
}

#[tokio::test]
async fn a_closed_loop_counts_every_answer() {
    let (counts, window) = driven(Manner::Prompt, &inside(Workload::B)).await;
    assert!(counts.answered_in_window > 256 && counts.failures.is_empty());
    assert!(window >= Duration::from_millis(100));
}

#[tokio::test]
async fn an_open_loop_starts_what_is_due() {
    let plan = Plan { pace: Pace::Open { calls_per_second: 2_000 }, ..inside(Workload::B) };
    let (counts, _) = driven(Manner::Prompt, &plan).await;
    let started = counts.latency_ns.len() + counts.failures.values().sum::<u64>();
    assert!((150..=400).contains(&started), "{started} of about 200");
}

#[tokio::test]
async fn a_stall_is_charged_to_every_call_it_delayed() {
    let slow = Manner::Slow(Duration::from_millis(40));
    let plan = Plan { pace: Pace::Open { calls_per_second: 1_000 }, in_flight: 1, ..inside(Workload::A) };
    let (counts, _) = driven(slow, &plan).await;
    // The second call was due after 1 ms and could start after 40: about 79 ms, not the 40 it took.
    assert!(counts.latency_ns.max() > 70_000_000, "{}", counts.latency_ns.max());
    assert!(counts.start_lag_ns.max() > 30_000_000);
    assert!(counts.failures[&Failure::NeverStarted] > 50);
}

#[tokio::test]
async fn lost_connections_end_the_window_early() {
    let plan = Plan { window: Duration::from_secs(30), ..inside(Workload::B) };
    let (counts, window) = driven(Manner::Gone, &plan).await;
    assert_eq!(counts.failures[&Failure::Lost], 256);
    assert!(window < Duration::from_secs(10));
}

#[tokio::test]
async fn refused_calls_do_not_end_a_bot() {
    let (counts, window) = driven(Manner::Refusing, &inside(Workload::A)).await;
    assert!(counts.failures[&Failure::Call("busy")] > 1);
    assert!(window >= Duration::from_millis(100));
}

#[tokio::test(start_paused = true)]
async fn silence_is_counted_and_does_not_hang() {
    let (counts, _) = driven(Manner::Silent, &inside(Workload::B)).await;
    assert_eq!(counts.failures[&Failure::Unanswered], 256);
}

#[tokio::test]
async fn a_panicking_bot_is_a_failure_of_its_own_kind() {
    let (counts, _) = driven(Manner::Panicking, &inside(Workload::A)).await;
    assert_eq!(counts.failures[&Failure::Panicked], 1);
}

#[tokio::test]
async fn an_interrupt_ends_the_window() {
    let tally = Arc::new(Tally::new().unwrap());
    let stop = CancellationToken::new();
    stop.cancel();
    let driving = Driving::start(&[Arc::new(Manner::Prompt)], &inside(Workload::A), &tally).unwrap();
    let draining = driving.window(Duration::from_secs(30), &stop).await;
    assert!(draining.window < Duration::from_secs(10));
    draining.drain().await;
}

/// A connection that is bound to a thread.
struct Bound {
    home: Handle,
    thread: ThreadId,
}

impl Caller for Bound {
    fn home(&self) -> Option<&Handle> {
        Some(&self.home)
    }

    async fn echo(&self, body: &Bytes) -> Result<usize, Failure> {
        tokio::task::yield_now().await;
        if thread::current().id() == self.thread { Ok(body.len()) } else { Err(Failure::Call("elsewhere")) }
    }
}

#[tokio::test]
async fn bots_run_where_their_connection_is_bound() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (home, (end, ended)) = (runtime.handle().clone(), tokio::sync::oneshot::channel::<()>());
    let running = thread::spawn(move || runtime.block_on(ended));
    let bound = Bound { home, thread: running.thread().id() };
    let counts = driven(bound, &inside(Workload::B)).await.0;
    assert!(counts.answered_in_window > 256 && counts.failures.is_empty(), "{:?}", counts.failures);
    end.send(()).unwrap();
    running.join().unwrap().unwrap();
}
