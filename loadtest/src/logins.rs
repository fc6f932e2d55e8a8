//! A round of logins: clients connect, so many at a time, until all are there. Each login's time is from before it connects
//! until its first call is answered: what a contender has in between, and whether the kernel alone has accepted it, makes
//! no difference.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::contender::{Caller, Contender};
use crate::ends;
use crate::failure::Trouble;
use crate::plan::Plan;
use crate::round::{Account, Outcome};
use crate::tally::Tally;

/// Runs one round of logins; [`round::measure`](crate::round::measure) has prepared it.
pub(crate) async fn measure<C: Contender>(
    contender: C,
    plan: &Plan,
    live: &Arc<Tally>,
    stop: &CancellationToken,
) -> Result<Outcome, Trouble> {
    let server = ends::listen(contender, plan).await?;
    let (address, payload_bytes) = (server.address, plan.payload_bytes);
    let log_in = || async move {
        let client = contender.connect(address).await?;
        ends::answered(client.echo(&vec![0; payload_bytes]), payload_bytes).await?;
        Ok(client)
    };
    let count = |took| live.done(took);
    let all_in = ends::connect_all(log_in, plan.bots, plan.in_flight, stop, count);
    let ((clients, refused), account) = Account::of(all_in, USUAL, live, server.child.as_ref()).await;
    let mut counts = live.total();
    refused.into_iter().for_each(|(why, times)| counts.fail(why, times));
    drop(clients);
    server.end().await;
    Ok(account.outcome(counts))
}

/// About so long it takes; only the sampling goes by it.
const USUAL: Duration = Duration::from_secs(5);
