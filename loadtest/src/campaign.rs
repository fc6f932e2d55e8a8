//! A run: interleaved rounds of all contenders, with progress. Leaves measuring to `round`, telling to `report`.

use std::sync::Arc;
use std::time::{Duration, Instant};

use indicatif::{HumanCount, ProgressBar, ProgressStyle};
use tokio_util::sync::CancellationToken;

use crate::entry::Entry;
use crate::failure::Trouble;
use crate::plan::Plan;
use crate::report::{Conditions, Report};
use crate::round::{self, Outcome};
use crate::tally::Tally;

/// Takes all rounds, or as many as `stop` and the machine allow: what was measured is reported in any case.
pub(crate) async fn take_rounds(
    plan: &Plan,
    entries: &[&Entry],
    stop: &CancellationToken,
) -> (Report, Option<Trouble>) {
    let mut outcomes: Vec<(&'static str, Vec<Outcome>)> =
        entries.iter().map(|entry| (entry.name(), Vec::new())).collect();
    let progress = Progress::new(plan, entries.len());
    let mut trouble = None;
    // Interleaved, because machines drift: neighbours in time are what may be compared.
    'rounds: for round in 1..=plan.rounds {
        for (entry, (name, taken)) in entries.iter().zip(&mut outcomes) {
            if stop.is_cancelled() {
                break 'rounds;
            }
            match with_progress(plan, entry, &progress.round(name, round), stop).await {
                Ok(outcome) => taken.push(outcome),
                Err(Trouble::Interrupted) => break 'rounds,
                Err(why) => {
                    trouble = Some(why);
                    break 'rounds;
                }
            }
        }
    }
    progress.bar.finish_and_clear();
    let interrupted = stop.is_cancelled() || trouble.is_some();
    let changed = entries.iter().map(|entry| (entry.name().to_owned(), entry.steps().changed_limits()));
    let conditions = Conditions::here(changed.filter(|(_, limits)| !limits.is_empty()).collect());
    (Report { conditions, ..Report::new(plan, &outcomes, interrupted) }, trouble)
}

/// One round, its count shown as it grows.
async fn with_progress(
    plan: &Plan,
    entry: &Entry,
    shown: &Shown<'_>,
    stop: &CancellationToken,
) -> Result<Outcome, Trouble> {
    let live = Arc::new(round::new_tally()?);
    let showing = async {
        let mut ticks = tokio::time::interval(SHOW_EVERY);
        loop {
            ticks.tick().await;
            shown.update(&live);
        }
    };
    tokio::select! {
        outcome = entry.steps().measure(plan, &live, stop) => outcome,
        () = showing => Err(Trouble::Interrupted),
    }
}

/// The bar on stderr; nothing at all where that is no terminal.
struct Progress {
    bar: ProgressBar,
    round_length: Duration,
    rounds: usize,
    turns: usize,
    started: Instant,
}

impl Progress {
    fn new(plan: &Plan, contenders: usize) -> Progress {
        let round_length = plan.window + plan.warm_up();
        let whole = round_length * (plan.rounds * contenders) as u32;
        let bar = ProgressBar::new(whole.as_millis() as u64);
        // The template is a constant; were it wrong, the plain bar would do.
        if let Ok(style) = ProgressStyle::with_template("{wide_bar} {msg}") {
            bar.set_style(style);
        }
        Progress { bar, round_length, rounds: plan.rounds, turns: contenders, started: Instant::now() }
    }

    fn round(&self, name: &'static str, round: usize) -> Shown<'_> {
        Shown { progress: self, name, round }
    }
}

/// The bar during one round.
struct Shown<'a> {
    progress: &'a Progress,
    name: &'static str,
    round: usize,
}

impl Shown<'_> {
    fn update(&self, live: &Tally) {
        let Progress { bar, round_length, rounds, turns, started } = self.progress;
        // Rounds that end early, or start slowly, must not drive the bar beyond their own share.
        let share = *round_length * (self.round * turns) as u32;
        bar.set_position(started.elapsed().min(share).as_millis() as u64);
        bar.set_message(format!(
            "{} {}/{rounds}  {} calls",
            self.name,
            self.round,
            HumanCount(live.answered())
        ));
    }
}

const SHOW_EVERY: Duration = Duration::from_millis(100);
