//! One round of idle sessions, in numbers that one process cannot hold: the processes, logins and limits are those of a run;
//! what the servers hold more in the end, divided by the sessions that came, is a session's memory. Holds and pushes nothing.

use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use hdrhistogram::Histogram;
use tokio::sync::watch;
use tokio::time::interval;

use super::asked::Order;
use super::connecting::{connect, failures};
use super::crew::{Crew, Ends, Gone};
use super::memory;
use super::orders::News;
use super::progress::SoFar;
use super::stopped::{Reached, Reason};
use crate::bars;
use crate::contender::Contender as _;
use crate::entry::Steps;
use crate::failure::{Failure, Trouble};
use crate::farcall::Farcall;
use crate::round::{Outcome, Round, used};
use crate::series;
use crate::tally::{Counts, Tally};
use crate::usage::{self, Usage};

/// Idle sessions of Farcall, over as many pairs of processes as their number needs. Takes part in campaigns like a
/// contender.
#[derive(Debug)]
pub(crate) struct Pairs;

impl Steps for Pairs {
    fn name(&self) -> &'static str {
        Farcall.name()
    }

    fn changed_limits(&self) -> Vec<String> {
        Order::of(1).map_or_else(|_| Vec::new(), |order| order.changed_limits())
    }

    fn measure<'a>(&'a self, round: &'a Round<'a>) -> BoxFuture<'a, Result<Outcome, Trouble>> {
        Box::pin(measure(round))
    }
}

async fn measure(round: &Round<'_>) -> Result<Outcome, Trouble> {
    let order = Order::of(round.plan.bots as u64)?;
    let mut crew = Crew::start(&order).await?;
    let outcome = Filling { order: &order, round, began: Instant::now() }.fill(&mut crew).await;
    crew.end().await;
    outcome
}

/// A round under way.
struct Filling<'a> {
    order: &'a Order,
    round: &'a Round<'a>,
    began: Instant,
}

impl Filling<'_> {
    async fn fill(&self, crew: &mut Crew) -> Result<Outcome, Trouble> {
        // The first few touch code and pools that belong to no session.
        let few = (self.order.pairs * FEW).min(self.order.asked / 2);
        self.connect(crew, few).await?;
        let before = Still::now(crew, self.round).await;
        let connecting = Instant::now();
        self.connect(crew, self.order.asked).await?;
        let window = connecting.elapsed();
        let after = Still::now(crew, self.round).await;
        let connected = crew.count().await.map(|counted| counted.connected());
        if self.round.stop.is_cancelled() {
            // Memory may not have settled.
            return Err(Trouble::Interrupted);
        }
        let connected = connected.map_err(|Gone| self.trouble(Reason::Process, after.held))?;
        let mut counts = after.since(&before, self.round.live.total());
        counts.fail(Failure::Lost, after.held.saturating_sub(connected));
        for (why, times) in failures(&crew.news()) {
            counts.fail(Failure::Step(why), times);
        }
        let came = counts.answered_in_window;
        let grown = after.servers_bytes.zip(before.servers_bytes).map(|(now, then)| now.saturating_sub(then));
        Ok(Outcome {
            counts,
            window,
            caller: used(Some(before.usage.clients), Some(after.usage.clients)),
            answerer: used(Some(before.usage.servers), Some(after.usage.servers)),
            series: Vec::new(),
            session_bytes: grown.filter(|_| came > 0).map(|grown| grown as f64 / came as f64),
        })
    }

    /// Connects until there are `sessions`. Logins that fail are counted, and are no trouble.
    async fn connect(&self, crew: &mut Crew, sessions: u64) -> Result<(), Trouble> {
        let (news, until) = (crew.news(), self.began + self.order.limit);
        let reason = tokio::select! {
            reason = connect(crew, self.order, sessions, until, self.round.stop) => reason,
            () = show(&news, self.round.live) => None,
        };
        match reason {
            None | Some(Reason::Failures | Reason::Descriptors | Reason::Ports) => Ok(()),
            Some(by) => Err(self.trouble(by, SoFar::of(&news).held)),
        }
    }

    /// What stopped it when there were `held`.
    fn trouble(&self, by: Reason, held: u64) -> Trouble {
        let reached = Reached {
            asked: self.order.asked,
            held,
            connect_seconds: self.began.elapsed().as_secs_f64(),
            available_bytes: memory::available_bytes(),
            ..Reached::default()
        };
        reached.stopped(by).into()
    }
}

/// A moment at which nobody connects.
struct Still {
    held: u64,
    login_ns: Histogram<u64>,
    usage: Ends<Usage>,
    servers_bytes: Option<u64>,
}

impl Still {
    /// As soon as memory has settled.
    async fn now(crew: &Crew, round: &Round<'_>) -> Still {
        let news = crew.news();
        let mut login_ns = round.live.total().latency_ns;
        news.iter().for_each(|news| bars::add(&news.borrow().login_ns, &mut login_ns));
        let servers_bytes = usage::settled(|| Some(crew.rss_bytes().servers), round.stop).await;
        Still { held: SoFar::of(&news).held, login_ns, usage: crew.usage(), servers_bytes }
    }

    /// Sessions that have come since `before`, and how long their logins took.
    fn since(&self, before: &Still, none: Counts) -> Counts {
        Counts {
            latency_ns: series::since(&self.login_ns, &before.login_ns),
            answered_in_window: self.held.saturating_sub(before.held),
            ..none
        }
    }
}

/// Shows sessions as they come, for as long as it is awaited.
async fn show(news: &[watch::Receiver<News>], live: &Tally) {
    let mut looks = interval(LOOK_EVERY);
    loop {
        looks.tick().await;
        live.delivered(SoFar::of(news).held.saturating_sub(live.answered()));
    }
}

/// Of each pair.
const FEW: u64 = 64;
const LOOK_EVERY: Duration = Duration::from_millis(100);
