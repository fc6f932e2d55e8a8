//! One round of pushes: the server is here and pushes, its clients receive in the other process, and the child tells how
//! far they are. What it measures is the same for every contender: nothing depends on how one acknowledges.

mod audience;
mod pusher;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

pub(crate) use self::audience::{Audience, Received, Telling};
use self::pusher::Pusher;
use crate::contender::{Answerer, Contender, Server};
use crate::ends::{self, ANY, Others};
use crate::failure::Trouble;
use crate::phase::{Phase, work_through};
use crate::plan::{Direction, Plan};
use crate::round::{Outcome, Round};

/// Runs one round of pushes; [`round::measure`](crate::round::measure) has prepared it.
pub(crate) async fn measure<C: Contender>(contender: C, round: &Round<'_>) -> Result<Outcome, Trouble> {
    let Round { plan, live, .. } = *round;
    let mut server = ends::serve(contender, ANY, Direction::Push).await?;
    let address = server.address();
    let ((), mut others) = ends::gather(contender, address, server.audience(plan.bots), round).await?;
    let (received, telling) = listen(&mut others, plan)?;
    let phase = Arc::new(Phase::default());
    let pusher = Pusher::new(server, received, plan, live.clone(), phase.clone());
    // A task like any of a game's, so that what it wakes is queued where it runs.
    let pushing = tokio::spawn(pusher.run());
    let account = work_through(pushing, phase, others.child.as_ref(), round).await;
    drop(telling);
    others.end().await;
    Ok(account.outcome(live.total()))
}

/// How often the audience is looked at. In lockstep the wait for it is part of each round, and is kept small; a server
/// that is a thousand rounds ahead is served well by every few milliseconds, which cost the clients nothing.
pub(crate) fn tell_every(plan: &Plan) -> Duration {
    if plan.in_flight == 1 { Duration::from_micros(100) } else { Duration::from_millis(5) }
}

/// Clients of this process and who tells of them, which ends before they do.
type Inside<A> = Option<(Telling, Audience<A>)>;

/// Keeps up with what the clients have received, wherever they are, as long as what it gives is held. The watch closes
/// when nothing more can be learned.
fn listen<A: Answerer>(
    others: &mut Others<A>,
    plan: &Plan,
) -> Result<(watch::Receiver<Received>, Inside<A>), Trouble> {
    let (tell, received) = watch::channel(Received::default());
    let Some(child) = &mut others.child else {
        let audience = Audience::of(std::mem::take(&mut others.inside));
        let tell = move |news| tell.send(news).map_err(io::Error::other);
        let telling = Telling::start(&audience, tell_every(plan), tell)?;
        return Ok((received, Some((telling, audience))));
    };
    let mut lines = child.news().ok_or_else(|| Trouble::OtherEnd("its news are read already".into()))?;
    tokio::spawn(async move {
        while let Ok(Some(line)) = lines.next_line().await {
            let Ok(news) = line.parse() else { return };
            if tell.send(news).is_err() {
                return;
            }
        }
    });
    Ok((received, None))
}
