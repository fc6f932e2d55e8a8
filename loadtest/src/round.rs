//! One round of one contender: brings up both ends, connects, warms up, measures, takes all down again.
//! Knows nothing of other rounds, progress or reports.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::contender::{Caller, Contender, Server};
use crate::drive::Driving;
use crate::failure::{Failure, Trouble};
use crate::plan::{Direction, OtherEnd, Plan};
use crate::process::OwnChild;
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
            let server = serve(contender, ANY, Direction::ToServer).await?;
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
    let (callers, refused) = connect_all(contender, address, plan.bots, stop).await;
    let outcome = play(&callers, refused, plan, child.as_ref(), live, stop).await;
    drop((callers, inside));
    end(child).await;
    outcome
}

/// The server calls: we are it, and the other end joins as its clients.
async fn calls_to_clients<C: Contender>(
    contender: C,
    plan: &Plan,
    live: &Arc<Tally>,
    stop: &CancellationToken,
) -> Result<Outcome, Trouble> {
    let mut server = serve(contender, ANY, Direction::ToClient).await?;
    let address = server.address();
    let clients_lost = |why| Trouble::Clients { wanted: plan.bots, why };
    let joining = async {
        match &plan.other_end {
            OtherEnd::Child { program } => {
                let (address, bots) = (address.to_string(), plan.bots.to_string());
                let arguments =
                    ["join", "--contender", contender.name(), "--addr", &address, "--bots", &bots];
                Ok((Some(OwnChild::start(program, &arguments.map(str::to_owned)).await?), Vec::new()))
            }
            OtherEnd::Inside => Ok((None, join(contender, address, plan.bots).await.map_err(clients_lost)?)),
            OtherEnd::Running(_) => Err(Trouble::Options("clients cannot join with --addr".into())),
        }
    };
    let accepting = async {
        let clients = timeout(CLIENTS_JOIN, server.clients(plan.bots)).await;
        clients.unwrap_or(Err(Failure::ConnectTimeout)).map_err(clients_lost)
    };
    let both = async { tokio::try_join!(joining, accepting) };
    let ((child, inside), clients) = tokio::select! {
        joined = both => joined?,
        () = stop.cancelled() => return Err(Trouble::Interrupted),
    };
    let callers: Vec<_> = clients.into_iter().map(Arc::new).collect();
    let outcome = play(&callers, Failures::new(), plan, child.as_ref(), live, stop).await;
    drop((callers, inside, server));
    end(child).await;
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

/// Connects `wanted` clients, some at once, until `stop` or for a bounded time; those that fail are counted by kind.
async fn connect_all<C: Contender>(
    contender: C,
    to: SocketAddr,
    wanted: usize,
    stop: &CancellationToken,
) -> (Vec<Arc<C::Client>>, Failures) {
    let (mut connected, mut refused) = (Vec::with_capacity(wanted), Failures::new());
    let mut connecting = JoinSet::new();
    let mut left = wanted;
    let deadline = Instant::now() + CONNECT_ALL;
    while connected.len() < wanted && !stop.is_cancelled() {
        while left > 0 && connecting.len() < CONNECTING_MAX && Instant::now() < deadline {
            left -= 1;
            connecting.spawn(timeout(CONNECT, contender.connect(to)));
        }
        let failure = match connecting.join_next().await {
            Some(Ok(Ok(Ok(client)))) => {
                connected.push(Arc::new(client));
                continue;
            }
            Some(Ok(Ok(Err(why)))) => why,
            Some(Ok(Err(_))) => Failure::ConnectTimeout,
            Some(Err(_)) => Failure::Panicked,
            None => break,
        };
        *refused.entry(failure).or_default() += 1;
    }
    if left > 0 && !stop.is_cancelled() {
        *refused.entry(Failure::ConnectTimeout).or_default() += left as u64;
    }
    (connected, refused)
}

/// Starts the listening end, within a bounded time.
pub(crate) async fn serve<C: Contender>(
    contender: C,
    at: SocketAddr,
    calls: Direction,
) -> Result<C::Server, Trouble> {
    let server = timeout(CONNECT, contender.serve(at, calls)).await;
    server.unwrap_or(Err(Failure::ConnectTimeout)).map_err(|why| Trouble::Listen { at, why })
}

/// Joins a calling server with `bots` answering clients, all or none.
pub(crate) async fn join<C: Contender>(
    contender: C,
    to: SocketAddr,
    bots: usize,
) -> Result<Vec<C::Answerer>, Failure> {
    let mut joined = Vec::with_capacity(bots);
    // One after the other: answerers need not be shared between threads, and joining is not what is measured.
    for _ in 0..bots {
        joined.push(timeout(CONNECT, contender.join(to)).await.unwrap_or(Err(Failure::ConnectTimeout))?);
    }
    Ok(joined)
}

async fn end(child: Option<OwnChild>) {
    if let Some(child) = child {
        child.end().await;
    }
}

fn used(before: Option<Usage>, after: Option<Usage>) -> Option<Used> {
    let (before, after) = (before?, after?);
    Some(Used { cpu: after.cpu.saturating_sub(before.cpu), rss_peak_bytes: after.rss_peak_bytes })
}

/// An empty tally; its bounds are our own constants.
pub(crate) fn new_tally() -> Result<Tally, Trouble> {
    Tally::new().map_err(|why| Trouble::Options(format!("histogram bounds: {why}")))
}

const ANY: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
const CONNECT: Duration = Duration::from_secs(10);
/// After it no further connection is begun.
const CONNECT_ALL: Duration = Duration::from_secs(60);
/// Less than a listener's usual backlog of 128.
const CONNECTING_MAX: usize = 64;
const CLIENTS_JOIN: Duration = Duration::from_secs(30);
