//! A run from its first process to its last: connect, hold, push, and what each took. Says what it saw; words are for the
//! report.

use std::time::{Duration, Instant};

use tokio::sync::watch;
use tokio::time::{interval, sleep, timeout_at};
use tokio_util::sync::CancellationToken;

use super::asked::{AFTER_QUIET, Order};
use super::connecting::{connect, failures};
use super::contract::unix_us;
use super::crew::{Crew, Ends, Gone};
use super::memory::{self, Machine, Ticks};
use super::orders::News;
use super::progress::{Progress, SoFar};
use super::report::{Memory, Pushed, Report, Step};
use super::stopped::{Reached, Reason};
use crate::failure::Trouble;
use crate::report::Conditions;

/// Runs `order` to its end, or until something stops it; what there was until then is reported in any case.
///
/// # Errors
/// The processes did not start.
pub(super) async fn run(
    order: &Order,
    conditions: Conditions,
    stop: &CancellationToken,
) -> Result<Report, Trouble> {
    let deadline = Instant::now() + order.limit;
    let crew = Crew::start(order).await?;
    let news = crew.news();
    let progress = Progress::start(news.clone(), order.asked);
    let mut run = Run { order, stop, deadline, news, progress, crew };
    let before = Held::now(&run.crew);
    let mut report = Report::new(order, conditions);
    let reason = run.steps(&mut report).await;
    report.memory = before.grown(&Held::now(&run.crew), run.so_far().held);
    if !matches!(reason, Some(Reason::Interrupt | Reason::Process)) {
        report.push = run.push().await.ok();
    }
    run.conclude(&mut report, reason);
    run.progress.enters("ending");
    run.crew.end().await;
    Ok(report)
}

struct Run<'a> {
    order: &'a Order,
    stop: &'a CancellationToken,
    deadline: Instant,
    news: Vec<watch::Receiver<News>>,
    progress: Progress,
    crew: Crew,
}

impl Run<'_> {
    /// All steps, each noted in `report`; why there are no more, if they are not all.
    async fn steps(&mut self, report: &mut Report) -> Option<Reason> {
        for number in 1..=self.order.steps {
            if Instant::now() >= self.connect_until() {
                return Some(Reason::Time);
            }
            let (began, before) = (Instant::now(), self.so_far().held);
            self.progress.enters("connecting");
            let mut reason = self.connect(self.order.step(number)).await;
            let connect_seconds = began.elapsed().as_secs_f64();
            let connected = self.so_far().held - before;
            let mut step = Step { connected, connect_seconds, ..Step::default() };
            if !matches!(reason, Some(Reason::Interrupt | Reason::Process)) {
                self.progress.enters("holding");
                reason = self.hold(&mut step).await.unwrap_or(Some(Reason::Process)).or(reason);
            }
            report.steps.push(step);
            if reason.is_some() {
                return reason;
            }
        }
        None
    }

    /// Connects until there are `sessions`; why there are fewer, if there are.
    async fn connect(&mut self, sessions: u64) -> Option<Reason> {
        let until = self.connect_until();
        connect(&mut self.crew, self.order, sessions, until, self.stop).await
    }

    /// Does nothing for a while, and notes in `step` what that took and who was lost; `Some` if that is a reason to go no
    /// further.
    async fn hold(&mut self, step: &mut Step) -> Result<Option<Reason>, Gone> {
        let resumed_before = self.crew.count().await?.resumed;
        let (began, before, ticks) = (Instant::now(), self.crew.usage(), Ticks::now());
        let interrupted = tokio::select! {
            () = self.stop.cancelled() => true,
            () = sleep(self.order.quiet) => false,
        };
        let (length, used) = (began.elapsed(), self.crew.usage());
        let busy = ticks.zip(Ticks::now()).map(|(then, now)| now.share_since(then));
        let counted = self.crew.count().await?;
        step.held = counted.connected();
        step.lost = self.so_far().held.saturating_sub(step.held) + counted.resumed - resumed_before;
        let cpus = std::thread::available_parallelism().map_or(1, usize::from) as f64;
        step.quiet(length, self.order.heartbeat, before, used, busy.map(|share| share * cpus));
        Ok(match (interrupted, step.lost) {
            (true, _) => Some(Reason::Interrupt),
            (false, 0) => None,
            (false, _) => Some(Reason::Lost),
        })
    }

    /// Pushes to everyone, and waits for all whom it can reach, until no more arrive or there is no time left.
    async fn push(&mut self) -> Result<Pushed, Gone> {
        self.progress.enters("pushing");
        let began_us = unix_us();
        let until = self.deadline.max(Instant::now() + PUSH_STALL).into();
        let sent = self.crew.push().await?.pushed;
        tokio::select! {
            // What has not come by then is missed in the count.
            _ = timeout_at(until, self.arriving(sent)) => {}
            () = self.stop.cancelled() => {}
        }
        let SoFar { reached, again, last_unix_us, .. } = self.so_far();
        let seconds = Duration::from_micros(last_unix_us.saturating_sub(began_us)).as_secs_f64();
        Ok(Pushed { sent, reached, again, seconds })
    }

    /// Ends when the push has reached `sent` sessions, or when it has reached no further one for a while.
    async fn arriving(&self, sent: u64) {
        let (mut looks, mut reached, mut since) = (interval(LOOK_EVERY), 0, Instant::now());
        while reached < sent && since.elapsed() < PUSH_STALL {
            looks.tick().await;
            let now = self.so_far().reached;
            if now > reached {
                (reached, since) = (now, Instant::now());
            }
        }
    }

    /// What the report says in the end.
    fn conclude(&self, report: &mut Report, reason: Option<Reason>) {
        let now = self.so_far();
        report.held = now.held;
        report.failures = failures(&self.news);
        let reached = Reached {
            asked: self.order.asked,
            held: now.held,
            lost: report.steps.last().map_or(0, |step| step.lost),
            highest: report.highest_held(),
            connect_seconds: report.connect_seconds(),
            machine_bytes: report.memory.as_ref().and_then(|memory| memory.machine),
            available_bytes: memory::available_bytes(),
        };
        report.stopped = reason.map(|by| reached.stopped(by)).or_else(|| self.order.shortage.clone());
    }

    /// What comes after connecting must have its time.
    fn connect_until(&self) -> Instant {
        self.deadline - AFTER_QUIET - self.order.quiet
    }

    fn so_far(&self) -> SoFar {
        SoFar::of(&self.news)
    }
}

/// What processes and kernel hold at one moment.
struct Held {
    user: Ends<u64>,
    machine: Option<Machine>,
}

impl Held {
    fn now(crew: &Crew) -> Held {
        Held { user: crew.rss_bytes(), machine: Machine::now() }
    }

    /// What `after` has more than this, for so many sessions.
    fn grown(&self, after: &Held, sessions: u64) -> Option<Memory> {
        let grown = after.machine.as_ref()?.grown_since(self.machine.as_ref()?);
        Some(Memory {
            sessions,
            servers: after.user.servers.saturating_sub(self.user.servers),
            clients: after.user.clients.saturating_sub(self.user.clients),
            kernel: grown.kernel,
            kernel_caches: grown.caches,
            machine: grown.machine,
            empty_processes: self.user.servers + self.user.clients,
        })
    }
}

/// When no further session has been reached for so long, the others will not be; and so long the push has even if there
/// was no time left.
const PUSH_STALL: Duration = Duration::from_secs(5);
const LOOK_EVERY: Duration = Duration::from_millis(100);
