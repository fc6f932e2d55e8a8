//! A round of idleness: clients connect, make one call each, and do nothing; what the server's process holds more than
//! before, divided by their number, is a session's memory. The kernel's share of a connection is not in it.

use crate::contender::Contender;
use crate::ends;
use crate::failure::Trouble;
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
    let held = || usage::rss_bytes(child?.id()?);
    let before = usage::settled(held, stop).await;
    let holding = async {
        let (clients, refused) = ends::log_all_in(connect, plan.bots, round, |took| live.done(took)).await;
        (usage::settled(held, stop).await, clients, refused)
    };
    let ((after, clients, refused), account) = round.account(holding, child).await;
    let grown = before.zip(after).map(|(before, after)| after.saturating_sub(before) as f64);
    let session_bytes = grown.filter(|_| !clients.is_empty()).map(|grown| grown / clients.len() as f64);
    drop(clients);
    server.end().await;
    Ok(Outcome { session_bytes, ..account.outcome(live.total().with(refused)) })
}
