//! One round of calls of one contender: has both ends brought up, warms up, measures, takes all down again.
//! Rounds of pushes are `push`'s. Knows nothing of other rounds, progress or reports.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::contender::{Caller, Contender, Server};
use crate::drive::Driving;
use crate::ends::{self, ANY};
use crate::failure::Trouble;
use crate::plan::{Direction, OtherEnd, Plan};
use crate::process::OwnChild;
use crate::push;
use crate::series::{self, Sample};
use crate::tally::{Counts, Failures, Tally};
use crate::usage::{self, Usage};

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
}

/// What one process used in the window.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Used {
    pub(crate) cpu: Duration,
    pub(crate) rss_peak_bytes: u64,
}

/// Runs one round. `live` is where progress can be read from; `stop` ends it early with what there is.
pub(crate) async fn measure<C: Contender>(
    contender: C,
    plan: &Plan,
    live: &Arc<Tally>,
    stop: &CancellationToken,
) -> Result<Outcome, Trouble> {
    usage::check_descriptors(plan.descriptors())?;
    usage::restart_own_peak();
    match plan.workload.direction() {
        Direction::ToServer => calls_to_server(contender, plan, live, stop).await,
        Direction::ToClient => calls_to_clients(contender, plan, live, stop).await,
        Direction::Push => push::measure(contender, plan, live, stop).await,
    }
}

/// The server answers: it is the other end, and we are the clients.
async fn calls_to_server<C: Contender>(
    contender: C,
    plan: &Plan,
    live: &Arc<Tally>,
    stop: &CancellationToken,
) -> Result<Outcome, Trouble> {
    let mut child = None;
    let mut inside = None;
    let address = match &plan.other_end {
        OtherEnd::Running(address) => *address,
        OtherEnd::Inside => {
            let server = ends::serve(contender, ANY, Direction::ToServer).await?;
            let address = server.address();
            inside = Some(server);
            address
        }
        OtherEnd::Child { program } => {
            let arguments = ["serve", "--contender", contender.name()].map(str::to_owned);
            let started = OwnChild::start(program, &arguments).await?;
            let said = started.ready_line.parse();
            let address = said.map_err(|_| Trouble::OtherEnd(format!("it said `{}`", started.ready_line)))?;
            child = Some(started);
            address
        }
    };
    let (callers, refused) = ends::connect_all(contender, address, plan.bots, stop).await;
    let outcome = play(&callers, refused, plan, child.as_ref(), live, stop).await;
    drop((callers, inside));
    ends::end(child).await;
    outcome
}

/// The server calls: we are it, and the other end joins as its clients.
async fn calls_to_clients<C: Contender>(
    contender: C,
    plan: &Plan,
    live: &Arc<Tally>,
    stop: &CancellationToken,
) -> Result<Outcome, Trouble> {
    let mut server = ends::serve(contender, ANY, Direction::ToClient).await?;
    let address = server.address();
    let accepting = server.clients(plan.bots);
    let (clients, others) = ends::gather(contender, address, plan, accepting, stop).await?;
    let callers: Vec<_> = clients.into_iter().map(Arc::new).collect();
    let outcome = play(&callers, Failures::new(), plan, others.child.as_ref(), live, stop).await;
    drop((callers, server));
    others.end().await;
    outcome
}

/// Warms up, then measures one window on `callers`.
async fn play<K: Caller>(
    callers: &[Arc<K>],
    refused: Failures,
    plan: &Plan,
    child: Option<&OwnChild>,
    live: &Arc<Tally>,
    stop: &CancellationToken,
) -> Result<Outcome, Trouble> {
    if !callers.is_empty() {
        let unmeasured = Arc::new(new_tally()?);
        let warm_up = Driving::start(callers, plan, &unmeasured)?.window(plan.warm_up(), stop).await;
        warm_up.drain().await;
    }
    let before = (Usage::own(), child.and_then(OwnChild::usage));
    let window = Driving::start(callers, plan, live)?.window(plan.window, stop);
    let answerer = child.and_then(OwnChild::id);
    let (draining, series) = series::along(window, live, answerer, series::stretch(plan.window)).await;
    let after = (Usage::own(), child.and_then(OwnChild::usage));
    let window = draining.window;
    draining.drain().await;
    let mut counts = live.total();
    for (why, times) in refused {
        counts.fail(why, times);
    }
    let (caller, answerer) = (used(before.0, after.0), used(before.1, after.1));
    Ok(Outcome { counts, window, caller, answerer, series })
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
