//! One run of a scenario: starts the processes, hears what they tell, and reports it. Counts nothing itself.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use indicatif::{HumanCount, ProgressBar, ProgressStyle};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::crew::Share;
use super::merge::Merged;
use crate::failure::Trouble;
use crate::plan::{Counted, Direction, Pace};
use crate::process::OwnChild;
use crate::report::{Conditions, Report, Staging};
use crate::round;
use crate::stages::Stages;
use crate::usage::{self, Usage};

/// What is asked for.
#[derive(Debug)]
pub(super) struct Order {
    /// This program, which is started again for each process.
    pub(super) program: PathBuf,
    pub(super) scenario: &'static str,
    pub(super) address: String,
    pub(super) stages: Stages,
    pub(super) window: Duration,
    pub(super) processes: u64,
    /// The server's process, if it is on this machine and its cost is wanted.
    pub(super) server: Option<u32>,
}

/// Runs it to its end, or until `stop`: what was told is reported in any case.
pub(super) async fn run(order: &Order, stop: &CancellationToken) -> (Report, Option<Trouble>) {
    let merged = Arc::new(Mutex::new(Merged::default()));
    let before = order.server.and_then(Usage::of);
    let trouble = tokio::select! {
        ended = play(order, &merged, stop) => ended.err(),
        () = show(order, &merged) => None,
    };
    let server = round::used(before, order.server.and_then(Usage::of));
    let merged = merged.lock().unwrap_or_else(PoisonError::into_inner);
    let interrupted = stop.is_cancelled() || trouble.is_some();
    let report = Report {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        workload: order.scenario.to_owned(),
        direction: Direction::ToServer,
        counted: Counted::Calls,
        bots: usize::try_from(order.stages.bots()).unwrap_or(usize::MAX),
        in_flight: 1,
        payload_bytes: 0,
        pace: Pace::Closed,
        stages: None,
        window_seconds: order.window.as_secs_f64(),
        rounds: 1,
        separate_processes: true,
        cpus: std::thread::available_parallelism().map_or(1, usize::from),
        interrupted,
        scenario: Some(Staging { processes: order.processes, stages: order.stages.to_string() }),
        conditions: Conditions::here(BTreeMap::new()),
        contenders: merged.standings(server),
        ratios: Vec::new(),
        left_out: BTreeMap::new(),
        thresholds: Vec::new(),
    };
    (report, trouble)
}

/// Starts all processes, and hears them to their end.
async fn play(order: &Order, merged: &Arc<Mutex<Merged>>, stop: &CancellationToken) -> Result<(), Trouble> {
    // Far enough for all of them to be ready.
    let begin =
        SystemTime::now() + BEGIN_IN + BEGIN_EACH * u32::try_from(order.processes).unwrap_or(u32::MAX);
    let mut children = Vec::new();
    let mut hearing = JoinSet::new();
    for part in 0..order.processes {
        let share = Share {
            address: order.address.clone(),
            stages: order.stages.clone(),
            window: order.window,
            part,
            parts: order.processes,
            begin,
        };
        let mut child =
            OwnChild::start(&order.program, &super::cli::arguments(order.scenario, &share)).await?;
        let (merged, server) = (merged.clone(), order.server);
        let process = children.len();
        if let Some(mut news) = child.news() {
            hearing.spawn(async move {
                while let Ok(Some(line)) = news.next_line().await {
                    let server_rss = server.and_then(usage::rss_bytes);
                    if let Ok(news) = serde_json::from_str(&line) {
                        merged.lock().unwrap_or_else(PoisonError::into_inner).add(process, news, server_rss);
                    }
                }
            });
        }
        children.push(child);
    }
    tokio::select! {
        () = async { while hearing.join_next().await.is_some() {} } => {}
        () = stop.cancelled() => {}
    }
    let mut ending = JoinSet::new();
    children.into_iter().for_each(|child| drop(ending.spawn(child.end())));
    // Interrupted, they have a last word to say: both must go on until then.
    tokio::join!(async { while hearing.join_next().await.is_some() {} }, async {
        while ending.join_next().await.is_some() {}
    });
    let complete = merged.lock().unwrap_or_else(PoisonError::into_inner).complete as u64;
    match order.processes - complete.min(order.processes) {
        0 => Ok(()),
        lost => {
            Err(Trouble::OtherEnd(format!("{lost} of {} processes of bots ended early", order.processes)))
        }
    }
}

/// Shows how far it is on stderr, for ever; nothing where that is no terminal.
async fn show(order: &Order, merged: &Mutex<Merged>) {
    let bar = ProgressBar::new(order.window.as_millis() as u64);
    // The template is a constant; were it wrong, the plain bar would do.
    if let Ok(style) = ProgressStyle::with_template("{wide_bar} {msg}") {
        bar.set_style(style);
    }
    let clear = ClearOnDrop(bar);
    let started = std::time::Instant::now();
    let mut ticks = tokio::time::interval(SHOW_EVERY);
    loop {
        ticks.tick().await;
        let (answered, bots) = merged.lock().unwrap_or_else(PoisonError::into_inner).so_far();
        clear.0.set_position(started.elapsed().min(order.window).as_millis() as u64);
        clear.0.set_message(format!("{} bots  {} steps", HumanCount(bots), HumanCount(answered)));
    }
}

/// Leaves a clean line for the table.
struct ClearOnDrop(ProgressBar);

impl Drop for ClearOnDrop {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

const BEGIN_IN: Duration = Duration::from_millis(200);
const BEGIN_EACH: Duration = Duration::from_millis(50);
const SHOW_EVERY: Duration = Duration::from_millis(100);
