//! What a bot is given: its number, the server's address, its turns, and a stopwatch. Knows nothing of other bots.

use std::fmt::Display;
use std::future::IntoFuture;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::count::Steps;

/// One bot's end of the run. Cheap to clone, for parts of a bot that run at once.
#[derive(Debug, Clone)]
pub struct Bot {
    number: u64,
    address: Arc<str>,
    steps: Arc<Steps>,
    over: CancellationToken,
}

impl Bot {
    pub(super) fn new(number: u64, address: Arc<str>, steps: Arc<Steps>, over: CancellationToken) -> Bot {
        Bot { number, address, steps, over }
    }

    /// From 0, different for each bot of the run, whatever process it is in.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// The server's, as it was given after `--addr`.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// No further step should begin.
    pub fn is_over(&self) -> bool {
        self.over.is_cancelled()
    }

    /// Waits until [`Bot::is_over`].
    pub async fn over(&self) {
        self.over.cancelled().await;
    }

    /// Awaits `call` and counts it under the name of this step: how long it took, or its error by its text (in which
    /// numbers are left out, so that errors of one kind are counted together). Gives what `call` gave. Dropped before
    /// that, it counts as not answered. Reports have the steps by name, at most 64 of them, and their sum as `all`.
    pub async fn time<T, E: Display>(
        &self,
        step: &'static str,
        call: impl IntoFuture<Output = Result<T, E>>,
    ) -> Result<T, E> {
        self.time_from(Instant::now(), step, call).await
    }

    /// Turns that are due `every` so often. The first is due within that time, at a moment of the bot's own: else all
    /// bots would act at once.
    pub fn turns(&self, every: Duration) -> Turns<'_> {
        let first = Instant::now() + every.mul_f64(phase(self.number));
        Turns { bot: self, every, due: first }
    }

    async fn time_from<T, E: Display>(
        &self,
        from: Instant,
        step: &'static str,
        call: impl IntoFuture<Output = Result<T, E>>,
    ) -> Result<T, E> {
        let unanswered = Unanswered { steps: &self.steps, step };
        let ended = call.into_future().await;
        std::mem::forget(unanswered);
        match &ended {
            Ok(_) => self.steps.took(step, from.elapsed()),
            Err(why) => self.steps.failed(step, &why.to_string()),
        }
        ended
    }
}

/// When a bot acts: on a schedule that does not wait for it, so that a stall is charged to every step that it delayed.
#[derive(Debug)]
#[must_use = "a bot without turns does nothing"]
pub struct Turns<'a> {
    bot: &'a Bot,
    every: Duration,
    due: Instant,
}

impl<'a> Turns<'a> {
    /// Waits until the next turn is due; `None` when the run is over. A bot that is late gets its turns at once, one
    /// after the other, until it has caught up. Dropping the future loses no turn.
    pub async fn next(&mut self) -> Option<Turn<'a>> {
        let waits = Instant::now() < self.due;
        if waits {
            tokio::select! {
                () = self.bot.over.cancelled() => {}
                () = sleep_until(self.due) => {}
            }
        }
        if self.bot.is_over() {
            return None;
        }
        let now = Instant::now();
        // The runtime's timer rounds up to a millisecond, which is not the server's doing; being later is.
        let on_time = waits && now.saturating_duration_since(self.due) <= TIMER_GRAIN;
        let due = if on_time { now } else { self.due };
        self.due += self.every;
        Some(Turn { bot: self.bot, due: Some(due) })
    }
}

/// One turn of a bot.
#[derive(Debug)]
pub struct Turn<'a> {
    bot: &'a Bot,
    /// Until its first step.
    due: Option<Instant>,
}

impl Turn<'_> {
    /// As [`Bot::time`], but the first step of a turn counts from when the turn was due.
    ///
    /// # Errors
    /// Those of `call`.
    pub async fn time<T, E: Display>(
        &mut self,
        step: &'static str,
        call: impl IntoFuture<Output = Result<T, E>>,
    ) -> Result<T, E> {
        let from = self.due.take().unwrap_or_else(Instant::now);
        self.bot.time_from(from, step, call).await
    }
}

/// Counts a step that is dropped before its answer.
struct Unanswered<'a> {
    steps: &'a Steps,
    step: &'static str,
}

impl Drop for Unanswered<'_> {
    fn drop(&mut self) {
        self.steps.failed(self.step, "no reply");
    }
}

/// Where in its first pause bot `number` begins, from 0 to 1: any number of bots in a row is spread evenly.
fn phase(number: u64) -> f64 {
    (number as f64 * GOLDEN_RATIO).fract()
}

const GOLDEN_RATIO: f64 = 0.618_033_988_749_895;
const TIMER_GRAIN: Duration = Duration::from_millis(2);

#[cfg(test)]
mod tests {
    use super::super::count::{News, tests::Named};
    use super::*;

    fn bot() -> (Bot, Arc<Steps>, CancellationToken) {
        let (steps, over) = (Arc::new(Steps::default()), CancellationToken::new());
        (Bot::new(1, "nowhere:1".into(), steps.clone(), over.clone()), steps, over)
    }

    /// A step that takes so long.
    async fn step(ms: u64) -> Result<(), String> {
        tokio::time::sleep(Duration::from_millis(ms)).await;
        Ok(())
    }

    #[tokio::test(start_paused = true)]
    async fn a_stall_is_charged_to_every_turn_it_delayed() {
        let (bot, steps, _over) = bot();
        let mut turns = bot.turns(Duration::from_millis(100));
        for ms in [250, 10, 10, 10] {
            turns.next().await.unwrap().time("act", step(ms)).await.unwrap();
        }
        let news: News = steps.take(1);
        // 250 on time; then 250 - 100 + 10 late, 160 - 100 + 10, and at last on time again.
        assert_eq!(news.named("act").milliseconds(), [10, 70, 160, 250]);
    }

    #[tokio::test(start_paused = true)]
    async fn only_the_first_step_of_a_turn_counts_from_when_it_was_due() {
        let (bot, steps, _over) = bot();
        let mut turns = bot.turns(Duration::from_millis(100));
        turns.next().await.unwrap().time("slow", step(500)).await.unwrap();
        let mut late = turns.next().await.unwrap();
        late.time("first", step(1)).await.unwrap();
        late.time("second", step(1)).await.unwrap();
        let news = steps.take(1);
        assert_eq!(news.named("first").milliseconds(), [401]);
        assert_eq!(news.named("second").milliseconds(), [1]);
    }

    #[tokio::test(start_paused = true)]
    async fn turns_end_with_the_run() {
        let (bot, _steps, over) = bot();
        let mut turns = bot.turns(Duration::from_secs(3_600));
        over.cancel();
        assert!(turns.next().await.is_none() && bot.is_over());
    }

    #[tokio::test(start_paused = true)]
    async fn errors_are_given_and_counted_and_what_is_dropped_had_no_reply() {
        let (bot, steps, _over) = bot();
        let refused: Result<(), _> = bot.time("join", async { Err("full, again in 3.5s") }).await;
        assert_eq!(refused, Err("full, again in 3.5s"));
        let dropped = tokio::time::timeout(Duration::from_millis(5), bot.time("join", step(1_000)));
        assert!(dropped.await.is_err());
        let news = steps.take(1);
        assert_eq!(news.named("join").kinds(), ["full, again in #", "no reply"]);
    }

    #[test]
    fn bots_are_spread_over_the_first_pause() {
        let mut phases: Vec<f64> = (0..100).map(phase).collect();
        phases.sort_by(f64::total_cmp);
        assert!(phases.windows(2).all(|pair| pair[1] - pair[0] < 0.03));
    }
}
