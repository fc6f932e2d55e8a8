//! A round of logins: clients connect, so many at a time, until all are there. Each login's time is from before it connects
//! until its first call is answered: what a contender has in between, and whether the kernel alone has accepted it, makes
//! no difference.

use crate::contender::Contender;
use crate::ends;
use crate::failure::Trouble;
use crate::round::{Outcome, Round};

/// Runs one round of logins; [`round::measure`](crate::round::measure) has prepared it.
pub(crate) async fn measure<C: Contender>(contender: C, round: &Round<'_>) -> Result<Outcome, Trouble> {
    let Round { plan, live, .. } = *round;
    let server = ends::listen(contender, plan).await?;
    let connect = || contender.connect(server.address);
    let all_in = ends::log_all_in(connect, plan.bots, round, |took| live.done(took));
    let ((clients, refused), account) = round.account(all_in, server.child.as_ref()).await;
    let counts = live.total().with(refused);
    drop(clients);
    server.end().await;
    Ok(account.outcome(counts))
}
