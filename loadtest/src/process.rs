//! The other end in a process of its own: starting it, hearing that it is ready, reaping it; and the child's side of
//! that agreement. What it serves is the entry's business.
//!
//! The agreement: one line on the child's stdout when it is ready, and after it whatever news its role has; where its role
//! takes orders, they are lines on its stdin. It ends when its stdin closes, which the kernel does for us should we die
//! without a word.

use std::fmt::Display;
use std::io::{self, BufRead, Read, Write};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

use crate::failure::Trouble;
use crate::usage::Usage;

/// A running child. Dropped without [`OwnChild::end`], it is killed.
#[derive(Debug)]
pub(crate) struct OwnChild {
    child: Child,
    /// What it said when it was ready.
    pub(crate) ready_line: String,
    said: Option<BufReader<ChildStdout>>,
}

impl OwnChild {
    /// Starts `program` and waits for its line.
    pub(crate) async fn start(program: &Path, arguments: &[String]) -> Result<OwnChild, Trouble> {
        let mut command = Command::new(program);
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
        // A group of its own: Ctrl-C is for us, and the child must outlive the calls that we still count.
        #[cfg(unix)]
        command.process_group(0);
        let starting = |why| Trouble::System { doing: format!("starting {}", program.display()), why };
        let mut child = command.spawn().map_err(starting)?;
        let stdout = child.stdout.take().ok_or_else(|| Trouble::OtherEnd("it has no stdout".into()))?;
        let (mut said, mut ready_line) = (BufReader::new(stdout), String::new());
        match timeout(READY, said.read_line(&mut ready_line)).await {
            Err(_) => Err(Trouble::OtherEnd(format!("no word from it in {} s", READY.as_secs()))),
            Ok(Err(why)) => Err(Trouble::OtherEnd(why.to_string())),
            Ok(Ok(0)) => Err(Trouble::OtherEnd("it ended without a word; its reason stands above".into())),
            Ok(Ok(_)) => Ok(OwnChild { child, ready_line: ready_line.trim().to_owned(), said: Some(said) }),
        }
    }

    /// What it has used, while it lives.
    pub(crate) fn usage(&self) -> Option<Usage> {
        Usage::of(self.id()?)
    }

    /// Its process id, while it lives.
    pub(crate) fn id(&self) -> Option<u32> {
        self.child.id()
    }

    /// The lines it says after the first; `None` when they were asked for before.
    pub(crate) fn news(&mut self) -> Option<Lines<BufReader<ChildStdout>>> {
        self.said.take().map(AsyncBufReadExt::lines)
    }

    /// Gives it an order: one line on its stdin.
    ///
    /// # Errors
    /// It has ended.
    pub(crate) async fn order(&mut self, order: &impl Display) -> io::Result<()> {
        let stdin = self.child.stdin.as_mut().ok_or(io::ErrorKind::BrokenPipe)?;
        stdin.write_all(format!("{order}\n").as_bytes()).await?;
        stdin.flush().await
    }

    /// Asks it to end, insists after a while, and reaps it.
    pub(crate) async fn end(mut self) {
        drop(self.child.stdin.take());
        if timeout(ENDING, self.child.wait()).await.is_err() {
            // Fails only if it has ended meanwhile.
            let _ = self.child.kill().await;
        }
    }
}

/// The child's side: says one line on stdout.
///
/// # Errors
/// Nobody reads it any more.
pub(crate) fn say(line: &impl Display) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{line}")?;
    stdout.flush()
}

/// The child's side: until its stdin closes.
pub(crate) async fn stdin_closes() {
    let (closed, wait) = oneshot::channel();
    // A plain thread: the runtime would wait for a read of its own when it ends.
    let watching = std::thread::Builder::new().name("stdin".into()).spawn(move || {
        let mut stdin = io::stdin().lock();
        while stdin.read(&mut [0; 256]).is_ok_and(|bytes| bytes > 0) {}
        let _ = closed.send(());
    });
    if watching.is_ok() {
        let _ = wait.await;
    }
}

/// The child's side: the lines on its stdin, until that closes. Asked for once, and not beside [`stdin_closes`].
pub(crate) fn orders() -> mpsc::Receiver<String> {
    let (order, orders) = mpsc::channel(ORDERS_WAITING_MAX);
    let reading = move || {
        for line in io::stdin().lock().lines() {
            if line.map_or(true, |line| order.blocking_send(line).is_err()) {
                return;
            }
        }
    };
    // A plain thread for the same reason. One that cannot start ends the child at once, as its parent sees.
    let _ = std::thread::Builder::new().name("stdin".into()).spawn(reading);
    orders
}

/// Beyond it the parent's next order waits in the pipe.
const ORDERS_WAITING_MAX: usize = 16;
/// Clients that join say so when all have, which are thousands, on a machine that may have other work.
const READY: Duration = Duration::from_secs(60);
const ENDING: Duration = Duration::from_secs(3);
