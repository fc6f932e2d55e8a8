//! A round in which clients connect while it is measured, each at its time: what the others feel of it. Calls as in
//! `round`; only the beginning differs, and that there is no warm-up.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use crate::contender::Contender;
use crate::drive::{Draining, Driving};
use crate::ends;
use crate::failure::{Failure, Trouble};
use crate::plan::Plan;
use crate::round::{Outcome, Round};
use crate::stages::Stages;
use crate::tally::Tally;

/// Measures one round whose clients begin as `stages` say.
pub(crate) async fn measure<C: Contender>(
    contender: C,
    stages: &Stages,
    round: &Round<'_>,
) -> Result<Outcome, Trouble> {
    let Round { plan, live, stop } = *round;
    let server = ends::listen(contender, plan).await?;
    let begin = Instant::now();
    let clients = (0..plan.bots as u64).filter_map(|number| {
        let client = Client { contender, plan: plan.clone(), live: live.clone(), stop: stop.clone() };
        let times = (begin + stages.begins(number)?, begin + plan.window);
        // Tasks, so that connecting many does not keep one thread busy.
        Some(tokio::spawn(client.run(server.address, times)))
    });
    let clients: Vec<_> = clients.collect();
    let (ended, account) = round.account(join_all(clients), server.child.as_ref()).await;
    let mut draining = Vec::new();
    for client in ended {
        match client {
            Ok(Ok(client)) => draining.extend(client.map(Draining::drain)),
            Ok(Err(trouble)) => return Err(trouble),
            Err(_) => live.fail(Failure::Panicked, 1),
        }
    }
    join_all(draining).await;
    server.end().await;
    Ok(account.outcome(live.total()))
}

/// One connection to be.
struct Client<C> {
    contender: C,
    plan: Plan,
    live: Arc<Tally>,
    stop: CancellationToken,
}

impl<C: Contender> Client<C> {
    /// From when it begins to when the window ends; `None` if it never called.
    async fn run(
        self,
        to: SocketAddr,
        (begin, end): (Instant, Instant),
    ) -> Result<Option<Draining>, Trouble> {
        tokio::select! {
            () = sleep_until(begin) => {}
            () = self.stop.cancelled() => return Ok(None),
        }
        let connecting = timeout(CONNECT, self.contender.connect(to)).await;
        let client = match connecting.unwrap_or(Err(Failure::ConnectTimeout)) {
            Ok(client) => client,
            Err(why) => {
                self.live.fail(why, 1);
                return Ok(None);
            }
        };
        self.live.began();
        let driving = Driving::start(&[Arc::new(client)], &self.plan, &self.live)?;
        let left = end.saturating_duration_since(Instant::now());
        let draining = driving.window(left, &self.stop).await;
        if Instant::now() < end {
            // Its connection was lost: it is not at work any more.
            self.live.ended();
        }
        Ok(Some(draining))
    }
}

const CONNECT: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Workload;
    use crate::plan::tests::inside;
    use crate::raw::Raw;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn clients_begin_one_after_the_other_while_it_is_measured() {
        let stages = Stages::ramp(10, Duration::from_millis(800));
        let plan = Plan { bots: 10, window: Duration::from_secs(1), ..inside(Workload::C) };
        let live = Arc::new(Tally::new().unwrap());
        let round = Round { plan: &plan, live: &live, stop: &CancellationToken::new() };
        let outcome = measure(Raw, &stages, &round).await.unwrap();
        assert!(outcome.counts.failures.is_empty() && outcome.counts.answered_in_window > 0);
        let bots: Vec<u64> = outcome.series.iter().filter_map(|sample| sample.bots).collect();
        assert!(bots[0] < 10 && bots.is_sorted() && bots.last() == Some(&10), "{bots:?}");
    }

    #[tokio::test]
    async fn who_cannot_connect_is_a_failure_of_its_kind() {
        let closed = std::net::TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, 0)).unwrap();
        let other_end = crate::plan::OtherEnd::Running(closed.local_addr().unwrap());
        drop(closed);
        let plan = Plan { bots: 3, other_end, ..inside(Workload::A) };
        let live = Arc::new(Tally::new().unwrap());
        let stages = Stages::ramp(3, Duration::from_millis(50));
        let round = Round { plan: &plan, live: &live, stop: &CancellationToken::new() };
        let outcome = measure(Raw, &stages, &round).await.unwrap();
        assert_eq!(outcome.counts.failures[&Failure::Refused], 3);
    }
}
