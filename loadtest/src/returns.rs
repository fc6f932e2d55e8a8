//! A round of returns: clients are connected and idle, all their connections are cut at once, and they come back by
//! themselves. Each return's time is from its own cut, with the pauses that clients make on purpose.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::contender::{Caller, Contender, Severable};
use crate::ends;
use crate::failure::{Failure, Trouble};
use crate::round::{Outcome, Round};
use crate::tally::Tally;

/// Runs one round of returns; [`round::measure`](crate::round::measure) has prepared it.
pub(crate) async fn measure<C: Contender>(contender: C, round: &Round<'_>) -> Result<Outcome, Trouble> {
    let Round { plan, live, stop } = *round;
    let server = ends::listen(contender, plan).await?;
    let connect = || {
        let connecting = contender.connect_severable(server.address);
        async { connecting.await.map(Returning) }
    };
    let (clients, refused) = ends::log_all_in(connect, plan.bots, round, |_| {}).await;
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
    let (clients, account) = round.account(all_back, server.child.as_ref()).await;
    // Unmeasured: what came back must be of use.
    for client in &clients {
        if let Err(why) = ends::answered(client, plan.payload_bytes).await {
            live.fail(why, 1);
        }
    }
    let counts = live.total().with(refused);
    coming.shutdown().await;
    drop(clients);
    server.end().await;
    Ok(account.outcome(counts))
}

/// A client that comes back, whose calls are like any caller's.
struct Returning(Box<dyn Severable>);

impl Caller for Returning {
    async fn echo(&self, body: &Bytes) -> Result<usize, Failure> {
        self.0.echo(body).await
    }
}

/// One client: cut when the gun goes off, then timed until it is back.
async fn come_back(client: Returning, gun: CancellationToken, live: Arc<Tally>) -> Option<Returning> {
    gun.cancelled().await;
    let cut = Instant::now();
    client.0.cut();
    match timeout(BACK, client.0.back()).await.unwrap_or(Err(Failure::NotBack)) {
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
async fn all(coming: &mut JoinSet<Option<Returning>>) -> Vec<Returning> {
    let mut back = Vec::with_capacity(coming.len());
    while let Some(client) = coming.join_next().await {
        back.extend(client.ok().flatten());
    }
    back
}

/// As long as a session waits for its client by default.
const BACK: Duration = Duration::from_secs(60);
