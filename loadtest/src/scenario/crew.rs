//! The child's side: one process's share of the bots, from their beginning to their end. Says what they did on
//! stdout, a line for each stretch of time; adds nothing up.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use futures_util::FutureExt;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use super::count::{News, Steps};
use super::{Bot, Script};
use crate::failure::Trouble;
use crate::process;
use crate::series;
use crate::stages::Stages;
use crate::usage::{self, Usage};

/// What one process is to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Share {
    /// The server's.
    pub(super) address: String,
    /// Of all processes together.
    pub(super) stages: Stages,
    /// How long it is measured, from the beginning of the first bot.
    pub(super) window: Duration,
    /// Bots whose number leaves this remainder ...
    pub(super) part: u64,
    /// ... divided by this are ours.
    pub(super) parts: u64,
    /// When the window begins: the same moment for all processes.
    pub(super) begin: SystemTime,
}

/// Runs the bots of `share` until its window is over or stdin closes.
pub(super) async fn work(script: Script, share: Share) -> Result<(), Trouble> {
    usage::check_descriptors(share.descriptors())?;
    let (steps, over) = (Arc::new(Steps::default()), CancellationToken::new());
    let heard = process::say(&READY);
    let window = wait_for(share.begin).await;
    let cpu_before = cpu();
    let beginning = begin(script, share.clone(), window, steps.clone(), over.clone());
    let beginning = tokio::spawn(beginning);
    let tell = |news: News| News { cpu_seconds: (cpu().saturating_sub(cpu_before)).as_secs_f64(), ..news };
    let cuts = Cuts { window, end: window + share.window, every: series::stretch(share.window) };
    if heard.is_ok() {
        cuts.tell(&steps, &tell).await;
    }
    over.cancel();
    let mut bots = beginning.await.unwrap_or_default();
    let ended = async { while bots.join_next().await.is_some() {} };
    if timeout(DRAIN, ended).await.is_err() {
        // Awaits the aborted, so that their unfinished steps are counted.
        bots.shutdown().await;
    }
    // Who does not hear it has gone, and misses nothing.
    let _ = process::say(&line(&tell(steps.take(AFTER_THE_WINDOW))));
    Ok(())
}

impl Share {
    /// Open files that this process needs at once.
    pub(super) fn descriptors(&self) -> u64 {
        self.stages.bots().div_ceil(self.parts.max(1)) + DESCRIPTORS_BESIDE
    }

    /// The numbers of its bots.
    fn bots(&self) -> impl Iterator<Item = u64> + use<> {
        (self.part..self.stages.bots()).step_by(usize::try_from(self.parts.max(1)).unwrap_or(usize::MAX))
    }
}

/// Begins each bot at its time, until it is over; gives those that are at work.
async fn begin(
    script: Script,
    share: Share,
    window: Instant,
    steps: Arc<Steps>,
    over: CancellationToken,
) -> JoinSet<()> {
    let address: Arc<str> = share.address.as_str().into();
    let mut bots = JoinSet::new();
    for number in share.bots() {
        let at = share.stages.begins(number).unwrap_or_default();
        tokio::select! {
            biased;
            () = over.cancelled() => break,
            () = sleep_until(window + at) => {}
        }
        let bot = Bot::new(number, address.clone(), steps.clone(), over.clone());
        let play = script.play(bot);
        bots.spawn(count(play, steps.clone()));
    }
    bots
}

/// One bot, counted from its beginning to its end. A panic ends only this one.
async fn count(play: impl Future<Output = Result<(), super::Ended>>, steps: Arc<Steps>) {
    steps.began();
    let ended = AssertUnwindSafe(play).catch_unwind().await;
    let why = match ended {
        Ok(Ok(())) => None,
        Ok(Err(why)) => Some(format!("a bot ended: {why}")),
        Err(_) => Some("a bot panicked".to_owned()),
    };
    steps.ended(why.as_deref());
}

/// The window, cut into stretches at the same moments in all processes.
#[derive(Debug, Clone, Copy)]
struct Cuts {
    window: Instant,
    end: Instant,
    every: Duration,
}

impl Cuts {
    /// Where the stretch that begins `now` ends, and its number. What would be left over for too short a stretch, at
    /// the end or because we are late, belongs to its neighbour.
    fn after(&self, now: Instant) -> (u32, Instant) {
        let number = ((now - self.window).div_duration_f64(self.every) + 0.5) as u32 + 1;
        let cut = self.window + self.every * number;
        (number, if cut + self.every / 2 > self.end { self.end } else { cut })
    }

    /// Tells what came with each stretch, until the end or until nobody listens.
    async fn tell(&self, steps: &Steps, complete: &dyn Fn(News) -> News) {
        let closed = process::stdin_closes();
        tokio::pin!(closed);
        let mut began = self.window;
        while began < self.end {
            let (number, cut) = self.after(began);
            let stopped = tokio::select! {
                () = &mut closed => true,
                () = sleep_until(cut) => false,
            };
            let now = Instant::now();
            let news = News {
                seconds: (now - began).as_secs_f64(),
                at_seconds: (now - self.window).as_secs_f64(),
                rss_bytes: usage::rss_bytes(std::process::id()),
                rss_peak_bytes: Usage::own().map_or(0, |usage| usage.rss_peak_bytes),
                ..steps.take(number)
            };
            if process::say(&line(&complete(news))).is_err() || stopped {
                return;
            }
            began = now;
        }
    }
}

/// Waits until `moment`; gives when that was.
async fn wait_for(moment: SystemTime) -> Instant {
    let early = moment.duration_since(SystemTime::now()).unwrap_or_default();
    let begin = Instant::now() + early.min(BEGIN_WITHIN);
    sleep_until(begin).await;
    begin
}

/// Of this process, until now.
fn cpu() -> Duration {
    Usage::own().unwrap_or_default().cpu
}

/// One line of JSON. What is counted is always that.
fn line(news: &News) -> String {
    serde_json::to_string(news).unwrap_or_default()
}

/// What a process says before its first news.
const READY: &str = "ready";
/// The number of the stretch that has no place in the window.
pub(super) const AFTER_THE_WINDOW: u32 = 0;
/// How long bots may take to end when it is over.
const DRAIN: Duration = Duration::from_secs(3);
/// A clock that was set in between does not make us wait for ever.
const BEGIN_WITHIN: Duration = Duration::from_secs(10);
/// Standard streams, the runtime's epoll and wakers, files read from /proc.
const DESCRIPTORS_BESIDE: u64 = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_stretch_is_too_short_to_have_a_rate() {
        let window = Instant::now();
        let at = |ms| window + Duration::from_millis(ms);
        let cuts = Cuts { window, end: at(1_030), every: Duration::from_millis(100) };
        assert_eq!(cuts.after(window), (1, at(100)));
        assert_eq!(cuts.after(at(101)), (2, at(200)));
        assert_eq!(cuts.after(at(180)), (3, at(300)), "late: 20 ms more instead of 20 ms only");
        assert_eq!(cuts.after(at(901)), (10, at(1_030)), "the last 30 ms have no stretch of their own");
    }

    #[test]
    fn each_bot_is_in_exactly_one_process() {
        let share = |part| Share {
            address: "nowhere:1".into(),
            stages: Stages::ramp(10, Duration::ZERO),
            window: Duration::from_secs(1),
            part,
            parts: 3,
            begin: SystemTime::UNIX_EPOCH,
        };
        let mut all: Vec<u64> = (0..3).flat_map(|part| share(part).bots()).collect();
        all.sort_unstable();
        assert_eq!(all, (0..10).collect::<Vec<_>>());
        assert_eq!(share(0).bots().collect::<Vec<_>>(), [0, 3, 6, 9]);
        assert_eq!(share(0).descriptors(), 4 + DESCRIPTORS_BESIDE);
    }
}
