//! One process of clients: connects as many as it is told, keeps them, and says how many there are and whom the push has
//! reached. Decides nothing about when.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use farcall_client::{Client, ClientConfig, ConnectError, Credential, States, Uid, contracts};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::contract::{Listener, Reached};
use super::dial::dial;
use super::orders::{Hold, Line, News};
use crate::failure::{Failure, Trouble};
use crate::process;
use crate::round::new_tally;
use crate::tally::Tally;

/// What one process of clients is told at its start.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct ClientsOptions {
    /// Their server
    #[arg(long)]
    pub(super) addr: SocketAddr,
    /// The number of the first session, which is its uid
    #[arg(long)]
    pub(super) first: u64,
    /// Sessions in the end
    #[arg(long)]
    pub(super) sessions: u64,
    /// What they prove to know
    #[arg(long)]
    pub(super) key: String,
}

impl ClientsOptions {
    /// In a child: holds sessions until stdin closes.
    ///
    /// # Errors
    /// The thread for them cannot be had.
    pub(crate) async fn obey(self) -> Result<(), Trouble> {
        let logins = Arc::new(new_tally()?);
        // One thread for all of them: what one login has freed the next one finds, where an allocator has a heap for each
        // thread; it saves a quarter of a client's memory. There is a process for every CPU in any case.
        let alone = tokio::task::spawn_blocking(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(self.hold(logins));
            std::io::Result::Ok(())
        });
        let held = alone.await.unwrap_or_else(|why| Err(why.into()));
        held.map_err(|why| Trouble::System { doing: "holding sessions".into(), why })
    }

    async fn hold(self, logins: Arc<Tally>) {
        let orders = process::orders();
        let reached = Arc::new(Reached::of(self.first, self.sessions));
        let account = Arc::new(Mutex::new(News::default()));
        if process::say(&"ready").is_ok() {
            let mut crowd = Crowd::new(self, reached.clone(), account.clone(), logins.clone());
            tokio::select! {
                () = tell(&account, &reached, &logins) => {}
                () = crowd.obey(orders) => {}
            }
            // With all clients still there: a goodbye from every session would take longer than what was measured.
            std::process::exit(0)
        }
    }
}

/// What turns a share of a run into the command line of its clients.
pub(super) fn arguments(options: &ClientsOptions) -> Vec<String> {
    let ClientsOptions { addr, first, sessions, key } = options;
    let (addr, first, sessions) = (addr.to_string(), first.to_string(), sessions.to_string());
    let named = [("--addr", &addr), ("--first", &first), ("--sessions", &sessions), ("--key", key)];
    let named = named.into_iter().flat_map(|(name, value)| [name.to_owned(), value.clone()]);
    std::iter::once("million-clients".to_owned()).chain(named).collect()
}

/// Says what has changed, soon after it has, until nobody listens. While nothing changes it does nothing: a quiet interval
/// is measured.
async fn tell(account: &Mutex<News>, reached: &Reached, logins: &Tally) {
    loop {
        reached.news.notified().await;
        let news = News {
            reached: reached.once(),
            again: reached.again(),
            last_unix_us: reached.last_unix_us(),
            login_ns: logins.bars(),
            ..account.lock().unwrap_or_else(PoisonError::into_inner).clone()
        };
        if process::say(&Line(&news)).is_err() {
            return;
        }
        tokio::time::sleep(TELL_EVERY).await;
    }
}

/// The sessions of this process.
struct Crowd {
    options: ClientsOptions,
    /// What handlers of all sessions work on, made once.
    states: Arc<Reached>,
    account: Arc<Mutex<News>>,
    /// How long each login took.
    logins: Arc<Tally>,
    clients: Vec<Client>,
    connecting: JoinSet<Result<Client, Failure>>,
    /// Sessions that were begun, whatever became of them: the next one's number among them.
    begun: u64,
    failures: BTreeMap<String, u64>,
}

impl Crowd {
    fn new(
        options: ClientsOptions,
        states: Arc<Reached>,
        account: Arc<Mutex<News>>,
        logins: Arc<Tally>,
    ) -> Crowd {
        Crowd {
            clients: Vec::with_capacity(usize::try_from(options.sessions).unwrap_or_default()),
            options,
            states,
            account,
            logins,
            connecting: JoinSet::new(),
            begun: 0,
            failures: BTreeMap::new(),
        }
    }

    /// Holds what it is told to, until there are no more orders.
    async fn obey(&mut self, mut orders: mpsc::Receiver<String>) {
        let mut hold = Hold { order: 0, sessions: 0 };
        loop {
            let is_filled = self.fill(hold.sessions);
            self.note(if is_filled { hold.order } else { hold.order.saturating_sub(1) });
            tokio::select! {
                order = orders.recv() => match order.as_deref().map(serde_json::from_str) {
                    Some(Ok(order)) => hold = order,
                    Some(Err(_)) | None => return,
                },
                Some(ended) = self.connecting.join_next() => match ended {
                    Ok(Ok(client)) => self.clients.push(client),
                    Ok(Err(why)) => self.failed(&why),
                    Err(_) => self.failed(&Failure::Panicked),
                },
            }
        }
    }

    /// Begins what may be begun now. True when there is nothing more to wait for.
    fn fill(&mut self, wanted: u64) -> bool {
        let wanted = wanted.min(self.options.sessions);
        let failed: u64 = self.failures.values().sum();
        while self.begun < wanted && failed < FAILURES_MAX && self.connecting.len() < AT_ONCE {
            self.connecting.spawn(connect(
                self.options.first + self.begun,
                self.options.addr,
                self.options.key.clone().into_bytes(),
                self.states.clone(),
                self.logins.clone(),
            ));
            self.begun += 1;
        }
        self.connecting.is_empty()
    }

    fn failed(&mut self, why: &Failure) {
        *self.failures.entry(why.to_string()).or_default() += 1;
    }

    fn note(&self, done: u64) {
        let mut account = self.account.lock().unwrap_or_else(PoisonError::into_inner);
        account.held = self.clients.len() as u64;
        account.done = done;
        account.failures.clone_from(&self.failures);
        drop(account);
        self.states.news.notify_one();
    }
}

/// Logs session `number` in. Everything but its way to the server and its own name is shared or empty, so that what is
/// counted is what a session costs.
async fn connect(
    number: u64,
    to: SocketAddr,
    key: Vec<u8>,
    states: Arc<Reached>,
    logins: Arc<Tally>,
) -> Result<Client, Failure> {
    let config = ClientConfig {
        serves: contracts![Listener],
        credential: Credential::SharedKey(key),
        states: States::new().with_shared(states),
        ..ClientConfig::for_uid(String::new(), Uid::from(number))
    };
    let began = Instant::now();
    let client = Client::connect_by(move || dial(number, to), config).await.map_err(failed)?;
    logins.took(began.elapsed());
    Ok(client)
}

fn failed(error: ConnectError) -> Failure {
    match error {
        ConnectError::Address { error, .. } => error.into(),
        ConnectError::Routes(_) => Failure::Call("cannot start"),
        ConnectError::Login(_) | ConnectError::Over(_) => Failure::Step(error.to_string()),
    }
}

/// Logins of one process at a time: less than a listener's usual backlog of 128.
const AT_ONCE: usize = 64;
/// So many failures are no accident: it stops trying.
const FAILURES_MAX: u64 = 64;
/// How often it speaks while something changes.
const TELL_EVERY: Duration = Duration::from_millis(100);
