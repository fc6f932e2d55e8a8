//! The raw answering end: one task per connection sends back the calls it reads and counts the pushes. Looks at frames
//! only to find their ends and to tell the two apart.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use tokio_util::task::AbortOnDropHandle;

use super::frame::Inbox;
use crate::contender::Answerer;
use crate::failure::Failure;

/// A joined raw client. Dropping it closes its connection.
#[derive(Debug)]
pub struct RawAnswerer {
    pushes: Arc<AtomicU64>,
    _task: AbortOnDropHandle<()>,
}

impl RawAnswerer {
    /// Answers over `stream`.
    pub(super) fn over(stream: TcpStream) -> Result<RawAnswerer, Failure> {
        stream.set_nodelay(true)?;
        let pushes = Arc::default();
        let task = tokio::spawn(answer(stream, Arc::clone(&pushes)));
        Ok(RawAnswerer { pushes, _task: AbortOnDropHandle::new(task) })
    }
}

impl Answerer for RawAnswerer {
    fn received(&self) -> u64 {
        self.pushes.load(Ordering::Relaxed)
    }
}

/// Answers everyone who connects, until dropped; its connections end with it.
pub(super) async fn accept(listener: TcpListener) {
    let mut connections = JoinSet::new();
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                // A connection without it still answers, only slower; the caller's figures will show it.
                let _ = stream.set_nodelay(true);
                connections.spawn(answer(stream, Arc::default()));
            }
            // Out of descriptors, as a rule: those who leave make room, spinning does not.
            Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
        }
        while connections.try_join_next().is_some() {}
    }
}

/// Answers one connection: everything that one read brought goes back in one write.
/// Awaiting the whole write is safe only because the calling end never stops reading.
async fn answer(mut stream: TcpStream, pushes: Arc<AtomicU64>) {
    let mut inbox = Inbox::new();
    loop {
        match stream.read(inbox.room()).await {
            Ok(0) | Err(_) => return,
            Ok(bytes) => inbox.arrived(bytes),
        }
        loop {
            let Ok(pushed) = inbox.pushes() else { return };
            if pushed > 0 {
                // The only writer: a plain store would do, but costs the same.
                pushes.fetch_add(pushed, Ordering::Relaxed);
            }
            let Ok(answers) = inbox.calls() else { return };
            if answers.is_empty() {
                break;
            }
            if stream.write_all(answers).await.is_err() {
                return;
            }
        }
    }
}

const ACCEPT_PAUSE: Duration = Duration::from_millis(20);
