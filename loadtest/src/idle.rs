//! A round of idleness: clients connect, make one call each, and do nothing; what the server's process holds more than
//! before, divided by their number, is a session's memory. The kernel's share of a connection is not in it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::contender::{Caller, Contender};
use crate::ends;
use crate::failure::Trouble;
use crate::plan::Plan;
use crate::process::OwnChild;
use crate::round::{Account, Outcome};
use crate::tally::Tally;
use crate::usage;

/// Runs one round; [`round::measure`](crate::round::measure) has prepared it.
pub(crate) async fn measure<C: Contender>(
    contender: C,
    plan: &Plan,
    live: &Arc<Tally>,
    stop: &CancellationToken,
) -> Result<Outcome, Trouble> {
    let server = ends::listen(contender, plan).await?;
    let child = server.child.as_ref();
    let (address, payload_bytes) = (server.address, plan.payload_bytes);
    let one = || async move {
        let client = contender.connect(address).await?;
        ends::answered(client.echo(&vec![0; payload_bytes]), payload_bytes).await?;
        Ok(client)
    };
    let connect = |wanted, count: fn(&Tally, Duration)| {
        ends::connect_all(one, wanted, plan.in_flight, stop, move |took| count(live, took))
    };
    // The first few touch code and pools that belong to no session.
    drop(connect(plan.in_flight, |_, _| {}).await);
    let before = settled(child, stop).await;
    let holding = async {
        let (clients, refused) = connect(plan.bots, Tally::done).await;
        (settled(child, stop).await, clients, refused)
    };
    let ((after, clients, refused), account) = Account::of(holding, USUAL, live, child).await;
    let mut counts = live.total();
    refused.into_iter().for_each(|(why, times)| counts.fail(why, times));
    let grown = before.zip(after).map(|(before, after)| after.saturating_sub(before) as f64);
    let session_bytes = grown.filter(|_| !clients.is_empty()).map(|grown| grown / clients.len() as f64);
    drop(clients);
    server.end().await;
    Ok(Outcome { session_bytes, ..account.outcome(counts) })
}

/// What the child holds once that no longer changes, or after a bounded time.
async fn settled(child: Option<&OwnChild>, stop: &CancellationToken) -> Option<u64> {
    let held = || usage::rss_bytes(child?.id()?);
    let deadline = Instant::now() + SETTLE_MAX;
    let mut last = held()?;
    while Instant::now() < deadline && !stop.is_cancelled() {
        sleep(SETTLE).await;
        let now = held()?;
        if now.abs_diff(last) * STEADY_SHARE <= last {
            return Some(now);
        }
        last = now;
    }
    held()
}

/// About so long it takes; only the sampling goes by it.
const USUAL: Duration = Duration::from_secs(5);
/// Longer than it takes an allocator to give back what it will.
const SETTLE: Duration = Duration::from_millis(500);
const SETTLE_MAX: Duration = Duration::from_secs(10);
/// Steady means that less than one part in so many has changed.
const STEADY_SHARE: u64 = 1_000;
