//! The task that pushes: round after round, never further ahead of the slowest client than the plan allows.
//! Takes no window's time and no process's cost.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::watch;
use tokio::time::timeout;

use super::audience::Received;
use crate::contender::Server;
use crate::failure::Failure;
use crate::phase::Phase;
use crate::plan::Plan;
use crate::tally::Tally;

/// Pushes on one server. It owns the server, which ends with it.
pub(super) struct Pusher<S> {
    server: S,
    received: watch::Receiver<Received>,
    /// What was received when it last counted.
    counted: Received,
    body: Box<[u8]>,
    ahead_max: u64,
    tally: Arc<Tally>,
    phase: Arc<Phase>,
}

impl<S: Server> Pusher<S> {
    pub(super) fn new(
        server: S,
        received: watch::Receiver<Received>,
        plan: &Plan,
        tally: Arc<Tally>,
        phase: Arc<Phase>,
    ) -> Pusher<S> {
        let body = (0..plan.payload_bytes).map(|i| i as u8).collect();
        let ahead_max = plan.in_flight as u64;
        Pusher { server, received, counted: Received::default(), body, ahead_max, tally, phase }
    }

    /// Until the window is over, or a push has failed.
    pub(super) async fn run(mut self) -> Result<(), Failure> {
        let phase = self.phase.clone();
        tokio::select! {
            failed = self.rounds() => failed,
            () = phase.over() => Ok(()),
        }
    }

    async fn rounds(&mut self) -> Result<(), Failure> {
        let mut pushed = 0;
        loop {
            let started = Instant::now();
            self.server.push(&self.body).await?;
            pushed += 1;
            // Contenders that never wait would keep this thread from their own tasks.
            tokio::task::yield_now().await;
            self.take_news();
            while self.counted.least + self.ahead_max <= pushed {
                match timeout(STALLED, self.received.changed()).await {
                    Ok(Ok(())) => self.take_news(),
                    Ok(Err(_)) => return Err(Failure::Lost),
                    Err(_) => return Err(Failure::NotReceived),
                }
            }
            if self.ahead_max == 1 && self.phase.is_measured() {
                self.tally.took(started.elapsed());
            }
        }
    }

    /// Counts what was received since the last time.
    fn take_news(&mut self) {
        let news = *self.received.borrow_and_update();
        if self.phase.is_measured() {
            self.tally.delivered(news.total - self.counted.total);
        }
        self.counted = news;
    }
}

/// So long nothing at all may arrive. Ten times what the slowest contender needs for a thousand rounds.
const STALLED: Duration = Duration::from_secs(10);

#[cfg(test)]
#[path = "pusher_tests.rs"]
mod tests;
