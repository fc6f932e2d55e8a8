//! One round of pushes: the server is here and pushes, its clients receive in the other process, and the child tells how
//! far they are. What it measures is the same for every contender: nothing depends on how one acknowledges.

mod audience;
mod pusher;

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::watch;
use tokio::task::{JoinError, JoinHandle};
use tokio_util::sync::CancellationToken;

pub(crate) use self::audience::{Audience, Received, Telling};
use self::pusher::Pusher;
use crate::contender::{Answerer, Contender, Server};
use crate::ends::{self, ANY, Others};
use crate::failure::{Failure, Trouble};
use crate::plan::{Direction, Plan};
use crate::process::OwnChild;
use crate::round::{Outcome, used};
use crate::series;
use crate::tally::Tally;
use crate::usage::Usage;

/// Runs one round of pushes; [`round::measure`](crate::round::measure) has prepared it.
pub(crate) async fn measure<C: Contender>(
    contender: C,
    plan: &Plan,
    live: &Arc<Tally>,
    stop: &CancellationToken,
) -> Result<Outcome, Trouble> {
    let mut server = ends::serve(contender, ANY, Direction::Push).await?;
    let address = server.address();
    let ((), mut others) = ends::gather(contender, address, plan, server.audience(plan.bots), stop).await?;
    let (received, telling) = listen(&mut others, plan)?;
    let outcome = play(server, received, plan, others.child.as_ref(), live, stop).await;
    drop(telling);
    others.end().await;
    outcome
}

/// How often the audience is looked at. In lockstep the wait for it is part of each round, and is kept small; a server
/// that is a thousand rounds ahead is served well by every few milliseconds, which cost the clients nothing.
pub(crate) fn tell_every(plan: &Plan) -> Duration {
    if plan.in_flight == 1 { Duration::from_micros(100) } else { Duration::from_millis(5) }
}

/// Keeps up with what the clients have received, wherever they are. The watch closes when nothing more can be learned.
fn listen<A: Answerer>(
    others: &mut Others<A>,
    plan: &Plan,
) -> Result<(watch::Receiver<Received>, Option<Telling>), Trouble> {
    let (tell, received) = watch::channel(Received::default());
    let Some(child) = &mut others.child else {
        let audience = Audience::of(std::mem::take(&mut others.inside));
        let tell = move |news| tell.send(news).map_err(io::Error::other);
        return Ok((received, Some(Telling::start(&audience, tell_every(plan), tell)?)));
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

/// Pushes for a warm-up and one window.
async fn play<S: Server>(
    server: S,
    received: watch::Receiver<Received>,
    plan: &Plan,
    child: Option<&OwnChild>,
    live: &Arc<Tally>,
    stop: &CancellationToken,
) -> Result<Outcome, Trouble> {
    let phase = Arc::new(Phase::default());
    let pusher = Pusher::new(server, received, plan, live.clone(), phase.clone());
    // A task like any of a game's, so that what it wakes is queued where it runs.
    let mut pushing = tokio::spawn(pusher.run());
    let mut ended = pass(plan.warm_up(), &mut pushing, stop).await;
    let before = (Usage::own(), child.and_then(OwnChild::usage));
    phase.measured.store(true, Ordering::Relaxed);
    let started = Instant::now();
    let window = async {
        if ended.is_none() {
            ended = pass(plan.window, &mut pushing, stop).await;
        }
    };
    let receiver = child.and_then(OwnChild::id);
    let ((), series) = series::along(window, live, receiver, series::stretch(plan.window)).await;
    let window = started.elapsed();
    let after = (Usage::own(), child.and_then(OwnChild::usage));
    phase.over.cancel();
    let ended = match ended {
        Some(ended) => ended,
        None => pushing.await,
    };
    if let Err(why) = ended.unwrap_or(Err(Failure::Panicked)) {
        live.fail(why, 1);
    }
    let (caller, answerer) = (used(before.0, after.0), used(before.1, after.1));
    Ok(Outcome { counts: live.total(), window, caller, answerer, series })
}

/// Lets `length` pass, or less if the pusher has ended or the run is stopped; how the pusher ended, if it did.
async fn pass<T>(
    length: Duration,
    pushing: &mut JoinHandle<T>,
    stop: &CancellationToken,
) -> Option<Result<T, JoinError>> {
    tokio::select! {
        () = tokio::time::sleep(length) => None,
        () = stop.cancelled() => None,
        ended = pushing => Some(ended),
    }
}

/// What the pusher is told by whoever measures.
#[derive(Debug, Default)]
struct Phase {
    /// The warm-up is over: what is received now counts.
    measured: AtomicBool,
    /// The window is over.
    over: CancellationToken,
}
