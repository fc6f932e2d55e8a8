//! The program `victim` as a child process: its journal is read line by line while it lives and to the end when it is
//! killed, and no child outlives its test. Every wait is bounded.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use farcall_tests::victim::Entry;
use rustix::process::{Pid, Signal, kill_process};

/// How long anything may take that must happen.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// A value that threads change, and wait for.
#[derive(Debug, Default)]
pub struct Watched<T> {
    value: Mutex<T>,
    changed: Condvar,
}

impl<T> Watched<T> {
    pub fn change<R>(&self, change: impl FnOnce(&mut T) -> R) -> R {
        let result = change(&mut self.value.lock().expect("no panic under the lock"));
        self.changed.notify_all();
        result
    }

    pub fn look(&self) -> MutexGuard<'_, T> {
        self.value.lock().expect("no panic under the lock")
    }

    /// Waits until something is so, for at most that long. Whether it is.
    pub fn becomes(&self, within: Duration, is_so: impl Fn(&T) -> bool) -> bool {
        let value = self.value.lock().expect("no panic under the lock");
        let (value, _) =
            self.changed.wait_timeout_while(value, within, |value| !is_so(value)).expect("no panic");
        is_so(&value)
    }

    /// Waits until something is so that must become so.
    pub fn must_become(&self, what: &str, is_so: impl Fn(&T) -> bool) {
        assert!(self.becomes(PATIENCE, is_so), "{what}: not within {PATIENCE:?}");
    }
}

/// A running `victim`. Dropped, it is killed.
#[derive(Debug)]
pub struct Victim {
    child: Child,
    reader: Option<JoinHandle<()>>,
}

impl Victim {
    /// Starts one and gives every line of its journal to `read`.
    pub fn start(arguments: &[&str], mut read: impl FnMut(Entry) + Send + 'static) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_victim"));
        command.args(arguments).env_remove("RUST_LOG").stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("it starts");
        let journal = BufReader::new(child.stdout.take().expect("its journal"));
        let reader = std::thread::spawn(move || {
            for line in journal.lines() {
                let line = line.expect("a pipe");
                // Also the last one of a killed process: lines are written whole or not at all.
                read(serde_json::from_str(&line).unwrap_or_else(|error| panic!("{line:?}: {error}")));
            }
        });
        Self { child, reader: Some(reader) }
    }

    /// Starts one and keeps its journal.
    pub fn keeping(arguments: &[&str]) -> (Self, Arc<Watched<Vec<Entry>>>) {
        let journal = Arc::new(Watched::default());
        let kept: Arc<Watched<Vec<Entry>>> = journal.clone();
        (Self::start(arguments, move |entry| kept.change(|journal| journal.push(entry))), journal)
    }

    /// Kills it (`SIGKILL`: nothing of it runs any more) and reads what it had written.
    pub fn kill(mut self) {
        self.stop_at_once();
        self.reader.take().expect("a reader").join().expect("whole lines");
    }

    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).expect("it is there");
    }

    /// Tells it to end, and waits for that.
    pub fn end(&mut self) -> ExitStatus {
        drop(self.child.stdin.take());
        self.wait()
    }

    /// Waits until it has ended by itself.
    pub fn wait(&mut self) -> ExitStatus {
        let until = Instant::now() + PATIENCE;
        while Instant::now() < until {
            if let Some(status) = self.child.try_wait().expect("a child") {
                self.reader.take().expect("a reader").join().expect("whole lines");
                return status;
            }
            std::thread::park_timeout(Duration::from_millis(2));
        }
        panic!("it does not end within {PATIENCE:?}");
    }

    fn stop_at_once(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Victim {
    fn drop(&mut self) {
        self.stop_at_once();
        if let Some(reader) = self.reader.take() {
            // What it had to say is nobody's business any more.
            let _ = reader.join();
        }
    }
}
