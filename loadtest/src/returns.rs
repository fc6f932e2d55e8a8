//! A round of returns: clients are connected and idle, all their connections are cut at once, and they come back by
//! themselves. Each return's time is from its own cut, with the pauses that clients make on purpose.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::contender::{Contender, Severable};
use crate::ends;
use crate::failure::{Failure, Trouble};
use crate::plan::Plan;
use crate::round::{Account, Outcome};
use crate::tally::Tally;

/// Runs one round of returns; [`round::measure`](crate::round::measure) has prepared it.
pub(crate) async fn measure<C: Contender>(
    contender: C,
    plan: &Plan,
    live: &Arc<Tally>,
    stop: &CancellationToken,
) -> Result<Outcome, Trouble> {
    let server = ends::listen(contender, plan).await?;
    let (address, payload_bytes) = (server.address, plan.payload_bytes);
    let one = || async move {
        let client = contender.connect_severable(address).await?;
        ends::answered(client.echo(&vec![0; payload_bytes]), payload_bytes).await?;
        Ok(client)
    };
    let (clients, refused) = ends::connect_all(one, plan.bots, plan.in_flight, stop, |_| {}).await;
    if let Some(why) = refused.keys().find(|why| why.leaves_out()) {
        return Err(Trouble::Clients { wanted: plan.bots, why: why.clone() });
    }
    let gun = CancellationToken::new();
    let mut coming = JoinSet::new();
    for client in clients {
        coming.spawn(come_back(client, gun.clone(), live.clone()));
    }
    gun.cancel();
    let all_back = async {
        tokio::select! {
            clients = all(&mut coming) => clients,
            () = stop.cancelled() => Vec::new(),
        }
    };
    let (clients, account) = Account::of(all_back, USUAL, live, server.child.as_ref()).await;
    // Unmeasured: what came back must be of use.
    for client in &clients {
        if let Err(why) = ends::answered(client.echo(&vec![0; payload_bytes]), payload_bytes).await {
            live.fail(why, 1);
        }
    }
    let mut counts = live.total();
    refused.into_iter().for_each(|(why, times)| counts.fail(why, times));
    coming.shutdown().await;
    drop(clients);
    server.end().await;
    Ok(account.outcome(counts))
}

/// One client: cut when the gun goes off, then timed until it is back.
async fn come_back(
    client: Box<dyn Severable>,
    gun: CancellationToken,
    live: Arc<Tally>,
) -> Option<Box<dyn Severable>> {
    gun.cancelled().await;
    let cut = Instant::now();
    client.cut();
    match timeout(BACK, client.back()).await.unwrap_or(Err(Failure::NotBack)) {
        Ok(()) => {
            live.done(cut.elapsed());
            Some(client)
        }
        Err(why) => {
            live.fail(why, 1);
            None
        }
    }
}

/// Those that are back.
async fn all(coming: &mut JoinSet<Option<Box<dyn Severable>>>) -> Vec<Box<dyn Severable>> {
    let mut back = Vec::with_capacity(coming.len());
    while let Some(client) = coming.join_next().await {
        back.extend(client.ok().flatten());
    }
    back
}

/// About so long it takes; only the sampling goes by it.
const USUAL: Duration = Duration::from_secs(5);
/// As long as a session waits for its client by default.
const BACK: Duration = Duration::from_secs(60);
