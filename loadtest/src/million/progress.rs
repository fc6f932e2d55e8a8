//! One line a second on stderr while a run goes on: what it does, how far it is, what memory is left. Reads only.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::watch;
use tokio_util::task::AbortOnDropHandle;

use super::memory;
use super::orders::News;
use super::table::{bytes, count};
use crate::output;

/// The line that is printed every second, until this is dropped.
pub(super) struct Progress {
    phase: Arc<Mutex<&'static str>>,
    _printing: AbortOnDropHandle<()>,
}

/// The sums of what all clients say.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct SoFar {
    /// Logged in.
    pub(super) held: u64,
    /// Failed to.
    pub(super) failed: u64,
    /// Reached by the push.
    pub(super) reached: u64,
    /// Pushes beyond the first to a session.
    pub(super) again: u64,
    /// When the last came, in microseconds since 1970.
    pub(super) last_unix_us: u64,
}

impl SoFar {
    /// Of all clients.
    pub(super) fn of(news: &[watch::Receiver<News>]) -> SoFar {
        news.iter().fold(SoFar::default(), |sum, news| {
            let news = news.borrow();
            SoFar {
                held: sum.held + news.held,
                failed: sum.failed + news.failures.values().sum::<u64>(),
                reached: sum.reached + news.reached,
                again: sum.again + news.again,
                last_unix_us: sum.last_unix_us.max(news.last_unix_us),
            }
        })
    }
}

impl Progress {
    /// Starts printing.
    pub(super) fn start(news: Vec<watch::Receiver<News>>, asked: u64) -> Progress {
        let phase = Arc::new(Mutex::new("connecting"));
        let printing = tokio::spawn(print(phase.clone(), news, asked));
        Progress { phase, _printing: AbortOnDropHandle::new(printing) }
    }

    /// What is being done from now on.
    pub(super) fn enters(&self, phase: &'static str) {
        *self.phase.lock().unwrap_or_else(PoisonError::into_inner) = phase;
    }
}

async fn print(phase: Arc<Mutex<&'static str>>, news: Vec<watch::Receiver<News>>, asked: u64) {
    let (began, mut before) = (Instant::now(), 0);
    let mut ticks = tokio::time::interval(EVERY);
    loop {
        ticks.tick().await;
        let (now, phase) = (SoFar::of(&news), *phase.lock().unwrap_or_else(PoisonError::into_inner));
        let seconds = began.elapsed().as_secs_f64();
        output::say(std::io::stderr(), &line(seconds, phase, asked, now, now.held.saturating_sub(before)));
        before = now.held;
    }
}

fn line(seconds: f64, phase: &str, asked: u64, now: SoFar, more: u64) -> String {
    let left = memory::available_bytes().map_or_else(|| "?".into(), bytes);
    let mut line = format!("{seconds:4.0} s  {phase:<10}  {} of {} sessions", count(now.held), count(asked));
    if more > 0 {
        line += &format!(", {} more", count(more));
    }
    if now.failed > 0 {
        line += &format!(", {} failed", count(now.failed));
    }
    if now.reached > 0 {
        line += &format!(", {} reached", count(now.reached));
    }
    line + &format!(", {left} left")
}

const EVERY: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_tells_only_what_there_is() {
        let now = SoFar { held: 12_000, ..SoFar::default() };
        assert!(
            line(3.2, "connecting", 20_000, now, 0)
                .starts_with("   3 s  connecting  12,000 of 20,000 sessions, ")
        );
        let later = line(9.0, "pushing", 20_000, SoFar { failed: 1, reached: 7, ..now }, 5_000);
        assert!(later.contains("12,000 of 20,000 sessions, 5,000 more, 1 failed, 7 reached, "), "{later}");
    }
}
