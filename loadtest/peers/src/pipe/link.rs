//! One connection of the pipe, the same at both ends: a task that reads, a task that writes, calls in flight between
//! them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use farcall_load::{Answerer, Caller, Failure};
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use super::wire::Frame;
use crate::pending::{Pending, same};
use crate::queue::{QUEUE, put};

/// A connection. Dropping it closes it.
#[derive(Debug)]
pub struct Link {
    out: mpsc::Sender<Message>,
    shared: Arc<Shared>,
    _tasks: [AbortOnDropHandle<()>; 2],
}

/// What the reading task tells the rest.
#[derive(Debug, Default)]
struct Shared {
    pending: Pending,
    received: AtomicU64,
    ended: CancellationToken,
}

impl Link {
    /// Speaks over a socket that has shaken hands.
    pub fn over(socket: WebSocketStream<TcpStream>) -> Link {
        let (sink, stream) = socket.split();
        let (out, queue) = mpsc::channel(QUEUE);
        let shared = Arc::new(Shared::default());
        let reading = tokio::spawn(read(stream, out.clone(), shared.clone()));
        let writing = tokio::spawn(write(sink, queue));
        Link { out, shared, _tasks: [reading, writing].map(AbortOnDropHandle::new) }
    }

    /// Queues a message for the writing task; waits while its queue is full.
    pub async fn send(&self, message: Message) -> Result<(), Failure> {
        put(&self.out, message).await
    }

    /// The other end has gone.
    pub fn has_ended(&self) -> bool {
        self.shared.ended.is_cancelled()
    }

    /// Waits until the other end has gone.
    pub async fn ended(&self) {
        self.shared.ended.cancelled().await;
    }
}

impl Caller for Link {
    async fn echo(&self, body: &Bytes) -> Result<usize, Failure> {
        let (id, reply) = self.shared.pending.begin()?;
        self.send(Frame::Call { id, body }.encode()?).await?;
        same(body, &reply.await.map_err(|_| Failure::Lost)?)
    }
}

impl Answerer for Link {
    fn received(&self) -> u64 {
        self.shared.received.load(Ordering::Relaxed)
    }
}

/// Reads until the connection ends; then everybody who waits is told.
async fn read(
    mut stream: SplitStream<WebSocketStream<TcpStream>>,
    out: mpsc::Sender<Message>,
    shared: Arc<Shared>,
) {
    while let Some(Ok(message)) = stream.next().await {
        let Message::Binary(bytes) = message else { continue };
        if take(&bytes, &out, &shared).await.is_err() {
            break;
        }
    }
    shared.pending.lose();
    shared.ended.cancel();
}

/// Does what one message asks for.
async fn take(bytes: &Bytes, out: &mpsc::Sender<Message>, shared: &Shared) -> Result<(), Failure> {
    match Frame::decode(bytes)? {
        // Waiting for room here is safe: fewer calls are in flight than the other end's queue holds.
        Frame::Call { id, body } => {
            let reply = Frame::Reply { id, body }.encode()?;
            return put(out, reply).await;
        }
        Frame::Reply { id, body } => shared.pending.answer(id, Bytes::copy_from_slice(body)),
        Frame::Push { .. } => {
            shared.received.fetch_add(1, Ordering::Relaxed);
        }
    }
    Ok(())
}

/// Writes what was queued: all that is ready goes out by one flush.
async fn write(mut sink: SplitSink<WebSocketStream<TcpStream>, Message>, mut queue: mpsc::Receiver<Message>) {
    let mut ready = Vec::with_capacity(BATCH);
    while queue.recv_many(&mut ready, BATCH).await > 0 {
        for message in ready.drain(..) {
            if sink.feed(message).await.is_err() {
                return;
            }
        }
        if sink.flush().await.is_err() {
            return;
        }
    }
}

/// Messages that one flush carries, at most.
const BATCH: usize = 256;
