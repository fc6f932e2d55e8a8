//! Both ends of a round, brought up and taken down: the listening end, clients that speak and clients that answer,
//! here or in a child process. Measures nothing.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::contender::{Caller, Contender, Server};
use crate::failure::{Failure, Trouble};
use crate::plan::{Direction, OtherEnd, Plan};
use crate::process::OwnChild;
use crate::push;
use crate::round::Round;
use crate::tally::Failures;

/// The listening end of a round in which clients speak.
pub(crate) struct Listening<S> {
    pub(crate) address: SocketAddr,
    /// Its process, if it is one of ours.
    pub(crate) child: Option<OwnChild>,
    inside: Option<S>,
}

impl<S> Listening<S> {
    /// Takes it down.
    pub(crate) async fn end(self) {
        drop(self.inside);
        end(self.child).await;
    }
}

/// Brings up the listening end where the plan puts it.
pub(crate) async fn listen<C: Contender>(contender: C, plan: &Plan) -> Result<Listening<C::Server>, Trouble> {
    match &plan.other_end {
        OtherEnd::Running(address) => Ok(Listening { address: *address, child: None, inside: None }),
        OtherEnd::Inside => {
            let server = serve(contender, ANY, Direction::ToServer).await?;
            Ok(Listening { address: server.address(), child: None, inside: Some(server) })
        }
        OtherEnd::Child { program } => {
            let arguments = ["serve", "--contender", contender.name()].map(str::to_owned);
            let child = OwnChild::start(program, &arguments).await?;
            let said = child.ready_line.parse();
            let address = said.map_err(|_| Trouble::OtherEnd(format!("it said `{}`", child.ready_line)))?;
            Ok(Listening { address, child: Some(child), inside: None })
        }
    }
}

/// Clients that have joined a server that speaks.
pub(crate) struct Others<A> {
    /// Their process, unless it is this one.
    pub(crate) child: Option<OwnChild>,
    /// They themselves, if they live here.
    pub(crate) inside: Vec<A>,
}

impl<A> Others<A> {
    /// Takes them down.
    pub(crate) async fn end(self) {
        drop(self.inside);
        end(self.child).await;
    }
}

/// Has the clients of `round` join the server at `address`, while `accepting` waits for them there.
pub(crate) async fn gather<C: Contender, T>(
    contender: C,
    address: SocketAddr,
    accepting: impl Future<Output = Result<T, Failure>>,
    round: &Round<'_>,
) -> Result<(T, Others<C::Answerer>), Trouble> {
    let plan = round.plan;
    let clients_lost = |why| Trouble::Clients { wanted: plan.bots, why };
    let joining = async {
        match &plan.other_end {
            OtherEnd::Child { program } => {
                let child = OwnChild::start(program, &join_arguments(contender, address, plan)).await?;
                Ok(Others { child: Some(child), inside: Vec::new() })
            }
            OtherEnd::Inside => {
                let inside = join(contender, address, plan.bots).await.map_err(clients_lost)?;
                Ok(Others { child: None, inside })
            }
            OtherEnd::Running(_) => Err(Trouble::Options("clients cannot join with --addr".into())),
        }
    };
    meet(accepting, joining, round).await
}

/// Has clients join on one side while they are awaited on the other; whoever fails first ends both.
pub(crate) async fn meet<T, U>(
    accepting: impl Future<Output = Result<T, Failure>>,
    joining: impl Future<Output = Result<U, Trouble>>,
    round: &Round<'_>,
) -> Result<(T, U), Trouble> {
    let accepting = async {
        let accepted = timeout(CLIENTS_JOIN, accepting).await.unwrap_or(Err(Failure::ConnectTimeout));
        accepted.map_err(|why| Trouble::Clients { wanted: round.plan.bots, why })
    };
    let both = async { tokio::try_join!(accepting, joining) };
    tokio::select! {
        joined = both => joined,
        () = round.stop.cancelled() => Err(Trouble::Interrupted),
    }
}

/// What tells the child to join.
fn join_arguments<C: Contender>(contender: C, address: SocketAddr, plan: &Plan) -> Vec<String> {
    let (address, bots) = (address.to_string(), plan.bots.to_string());
    let mut arguments = ["join", "--contender", contender.name(), "--addr", &address, "--bots", &bots]
        .map(str::to_owned)
        .to_vec();
    if plan.workload.direction() == Direction::Push {
        arguments.extend(["--tell-every-us".to_owned(), push::tell_every(plan).as_micros().to_string()]);
    }
    arguments
}

/// Has `wanted` clients `connect`, `at_once` at a time, until `stop` or for a bounded time; tells `connected` how long each
/// took. Those that fail are counted by kind.
pub(crate) async fn connect_all<T: Send + 'static, F>(
    connect: impl Fn() -> F,
    wanted: usize,
    at_once: usize,
    stop: &CancellationToken,
    mut connected: impl FnMut(Duration),
) -> (Vec<T>, Failures)
where
    F: Future<Output = Result<T, Failure>> + Send + 'static,
{
    let (mut clients, mut refused) = (Vec::with_capacity(wanted), Failures::new());
    let mut connecting = JoinSet::new();
    let mut left = wanted;
    let deadline = Instant::now() + CONNECT_ALL;
    while clients.len() < wanted && !stop.is_cancelled() {
        while left > 0 && connecting.len() < at_once && Instant::now() < deadline {
            left -= 1;
            let started = Instant::now();
            let connect = timeout(CONNECT, connect());
            connecting.spawn(async move { (connect.await, started.elapsed()) });
        }
        let failure = match connecting.join_next().await {
            Some(Ok((Ok(Ok(client)), took))) => {
                connected(took);
                clients.push(client);
                continue;
            }
            Some(Ok((Ok(Err(why)), _))) => why,
            Some(Ok((Err(_), _))) => Failure::ConnectTimeout,
            Some(Err(_)) => Failure::Panicked,
            None => break,
        };
        *refused.entry(failure).or_default() += 1;
    }
    if left > 0 && !stop.is_cancelled() {
        *refused.entry(Failure::ConnectTimeout).or_default() += left as u64;
    }
    (clients, refused)
}

/// Has `wanted` clients `connect` like [`connect_all`], as many at a time as the plan has in flight, and each have its first
/// call answered; that is part of the time it took.
pub(crate) async fn log_all_in<K: Caller, F>(
    connect: impl Fn() -> F,
    wanted: usize,
    round: &Round<'_>,
    connected: impl FnMut(Duration),
) -> (Vec<K>, Failures)
where
    F: Future<Output = Result<K, Failure>> + Send + 'static,
{
    let Plan { in_flight, payload_bytes, .. } = *round.plan;
    let log_in = || {
        let connecting = connect();
        async move {
            let client = connecting.await?;
            answered(&client, payload_bytes).await?;
            Ok(client)
        }
    };
    connect_all(log_in, wanted, in_flight, round.stop, connected).await
}

/// Connects within a bounded time.
pub(crate) async fn in_time<T>(connecting: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    timeout(CONNECT, connecting).await.unwrap_or(Err(Failure::ConnectTimeout))
}

/// Makes the one call by which both ends know for certain that `client` is there.
pub(crate) async fn answered(client: &impl Caller, payload_bytes: usize) -> Result<(), Failure> {
    let call = timeout(CONNECT, client.echo(&vec![0; payload_bytes].into())).await;
    match call.unwrap_or(Err(Failure::Unanswered))? {
        bytes if bytes == payload_bytes => Ok(()),
        _ => Err(Failure::WrongReply),
    }
}

/// Starts the listening end, within a bounded time.
pub(crate) async fn serve<C: Contender>(
    contender: C,
    at: SocketAddr,
    calls: Direction,
) -> Result<C::Server, Trouble> {
    in_time(contender.serve(at, calls)).await.map_err(|why| Trouble::Listen { at, why })
}

/// Joins a calling server with `bots` answering clients, all or none.
pub(crate) async fn join<C: Contender>(
    contender: C,
    to: SocketAddr,
    bots: usize,
) -> Result<Vec<C::Answerer>, Failure> {
    let mut joined = Vec::with_capacity(bots);
    // One after the other: answerers need not be shared between threads, and joining is not what is measured.
    for _ in 0..bots {
        joined.push(in_time(contender.join(to)).await?);
    }
    Ok(joined)
}

/// Takes a child down.
pub(crate) async fn end(child: Option<OwnChild>) {
    if let Some(child) = child {
        child.end().await;
    }
}

/// Any free port of this machine, for itself alone.
pub(crate) const ANY: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
const CONNECT: Duration = Duration::from_secs(10);
/// After it no further connection is begun.
const CONNECT_ALL: Duration = Duration::from_secs(60);
/// Clients that connect at a time, where connecting is not what is measured. Less than a listener's usual backlog of 128.
pub(crate) const CONNECTING_MAX: usize = 64;
/// As long as their process may take to say that they are ready.
const CLIENTS_JOIN: Duration = Duration::from_secs(60);
