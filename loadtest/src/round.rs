//! One round of calls of one contender: has both ends brought up, warms up, measures, takes all down again.
//! Rounds of pushes are `push`'s. Knows nothing of other rounds, progress or reports.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use crate::contender::{Caller, Contender, Server};
use crate::drive::Driving;
use crate::ends::{self, ANY, CONNECTING_MAX};
use crate::failure::Trouble;
use crate::plan::{Direction, Plan, Workload};
use crate::process::OwnChild;
use crate::ramp;
use crate::series::{self, Sample};
use crate::tally::{Counts, Failures, Tally};
use crate::usage::{self, Usage};
use crate::{idle, logins, push, returns, snapshots};

/// What every workload's round is given.
#[derive(Debug)]
pub(crate) struct Round<'a> {
    pub(crate) plan: &'a Plan,
    /// Where it counts; progress can be read from it meanwhile.
    pub(crate) live: &'a Arc<Tally>,
    /// Ends it early, with what there is.
    pub(crate) stop: &'a CancellationToken,
}

/// What one round came to.
#[derive(Debug)]
pub struct Outcome {
    pub(crate) counts: Counts,
    /// How long it measured.
    pub(crate) window: Duration,
    /// Of the calling end: this process.
    pub(crate) caller: Option<Used>,
    /// Of the answering end, if it has a process of its own.
    pub(crate) answerer: Option<Used>,
    /// The window as it went.
    pub(crate) series: Vec<Sample>,
    /// What the server's process holds for each session (G).
    pub(crate) session_bytes: Option<f64>,
}

/// What one process used in the window.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Used {
    pub(crate) cpu: Duration,
    pub(crate) rss_peak_bytes: u64,
}

/// Runs one round.
pub(crate) async fn measure<C: Contender>(contender: C, round: &Round<'_>) -> Result<Outcome, Trouble> {
    usage::check_descriptors(round.plan.descriptors())?;
    usage::descriptors_free(round.plan.descriptors()).await;
    usage::restart_own_peak();
    match round.plan.workload {
        Workload::A | Workload::B | Workload::C | Workload::D | Workload::D16 => {
            calls_to_server(contender, round).await
        }
        Workload::E => calls_to_clients(contender, round).await,
        Workload::F | Workload::FL => push::measure(contender, round).await,
        Workload::G => idle::measure(contender, round).await,
        Workload::J => logins::measure(contender, round).await,
        Workload::R => returns::measure(contender, round).await,
        Workload::S => snapshots::measure(contender, round).await,
    }
}

/// The server answers: it is the other end, and we are the clients.
async fn calls_to_server<C: Contender>(contender: C, round: &Round<'_>) -> Result<Outcome, Trouble> {
    let Round { plan, stop, .. } = *round;
    if let Some(stages) = &plan.stages {
        return ramp::measure(contender, stages, round).await;
    }
    let server = ends::listen(contender, plan).await?;
    let connect = || contender.connect(server.address);
    let (callers, refused) = ends::connect_all(connect, plan.bots, CONNECTING_MAX, stop, |_| {}).await;
    let callers: Vec<_> = callers.into_iter().map(Arc::new).collect();
    let outcome = play(&callers, refused, server.child.as_ref(), round).await;
    drop(callers);
    server.end().await;
    outcome
}

/// The server calls: we are it, and the other end joins as its clients.
async fn calls_to_clients<C: Contender>(contender: C, round: &Round<'_>) -> Result<Outcome, Trouble> {
    let mut server = ends::serve(contender, ANY, Direction::ToClient).await?;
    let address = server.address();
    let (clients, others) = ends::gather(contender, address, server.clients(round.plan.bots), round).await?;
    let callers: Vec<_> = clients.into_iter().map(Arc::new).collect();
    let outcome = play(&callers, Failures::new(), others.child.as_ref(), round).await;
    drop((callers, server));
    others.end().await;
    outcome
}

/// Warms up, then measures one window on `callers`.
async fn play<K: Caller>(
    callers: &[Arc<K>],
    refused: Failures,
    child: Option<&OwnChild>,
    round: &Round<'_>,
) -> Result<Outcome, Trouble> {
    let Round { plan, live, stop } = *round;
    if !callers.is_empty() {
        let unmeasured = Arc::new(new_tally()?);
        let warm_up = Driving::start(callers, plan, &unmeasured)?.window(plan.warm_up(), stop).await;
        warm_up.drain().await;
    }
    let driving = Driving::start(callers, plan, live)?.window(plan.window, stop);
    let (draining, account) = round.account(driving, child).await;
    let window = draining.window;
    draining.drain().await;
    Ok(Outcome { window, ..account.outcome(live.total().with(refused)) })
}

/// What a stretch of time cost, and how it went.
#[derive(Debug)]
pub(crate) struct Account {
    window: Duration,
    caller: Option<Used>,
    answerer: Option<Used>,
    series: Vec<Sample>,
}

impl Round<'_> {
    /// Does `work`, which is what is measured, and takes account of it. `child` is the process of the other end, if it has
    /// one.
    pub(crate) async fn account<T>(
        &self,
        work: impl Future<Output = T>,
        child: Option<&OwnChild>,
    ) -> (T, Account) {
        let usage = || (Usage::own(), child.and_then(OwnChild::usage));
        let before = usage();
        let started = Instant::now();
        let other = child.and_then(OwnChild::id);
        let (done, series) = series::along(work, self.live, other, series::stretch(self.length())).await;
        let window = started.elapsed();
        let after = usage();
        let (caller, answerer) = (used(before.0, after.0), used(before.1, after.1));
        (done, Account { window, caller, answerer, series })
    }

    /// About how long it measures.
    fn length(&self) -> Duration {
        if self.plan.workload.ends_by_itself() { USUAL } else { self.plan.window }
    }
}

impl Account {
    /// With what was counted in that time.
    pub(crate) fn outcome(self, counts: Counts) -> Outcome {
        let Account { window, caller, answerer, series } = self;
        Outcome { counts, window, caller, answerer, series, session_bytes: None }
    }
}

/// What a process used between two readings.
pub(crate) fn used(before: Option<Usage>, after: Option<Usage>) -> Option<Used> {
    let (before, after) = (before?, after?);
    Some(Used { cpu: after.cpu.saturating_sub(before.cpu), rss_peak_bytes: after.rss_peak_bytes })
}

/// An empty tally; its bounds are our own constants.
pub(crate) fn new_tally() -> Result<Tally, Trouble> {
    Tally::new().map_err(|why| Trouble::Options(format!("histogram bounds: {why}")))
}

/// About so long a round takes that ends by itself; only the sampling goes by it.
const USUAL: Duration = Duration::from_secs(5);
