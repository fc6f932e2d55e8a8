//! Threads for values that must not leave theirs. Each has a runtime of its own; Cap'n Proto's connections live there.
//! Knows nothing of Cap'n Proto.

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{LazyLock, Weak};
use std::thread::{self, ThreadId};

use farcall_load::Failure;
use send_wrapper::SendWrapper;
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::{mpsc, oneshot};
use tokio::task::{LocalSet, spawn_local};

/// A thread that runs futures which are not `Send`. It lives as long as the program.
#[derive(Debug)]
pub struct Home {
    jobs: mpsc::Sender<Job>,
    runtime: Handle,
    thread: ThreadId,
}

/// Starts a future on the thread.
type Job = Box<dyn FnOnce() + Send>;

impl Home {
    /// One of the process's homes, of which it has as many as CPUs; in turn.
    pub fn next() -> Result<&'static Home, Failure> {
        static HOMES: LazyLock<io::Result<Vec<Home>>> = LazyLock::new(|| {
            let cpus = thread::available_parallelism().map_or(1, usize::from);
            (0..cpus).map(|_| Home::start()).collect()
        });
        static TURN: AtomicUsize = AtomicUsize::new(0);
        let homes = HOMES.as_ref().map_err(|_| Failure::Call("cannot start a thread"))?;
        Ok(&homes[TURN.fetch_add(1, Ordering::Relaxed) % homes.len()])
    }

    fn start() -> io::Result<Home> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let handle = runtime.handle().clone();
        let (jobs, queue) = mpsc::channel(JOBS);
        let running = thread::Builder::new().name("capnp".into()).spawn(move || run(&runtime, queue))?;
        Ok(Home { jobs, runtime: handle, thread: running.thread().id() })
    }

    /// The calling thread is this one.
    pub fn is_here(&self) -> bool {
        thread::current().id() == self.thread
    }

    /// Tells homes apart.
    pub fn thread(&self) -> ThreadId {
        self.thread
    }

    /// The thread's runtime: what is spawned there runs here.
    pub fn runtime(&self) -> &Handle {
        &self.runtime
    }

    /// Runs `work` on the thread and waits for what comes out of it. Dropped, it does not end the work.
    pub async fn run<W, F, T>(&self, work: W) -> Result<T, Failure>
    where
        W: FnOnce() -> F + Send + 'static,
        F: Future<Output = Result<T, Failure>> + 'static,
        T: Send + 'static,
    {
        let (tell, told) = oneshot::channel();
        let job = move || {
            // Whoever no longer waits wants no answer.
            spawn_local(async move { drop(tell.send(work().await)) });
        };
        self.jobs.send(Box::new(job)).await.map_err(|_| Failure::Lost)?;
        told.await.map_err(|_| Failure::Lost)?
    }
}

/// The thread's whole life.
fn run(runtime: &Runtime, mut jobs: mpsc::Receiver<Job>) {
    let work = async {
        while let Some(job) = jobs.recv().await {
            job();
        }
    };
    LocalSet::new().block_on(runtime, work);
}

/// A value that lives at a home, seen from anywhere. Strong references are held only at home, so that the value is
/// dropped there, whoever drops this.
#[derive(Debug)]
pub struct Far<T> {
    /// Where it lives.
    pub home: &'static Home,
    /// To be upgraded at home only: the last to let go of the value drops it.
    pub value: Weak<SendWrapper<T>>,
}

impl<T> Clone for Far<T> {
    fn clone(&self) -> Far<T> {
        Far { home: self.home, value: self.value.clone() }
    }
}

/// Futures that wait to be started; when full, whoever brings one waits.
const JOBS: usize = 1_024;
