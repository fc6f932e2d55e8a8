//! A round of snapshots: the server sends one to everyone, so many times a second; the child's clients tell how old each
//! was when it arrived. Those that stall tell nothing: what is measured is what they do to the others.

mod stamp;
mod watching;

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval};

pub(crate) use self::stamp::STAMP_BYTES;
use self::stamp::{ages, stamp};
pub(crate) use self::watching::watch;
use crate::contender::{Contender, Server};
use crate::ends::{self, ANY};
use crate::failure::{Failure, Trouble};
use crate::phase::{Phase, work_through};
use crate::plan::{Direction, OtherEnd, Pace, Plan};
use crate::process::OwnChild;
use crate::round::{Outcome, Round};
use crate::tally::Tally;

/// Runs one round of snapshots; [`round::measure`](crate::round::measure) has prepared it.
pub(crate) async fn measure<C: Contender>(contender: C, round: &Round<'_>) -> Result<Outcome, Trouble> {
    let Round { plan, live, .. } = *round;
    let OtherEnd::Child { program } = &plan.other_end else {
        return Err(Trouble::Options("workload S needs its clients in a process of their own".into()));
    };
    let mut server = ends::serve(contender, ANY, Direction::Push).await?;
    let address = server.address();
    let arguments = [
        "watch",
        "--contender",
        contender.name(),
        "--addr",
        &address.to_string(),
        "--bots",
        &plan.bots.to_string(),
        "--stalled",
        &plan.stalled.to_string(),
    ];
    // To nobody yet: whoever has no snapshots says so before its clients come.
    server.snapshot(&[]).await.map_err(|why| Trouble::Clients { wanted: plan.bots, why })?;
    let arguments = arguments.map(str::to_owned);
    let watching = OwnChild::start(program, &arguments);
    let ((), mut child) = ends::meet(server.audience(plan.bots), watching, round).await?;
    let counting = count(&mut child, live)?;
    let phase = Arc::new(Phase::default());
    // A task like any of a game's, so that what it wakes is queued where it runs.
    let sending = tokio::spawn(send(server, plan.clone(), phase.clone()));
    let account = work_through(sending, phase, Some(&child), round).await;
    child.end().await;
    // Its last words are counted before the figures are taken.
    let _ = counting.await;
    Ok(account.outcome(live.total()))
}

/// Sends at the plan's rate until the window is over. Snapshots of the warm-up bear no stamp.
async fn send<S: Server>(server: S, plan: Plan, phase: Arc<Phase>) -> Result<(), Failure> {
    let per_second = match plan.pace {
        Pace::Open { calls_per_second } => calls_per_second as f64,
        Pace::Closed => return Err(Failure::CannotPush),
    };
    let mut ticks = interval(Duration::from_secs_f64(1.0 / per_second));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut body = vec![0; plan.payload_bytes];
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = phase.over() => return Ok(()),
        }
        stamp(&mut body, phase.is_measured());
        server.snapshot(&body).await?;
    }
}

/// Counts what the child tells, until it ends.
fn count(child: &mut OwnChild, live: &Arc<Tally>) -> Result<JoinHandle<()>, Trouble> {
    let mut lines = child.news().ok_or_else(|| Trouble::OtherEnd("its news are read already".into()))?;
    let live = live.clone();
    Ok(tokio::spawn(async move {
        while let Ok(Some(line)) = lines.next_line().await {
            ages(&line).for_each(|age| live.done(age));
        }
    }))
}
