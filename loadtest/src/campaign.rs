//! A run: interleaved rounds of all contenders, with progress. Leaves measuring to `round`, telling to `report`.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use indicatif::{HumanCount, ProgressBar, ProgressStyle};
use tokio_util::sync::CancellationToken;

use crate::entry::Steps;
use crate::failure::Trouble;
use crate::plan::Plan;
use crate::report::{Conditions, Report};
use crate::round::{self, Outcome, Round};
use crate::tally::Tally;

/// Takes all rounds, or as many as `stop` and the machine allow: what was measured is reported in any case.
pub(crate) async fn take_rounds(
    plan: &Plan,
    entries: &[&dyn Steps],
    stop: &CancellationToken,
) -> (Report, Option<Trouble>) {
    let turns: Vec<Turn<'_>> = entries.iter().flat_map(|&entry| Turn::of(entry, plan)).collect();
    let mut outcomes: Vec<(String, Vec<Outcome>)> =
        turns.iter().map(|turn| (turn.name.clone(), Vec::new())).collect();
    let mut left_out = BTreeMap::new();
    let progress = Progress::new(plan, turns.len());
    let mut trouble = None;
    // Interleaved, because machines drift: neighbours in time are what may be compared.
    'rounds: for round in 1..=plan.rounds {
        for (turn, (name, taken)) in turns.iter().zip(&mut outcomes) {
            if stop.is_cancelled() {
                break 'rounds;
            }
            if left_out.contains_key(turn.entry.name()) {
                continue;
            }
            match with_progress(&turn.plan, turn.entry, &progress.round(name, round), stop).await {
                Ok(outcome) => taken.push(outcome),
                Err(Trouble::Interrupted) => break 'rounds,
                Err(Trouble::Clients { why, .. }) if why.leaves_out() => {
                    left_out.insert(turn.entry.name().to_owned(), why.to_string());
                }
                Err(why) => {
                    trouble = Some(why);
                    break 'rounds;
                }
            }
        }
    }
    progress.bar.finish_and_clear();
    let interrupted = stop.is_cancelled() || trouble.is_some();
    let changed = entries.iter().map(|entry| (entry.name().to_owned(), entry.changed_limits()));
    let conditions = Conditions::here(changed.filter(|(_, limits)| !limits.is_empty()).collect());
    (Report { conditions, left_out, ..Report::new(plan, &outcomes, interrupted) }, trouble)
}

/// Whose turn it is in each of the rounds, at what.
struct Turn<'a> {
    name: String,
    entry: &'a dyn Steps,
    plan: Plan,
}

impl Turn<'_> {
    fn of<'a>(entry: &'a dyn Steps, plan: &Plan) -> Vec<Turn<'a>> {
        let variants = plan.variants().into_iter();
        variants.map(|(what, plan)| Turn { name: format!("{}{what}", entry.name()), entry, plan }).collect()
    }
}

/// One round, its count shown as it grows.
async fn with_progress(
    plan: &Plan,
    entry: &dyn Steps,
    shown: &Shown<'_>,
    stop: &CancellationToken,
) -> Result<Outcome, Trouble> {
    let live = Arc::new(round::new_tally()?);
    let round = Round { plan, live: &live, stop };
    let showing = async {
        let mut ticks = tokio::time::interval(SHOW_EVERY);
        loop {
            ticks.tick().await;
            shown.update(&live);
        }
    };
    tokio::select! {
        outcome = entry.measure(&round) => outcome,
        () = showing => Err(Trouble::Interrupted),
    }
}

/// The bar on stderr; nothing at all where that is no terminal.
struct Progress {
    bar: ProgressBar,
    round_length: Duration,
    rounds: usize,
    turns: usize,
    counted: &'static str,
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
        Progress {
            bar,
            round_length,
            rounds: plan.rounds,
            turns: contenders,
            counted: plan.workload.counted().name(),
            started: Instant::now(),
        }
    }

    fn round<'a>(&'a self, name: &'a str, round: usize) -> Shown<'a> {
        Shown { progress: self, name, round }
    }
}

/// The bar during one round.
struct Shown<'a> {
    progress: &'a Progress,
    name: &'a str,
    round: usize,
}

impl Shown<'_> {
    fn update(&self, live: &Tally) {
        let Progress { bar, round_length, rounds, turns, counted, started } = self.progress;
        // Rounds that end early, or start slowly, must not drive the bar beyond their own share.
        let share = *round_length * (self.round * turns) as u32;
        bar.set_position(started.elapsed().min(share).as_millis() as u64);
        bar.set_message(format!(
            "{} {}/{rounds}  {} {counted}",
            self.name,
            self.round,
            HumanCount(live.answered())
        ));
    }
}

const SHOW_EVERY: Duration = Duration::from_millis(100);
