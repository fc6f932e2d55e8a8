//! The processes of a run, in pairs of a server and its clients: starting them, telling them what to do, what they have
//! used, ending them. Decides nothing about when.

use std::time::Duration;

use futures_util::future::join_all;
use futures_util::{StreamExt, stream};
use tokio::io::{BufReader, Lines};
use tokio::process::ChildStdout;
use tokio::sync::watch;
use tokio::time::timeout;

use super::asked::Order;
use super::clients::{self, ClientsOptions};
use super::orders::{Counted, Hold, Line, News, ToServer};
use super::server::{self, ServerOptions};
use crate::failure::Trouble;
use crate::process::OwnChild;
use crate::usage::{self, Usage};

/// All processes of a run. Dropped, they are killed.
pub(super) struct Crew {
    pairs: Vec<Pair>,
    orders_given: u64,
}

/// A server and its clients.
struct Pair {
    server: OwnChild,
    answers: Lines<BufReader<ChildStdout>>,
    clients: OwnChild,
    news: watch::Receiver<News>,
}

/// One of the processes has ended, or does not answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Gone;

/// Of the servers' processes, or of the clients'.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Ends<T> {
    pub(super) servers: T,
    pub(super) clients: T,
}

impl Crew {
    /// Starts all of them; nobody connects yet.
    ///
    /// # Errors
    /// One did not start; those that did are killed.
    pub(super) async fn start(order: &Order) -> Result<Crew, Trouble> {
        // Not a secret: whoever sees this process's command line may as well have the sessions of a load test.
        let key = format!("million-{}", std::process::id());
        let (mut pairs, mut first) = (Vec::new(), 0);
        for number in 0..order.pairs {
            let sessions = order.share(number, order.possible);
            pairs.push(Pair::start(order, first, sessions, &key).await?);
            first += sessions;
        }
        Ok(Crew { pairs, orders_given: 0 })
    }

    /// What each pair's clients say, as it changes.
    pub(super) fn news(&self) -> Vec<watch::Receiver<News>> {
        self.pairs.iter().map(|pair| pair.news.clone()).collect()
    }

    /// Has clients connect until there are `sessions` in all, or as many as can be; so many pairs at a time as the order
    /// says. Dropped, clients go on: see [`halt`](Crew::halt).
    ///
    /// # Errors
    /// [`Gone`].
    pub(super) async fn connect(&mut self, order: &Order, sessions: u64) -> Result<(), Gone> {
        self.orders_given += 1;
        let given = self.orders_given;
        // In a loop: of futures that a closure makes of borrowed pairs the compiler does not see that they are `Send`.
        let mut connecting = Vec::with_capacity(self.pairs.len());
        for (number, pair) in (0..).zip(&mut self.pairs) {
            connecting.push(pair.hold(Hold { order: given, sessions: order.share(number, sessions) }));
        }
        let all: Vec<Result<(), Gone>> =
            stream::iter(connecting).buffer_unordered(order.pairs_at_once).collect().await;
        all.into_iter().collect()
    }

    /// Has clients begin no further session, and waits a bounded time for those that have begun.
    pub(super) async fn halt(&mut self) {
        self.orders_given += 1;
        let given = self.orders_given;
        let halting = self.pairs.iter_mut().map(|pair| pair.hold(Hold { order: given, sessions: 0 }));
        // Who is gone holds no session either.
        let _ = timeout(HALT_MAX, join_all(halting)).await;
    }

    /// What all servers hold.
    ///
    /// # Errors
    /// [`Gone`].
    pub(super) async fn count(&mut self) -> Result<Counted, Gone> {
        self.ask(ToServer::Count).await
    }

    /// Has all servers push to everyone at once.
    ///
    /// # Errors
    /// [`Gone`].
    pub(super) async fn push(&mut self) -> Result<Counted, Gone> {
        self.ask(ToServer::Push).await
    }

    async fn ask(&mut self, order: ToServer) -> Result<Counted, Gone> {
        let answers = join_all(self.pairs.iter_mut().map(|pair| pair.ask(order))).await;
        answers.into_iter().try_fold(Counted::default(), |sum, answer| {
            let answer = answer?;
            Ok(Counted {
                sessions: sum.sessions + answer.sessions,
                detached: sum.detached + answer.detached,
                resumed: sum.resumed + answer.resumed,
                pushed: sum.pushed + answer.pushed,
            })
        })
    }

    /// Memory that processes hold now. Those that have ended hold none.
    pub(super) fn rss_bytes(&self) -> Ends<u64> {
        self.sum(|child| child.id().and_then(usage::rss_bytes).unwrap_or_default())
    }

    /// What processes have used. Those that have ended are not in it.
    pub(super) fn usage(&self) -> Ends<Usage> {
        self.sum(|child| child.usage().unwrap_or_default())
    }

    fn sum<T: std::iter::Sum>(&self, of: impl Fn(&OwnChild) -> T) -> Ends<T> {
        Ends {
            servers: self.pairs.iter().map(|pair| of(&pair.server)).sum(),
            clients: self.pairs.iter().map(|pair| of(&pair.clients)).sum(),
        }
    }

    /// Ends all processes at once.
    pub(super) async fn end(self) {
        join_all(self.pairs.into_iter().flat_map(|pair| [pair.server.end(), pair.clients.end()])).await;
    }
}

impl Pair {
    async fn start(order: &Order, first: u64, sessions: u64, key: &str) -> Result<Pair, Trouble> {
        let millis = |length: Duration| u64::try_from(length.as_millis()).unwrap_or(u64::MAX);
        let serving = server::arguments(&ServerOptions {
            sessions,
            heartbeat_ms: millis(order.heartbeat),
            silence_ms: millis(order.silence),
            key: key.to_owned(),
        });
        let mut server = OwnChild::start(&order.program, &serving).await?;
        let said = server.ready_line.parse();
        let addr = said.map_err(|_| Trouble::OtherEnd(format!("it said `{}`", server.ready_line)))?;
        let joining = clients::arguments(&ClientsOptions { addr, first, sessions, key: key.to_owned() });
        let mut clients = OwnChild::start(&order.program, &joining).await?;
        let mute = || Trouble::OtherEnd("it has no stdout".into());
        let answers = server.news().ok_or_else(mute)?;
        let news = follow(clients.news().ok_or_else(mute)?);
        Ok(Pair { server, answers, clients, news })
    }

    /// Orders clients to be so many, and waits until they are or have given up.
    async fn hold(&mut self, hold: Hold) -> Result<(), Gone> {
        self.clients.order(&Line(&hold)).await.map_err(|_| Gone)?;
        let done = self.news.wait_for(|news| news.done >= hold.order).await;
        done.map(drop).map_err(|_| Gone)
    }

    async fn ask(&mut self, order: ToServer) -> Result<Counted, Gone> {
        self.server.order(&Line(&order)).await.map_err(|_| Gone)?;
        let answer = timeout(ANSWER, self.answers.next_line()).await;
        let answer = answer.map_err(|_| Gone)?.map_err(|_| Gone)?.ok_or(Gone)?;
        serde_json::from_str(&answer).map_err(|_| Gone)
    }
}

/// The latest of what clients say; closed when they have ended.
fn follow(mut lines: Lines<BufReader<ChildStdout>>) -> watch::Receiver<News> {
    let (heard, news) = watch::channel(News::default());
    tokio::spawn(async move {
        while let Ok(Some(line)) = lines.next_line().await {
            if let Ok(said) = serde_json::from_str(&line) {
                heard.send_replace(said);
            }
        }
    });
    news
}

/// Longer than a login that has begun may take.
const HALT_MAX: Duration = Duration::from_secs(25);
/// Far longer than it takes to look at every session of a process.
const ANSWER: Duration = Duration::from_secs(30);
