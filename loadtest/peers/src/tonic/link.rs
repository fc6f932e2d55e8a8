//! One bidirectional stream, the same at both ends: a task that reads frames, calls in flight, a queue towards the
//! other end. tonic writes what is queued by itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use farcall_load::{Answerer, Caller, Failure};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;
use tonic::Streaming;

use super::proto::Frame;
use super::proto::frame::Kind;
use crate::pending::{Pending, same};
use crate::queue::put;

/// A stream in both directions. Dropping it ends both.
#[derive(Debug)]
pub struct Link {
    out: mpsc::Sender<Frame>,
    shared: Arc<Shared>,
    _reading: AbortOnDropHandle<()>,
}

/// What the reading task tells the rest.
#[derive(Debug, Default)]
struct Shared {
    pending: Pending,
    received: AtomicU64,
    ended: CancellationToken,
}

impl Link {
    /// Reads `incoming`; what is queued in `out` goes to the other end.
    pub fn over(incoming: Streaming<Frame>, out: mpsc::Sender<Frame>) -> Link {
        let shared = Arc::new(Shared::default());
        let reading = tokio::spawn(read(incoming, out.clone(), shared.clone()));
        Link { out, shared, _reading: AbortOnDropHandle::new(reading) }
    }

    /// Queues a push; waits while the queue is full.
    pub async fn push(&self, body: Bytes) -> Result<(), Failure> {
        if self.shared.ended.is_cancelled() {
            return Err(Failure::MissedPush);
        }
        self.send(Kind::Push, 0, body).await
    }

    async fn send(&self, kind: Kind, id: u32, body: Bytes) -> Result<(), Failure> {
        put(&self.out, Frame { kind: kind.into(), id, body }).await
    }
}

impl Caller for Link {
    async fn echo(&self, body: &Bytes) -> Result<usize, Failure> {
        let (id, reply) = self.shared.pending.begin()?;
        self.send(Kind::Call, id, body.clone()).await?;
        same(body, &reply.await.map_err(|_| Failure::Lost)?)
    }
}

impl Answerer for Link {
    fn received(&self) -> u64 {
        self.shared.received.load(Ordering::Relaxed)
    }
}

/// Reads until the stream ends; then everybody who waits is told.
async fn read(mut incoming: Streaming<Frame>, out: mpsc::Sender<Frame>, shared: Arc<Shared>) {
    while let Ok(Some(frame)) = incoming.message().await {
        match frame.kind() {
            // Waiting for room here is safe: fewer calls are in flight than the other end's queue holds.
            Kind::Call => {
                let reply = Frame { kind: Kind::Reply.into(), ..frame };
                if put(&out, reply).await.is_err() {
                    break;
                }
            }
            Kind::Reply => shared.pending.answer(frame.id, frame.body),
            Kind::Push => {
                shared.received.fetch_add(1, Ordering::Relaxed);
            }
        }
    }
    shared.pending.lose();
    shared.ended.cancel();
}
