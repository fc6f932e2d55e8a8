//! Both ends of a round, brought up and taken down: the listening end, clients that speak and clients that answer,
//! here or in a child process. Measures nothing.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::contender::Contender;
use crate::failure::{Failure, Trouble};
use crate::plan::{Direction, OtherEnd, Plan};
use crate::process::OwnChild;
use crate::push;
use crate::tally::Failures;

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

/// Has the clients of `plan` join the server at `address`, while `accepting` waits for them there.
pub(crate) async fn gather<C: Contender, T>(
    contender: C,
    address: SocketAddr,
    plan: &Plan,
    accepting: impl Future<Output = Result<T, Failure>>,
    stop: &CancellationToken,
) -> Result<(T, Others<C::Answerer>), Trouble> {
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
    let accepting = async {
        timeout(CLIENTS_JOIN, accepting).await.unwrap_or(Err(Failure::ConnectTimeout)).map_err(clients_lost)
    };
    let both = async { tokio::try_join!(accepting, joining) };
    tokio::select! {
        joined = both => joined,
        () = stop.cancelled() => Err(Trouble::Interrupted),
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

/// Connects `wanted` clients, some at once, until `stop` or for a bounded time; those that fail are counted by kind.
pub(crate) async fn connect_all<C: Contender>(
    contender: C,
    to: SocketAddr,
    wanted: usize,
    stop: &CancellationToken,
) -> (Vec<Arc<C::Client>>, Failures) {
    let (mut connected, mut refused) = (Vec::with_capacity(wanted), Failures::new());
    let mut connecting = JoinSet::new();
    let mut left = wanted;
    let deadline = Instant::now() + CONNECT_ALL;
    while connected.len() < wanted && !stop.is_cancelled() {
        while left > 0 && connecting.len() < CONNECTING_MAX && Instant::now() < deadline {
            left -= 1;
            connecting.spawn(timeout(CONNECT, contender.connect(to)));
        }
        let failure = match connecting.join_next().await {
            Some(Ok(Ok(Ok(client)))) => {
                connected.push(Arc::new(client));
                continue;
            }
            Some(Ok(Ok(Err(why)))) => why,
            Some(Ok(Err(_))) => Failure::ConnectTimeout,
            Some(Err(_)) => Failure::Panicked,
            None => break,
        };
        *refused.entry(failure).or_default() += 1;
    }
    if left > 0 && !stop.is_cancelled() {
        *refused.entry(Failure::ConnectTimeout).or_default() += left as u64;
    }
    (connected, refused)
}

/// Starts the listening end, within a bounded time.
pub(crate) async fn serve<C: Contender>(
    contender: C,
    at: SocketAddr,
    calls: Direction,
) -> Result<C::Server, Trouble> {
    let server = timeout(CONNECT, contender.serve(at, calls)).await;
    server.unwrap_or(Err(Failure::ConnectTimeout)).map_err(|why| Trouble::Listen { at, why })
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
        joined.push(timeout(CONNECT, contender.join(to)).await.unwrap_or(Err(Failure::ConnectTimeout))?);
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
/// Less than a listener's usual backlog of 128.
const CONNECTING_MAX: usize = 64;
const CLIENTS_JOIN: Duration = Duration::from_secs(30);
