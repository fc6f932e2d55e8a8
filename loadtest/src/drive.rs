//! The loops: bots that call, closed or open, over whatever a contender connects. Written once for all contenders.
//! Starts no servers, prints nothing.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tokio::task::{JoinError, JoinSet};
use tokio_util::sync::CancellationToken;

use crate::contender::Caller;
use crate::failure::{Failure, Trouble};
use crate::pace::{self, Schedule};
use crate::plan::{Pace, Plan};
use crate::tally::{Answered, Page, Tally};

/// Bots at work. `window` ends their window, then `drain` awaits their last answers.
#[must_use = "bots stop when this is dropped"]
pub(crate) struct Driving {
    bots: JoinSet<()>,
    tally: Arc<Tally>,
    /// Open loop: calls due and not started.
    backlog: Option<Arc<Semaphore>>,
    /// Set when the window is over: no call starts after it. Not a cancellation token, whose lock all bots would take
    /// for each call.
    over: Arc<AtomicBool>,
    started: Instant,
}

/// Bots whose window is over, with calls still in flight.
#[must_use = "the last answers are still to come"]
pub(crate) struct Draining {
    bots: JoinSet<()>,
    tally: Arc<Tally>,
    /// How long the window was.
    pub(crate) window: Duration,
}

impl Driving {
    /// Starts the bots of `plan` on `callers`.
    pub(crate) fn start<K: Caller>(
        callers: &[Arc<K>],
        plan: &Plan,
        tally: &Arc<Tally>,
    ) -> Result<Driving, Trouble> {
        let over = Arc::new(AtomicBool::new(false));
        let started = Instant::now();
        let mut bots = JoinSet::new();
        let anywhere = Handle::current();
        let body: Bytes = (0..plan.payload_bytes).map(|i| i as u8).collect();
        let open = match plan.pace {
            Pace::Closed => None,
            Pace::Open { calls_per_second } => {
                let schedule = Schedule::new(started, calls_per_second);
                Some(Arc::new(Opening {
                    schedule,
                    due: Arc::new(Semaphore::new(0)),
                    next: AtomicU64::new(0),
                }))
            }
        };
        for caller in callers.iter().flat_map(|caller| std::iter::repeat_n(caller, plan.in_flight)) {
            let bot =
                Bot { caller: caller.clone(), body: body.clone(), tally: tally.clone(), over: over.clone() };
            let home = caller.home().unwrap_or(&anywhere);
            match &open {
                None => bots.spawn_on(bot.closed_loop(), home),
                Some(opening) => bots.spawn_on(bot.open_loop(opening.clone()), home),
            };
        }
        if let Some(opening) = &open {
            pace::release(opening.schedule, opening.due.clone(), over.clone())
                .map_err(|why| Trouble::System { doing: "starting the pacing thread".into(), why })?;
        }
        let backlog = open.map(|opening| opening.due.clone());
        Ok(Driving { bots, tally: tally.clone(), backlog, over, started })
    }

    /// Until `length` has passed, `stop` is cancelled, or no bot is left; then no further call starts.
    pub(crate) async fn window(mut self, length: Duration, stop: &CancellationToken) -> Draining {
        let all_ended = async {
            while let Some(ended) = self.bots.join_next().await {
                count_panic(&self.tally, &ended);
            }
        };
        tokio::select! {
            () = tokio::time::sleep(length) => {}
            () = stop.cancelled() => {}
            () = all_ended => {}
        }
        self.over.store(true, Ordering::Relaxed);
        let window = self.started.elapsed();
        if let Some(due) = &self.backlog {
            due.close();
            self.tally.fail(Failure::NeverStarted, due.available_permits() as u64);
        }
        Draining { bots: std::mem::take(&mut self.bots), tally: self.tally.clone(), window }
    }
}

impl Drop for Driving {
    fn drop(&mut self) {
        // Ends the pacing thread also when the window was never awaited.
        self.over.store(true, Ordering::Relaxed);
    }
}

impl Draining {
    /// Awaits the answers on their way, for a bounded time; what has none by then is counted as unanswered.
    pub(crate) async fn drain(mut self) {
        let answers = async {
            while let Some(ended) = self.bots.join_next().await {
                count_panic(&self.tally, &ended);
            }
        };
        if tokio::time::timeout(DRAIN, answers).await.is_err() {
            self.tally.fail(Failure::Unanswered, self.bots.len() as u64);
            // Awaits the aborted, so that they hand in their pages.
            self.bots.shutdown().await;
        }
    }
}

/// What the workers of an open loop share.
struct Opening {
    schedule: Schedule,
    /// A permit for each call that is due.
    due: Arc<Semaphore>,
    /// Number of the next call to start.
    next: AtomicU64,
}

/// One task with at most one call in flight.
struct Bot<K> {
    caller: Arc<K>,
    body: Bytes,
    tally: Arc<Tally>,
    over: Arc<AtomicBool>,
}

impl<K: Caller> Bot<K> {
    /// The next call starts when the last has ended.
    async fn closed_loop(self) {
        let mut page = self.tally.page();
        let mut started = Instant::now();
        while !self.over.load(Ordering::Relaxed) {
            let reply = self.caller.echo(&self.body).await;
            let ended = Instant::now();
            let failed = reply.is_err();
            if self.take(&mut page, reply, ended, ended - started, None).is_break() {
                return;
            }
            started = ended;
            if failed {
                // A peer that refuses at once would else be asked as fast as it can refuse.
                tokio::time::sleep(FAILURE_PAUSE).await;
                started = Instant::now();
            }
        }
    }

    /// Calls start when due. While all bots are busy, due calls wait, and their waiting counts.
    async fn open_loop(self, opening: Arc<Opening>) {
        let mut page = self.tally.page();
        while let Ok(permit) = opening.due.acquire().await {
            permit.forget();
            let due = opening.schedule.due(opening.next.fetch_add(1, Ordering::Relaxed));
            let start_lag = due.elapsed();
            let reply = self.caller.echo(&self.body).await;
            let ended = Instant::now();
            if self.take(&mut page, reply, ended, ended - due, Some(start_lag)).is_break() {
                return;
            }
        }
    }

    /// Counts one reply; breaks when the connection is of no further use.
    fn take(
        &self,
        page: &mut Page<'_>,
        reply: Result<usize, Failure>,
        at: Instant,
        latency: Duration,
        start_lag: Option<Duration>,
    ) -> ControlFlow<()> {
        let in_window = !self.over.load(Ordering::Relaxed);
        match reply {
            Ok(bytes) if bytes == self.body.len() => {
                page.note(Answered { latency, start_lag, in_window, at })
            }
            Ok(_) => page.fail(Failure::WrongReply),
            Err(why) => {
                let ends = why.ends_connection();
                page.fail(why);
                if ends {
                    return ControlFlow::Break(());
                }
            }
        }
        ControlFlow::Continue(())
    }
}

/// A bot that panicked is a failure of the contender's code, to be seen and not to end the run.
fn count_panic(tally: &Tally, ended: &Result<(), JoinError>) {
    if ended.as_ref().is_err_and(JoinError::is_panic) {
        tally.fail(Failure::Panicked, 1);
    }
}

/// How long answers may come after the window.
const DRAIN: Duration = Duration::from_secs(3);
const FAILURE_PAUSE: Duration = Duration::from_millis(1);

#[cfg(test)]
#[path = "drive_tests.rs"]
mod tests;
