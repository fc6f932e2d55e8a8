//! Which threads run a server's sessions: those of the runtime that made it, or some of its own, each with a runtime for one
//! thread. Starting and ending them stands here, and whose turn it is; what runs there is the same in both cases.

use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tokio::runtime::{Builder, Handle, Runtime};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::config::BindError;

/// Which threads run a server's sessions.
///
/// A session stays for life on the runtime that took its first connection: its driver, its asynchronous handlers, its hooks.
/// On the shared runtime any worker may poll it next. On a thread of the server's own only that thread does: no task is
/// stolen, and what a session touches is touched by one thread. Each has a listener of its own on the server's address, between
/// which Linux spreads connections by a hash; elsewhere one listener hands them to the threads in turn.
///
/// **When it is worth it:** many sessions with short handlers, on a machine that is the server's. **When it is not:** few
/// players, of whom some do much more than others, or handlers that compute for milliseconds. The players of one thread share it:
/// a handler that computes or blocks holds up all of them, and an idle thread next to it cannot help. Measure both; it is
/// this one field.
///
/// **What stays as it is:** everything else. States, groups and players are the server's, not a thread's. Calls to players may
/// come from any thread. A player who comes back by way of another thread's listener goes on where the session is. Frame
/// handlers run where the game polls. What a handler starts by `tokio::spawn` runs on the thread of its player.
///
/// **How it ends:** the threads end when every session has ended and every `closed` hook has returned, be it by
/// [`shutdown`](crate::Server::shutdown) or because the program's last handle was dropped. Tasks that handlers spawned and that
/// still wait then are dropped; blocking ones are waited for, for at most half a minute.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Threads {
    /// The runtime within which the server is made. The default.
    #[default]
    Shared,
    /// So many threads of the server's own, at least one. They are not pinned to CPUs, and more than there are CPUs serve
    /// nobody better.
    Own(usize),
}

impl Threads {
    /// A thread for each CPU that this process may use.
    pub fn per_core() -> Self {
        // Where the system does not tell how many there are, one is right, and not more.
        Self::Own(thread::available_parallelism().map_or(1, usize::from))
    }

    /// Runtimes that sessions are spread over.
    pub(crate) const fn runtimes(self) -> usize {
        match self {
            Self::Shared => 1,
            Self::Own(count) => count,
        }
    }
}

/// The threads of a server's own; none if it has no such.
#[derive(Debug, Default)]
pub(crate) struct Crew(Mutex<Vec<Member>>);

/// One thread.
#[derive(Debug)]
struct Member {
    thread: JoinHandle<()>,
    /// Cancelled when nothing of it is left but its stack.
    over: CancellationToken,
}

/// How long tasks that are left over when all sessions have ended may take to end, too: what was woken last runs in it.
const LEFT_OVER: Duration = Duration::from_millis(100);
/// How long blocking tasks may, such as a save that nobody awaits.
const BLOCKING: Duration = Duration::from_secs(30);

impl Crew {
    /// The runtimes for sessions. Threads of the server's own are started here; each ends by itself when `tasks` is closed and
    /// empty. If one cannot start, those before it have ended again.
    pub(crate) fn start(&self, threads: Threads, tasks: &TaskTracker) -> Result<Vec<Handle>, BindError> {
        let of = match threads {
            Threads::Shared => return Ok(vec![Handle::current()]),
            Threads::Own(0) => {
                let error = io::Error::new(io::ErrorKind::InvalidInput, "sessions need at least one");
                return Err(BindError::Thread { number: 0, of: 0, error });
            }
            Threads::Own(count) => count,
        };
        let runtimes = (1..=of).map(|number| {
            let (runtime, member) =
                Member::start(number, tasks).map_err(|error| BindError::Thread { number, of, error })?;
            self.members().push(member);
            Ok(runtime)
        });
        runtimes.collect::<Result<_, _>>().inspect_err(|_| {
            tasks.close();
            // They have nothing to do yet, so this takes no longer than to wake them.
            self.join();
        })
    }

    /// Waits until every thread has ended.
    pub(crate) async fn ended(&self) {
        let over: Vec<_> = self.members().iter().map(|member| member.over.clone()).collect();
        for over in over {
            over.cancelled().await;
        }
        // What is left of each is its return: nothing to await.
        self.join();
    }

    fn join(&self) {
        for member in self.members().drain(..) {
            // Its panics are tasks' and hooks', which others have caught and told of.
            let _ = member.thread.join();
        }
    }

    fn members(&self) -> MutexGuard<'_, Vec<Member>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Member {
    fn start(number: usize, tasks: &TaskTracker) -> io::Result<(Handle, Self)> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let handle = runtime.handle().clone();
        let (tasks, over) = (tasks.clone(), CancellationToken::new());
        let at_the_end = over.clone().drop_guard();
        let thread = thread::Builder::new().name(format!("farcall-{number}")).spawn(move || {
            let _at_the_end = at_the_end;
            run(runtime, &tasks);
        })?;
        Ok((handle, Self { thread, over }))
    }
}

/// What a thread does until all sessions of the server have ended.
fn run(runtime: Runtime, tasks: &TaskTracker) {
    runtime.block_on(async {
        tasks.wait().await;
        // Callbacks of calls that ended with the sessions may have been woken and not have run: every call has one ending.
        let _ = tokio::time::timeout(LEFT_OVER, nothing_is_left()).await;
    });
    runtime.shutdown_timeout(BLOCKING);
}

async fn nothing_is_left() {
    let mut look = tokio::time::interval(Duration::from_millis(1));
    while Handle::current().metrics().num_alive_tasks() > 0 {
        look.tick().await;
    }
}

/// Runtimes that take connections in turn.
#[derive(Debug)]
pub(crate) struct Turns {
    /// Never empty.
    runtimes: Vec<Handle>,
    next: usize,
}

impl Turns {
    /// There must be at least one.
    pub(crate) const fn of(runtimes: Vec<Handle>) -> Self {
        Self { runtimes, next: 0 }
    }

    /// Whose turn it is.
    pub(crate) fn next(&mut self) -> &Handle {
        let at = self.next;
        self.next = (at + 1) % self.runtimes.len();
        &self.runtimes[at]
    }
}
