//! A round of idleness: clients connect, make one call each, and do nothing; what the server's process holds more than
//! before, divided by their number, is a session's memory. The kernel's share of a connection is not in it.

use std::time::{Duration, Instant};

use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::contender::Contender;
use crate::ends;
use crate::failure::Trouble;
use crate::process::OwnChild;
use crate::round::{Outcome, Round};
use crate::usage;

/// Runs one round; [`round::measure`](crate::round::measure) has prepared it.
pub(crate) async fn measure<C: Contender>(contender: C, round: &Round<'_>) -> Result<Outcome, Trouble> {
    let Round { plan, live, stop } = *round;
    let server = ends::listen(contender, plan).await?;
    let child = server.child.as_ref();
    let connect = || contender.connect(server.address);
    // The first few touch code and pools that belong to no session.
    drop(ends::log_all_in(connect, plan.in_flight, round, |_| {}).await);
    let before = settled(child, stop).await;
    let holding = async {
        let (clients, refused) = ends::log_all_in(connect, plan.bots, round, |took| live.done(took)).await;
        (settled(child, stop).await, clients, refused)
    };
    let ((after, clients, refused), account) = round.account(holding, child).await;
    let grown = before.zip(after).map(|(before, after)| after.saturating_sub(before) as f64);
    let session_bytes = grown.filter(|_| !clients.is_empty()).map(|grown| grown / clients.len() as f64);
    drop(clients);
    server.end().await;
    Ok(Outcome { session_bytes, ..account.outcome(live.total().with(refused)) })
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

/// Longer than it takes an allocator to give back what it will.
const SETTLE: Duration = Duration::from_millis(500);
const SETTLE_MAX: Duration = Duration::from_secs(10);
/// Steady means that less than one part in so many has changed.
const STEADY_SHARE: u64 = 1_000;
