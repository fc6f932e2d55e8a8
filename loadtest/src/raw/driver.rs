//! The one task that owns a raw calling connection: reads answers, writes what callers queued, in batches.
//! Knows nothing of bots or statistics.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use tokio::io::{AsyncRead, ReadBuf};
use tokio::net::tcp::OwnedReadHalf;

use super::caller::Shared;
use super::frame::Inbox;
use crate::failure::Failure;

/// One calling connection's task.
pub(super) struct Driver {
    read: OwnedReadHalf,
    shared: Arc<Shared>,
    inbox: Inbox,
    /// Taken from the line to be written; `written` of it already are.
    batch: Vec<u8>,
    written: usize,
    /// Other callers had their chance to join the batch that is about to be written.
    yielded: bool,
    /// Kept for its room.
    wakers: Vec<Waker>,
}

impl Driver {
    pub(super) fn new(read: OwnedReadHalf, shared: Arc<Shared>) -> Driver {
        Driver {
            read,
            shared,
            inbox: Inbox::new(),
            batch: Vec::new(),
            written: 0,
            yielded: false,
            wakers: Vec::new(),
        }
    }

    /// Until the connection is lost; then every caller is told.
    pub(super) async fn run(mut self) {
        let why = poll_fn(|context| self.turn(context)).await;
        let waiting = self.shared.line().lose(why);
        waiting.into_iter().for_each(Waker::wake);
    }

    /// Everything that can be done now, reading first. Ready only when the connection is lost.
    fn turn(&mut self, context: &mut Context<'_>) -> Poll<Failure> {
        self.shared.driver.register(context.waker());
        match self.read(context).and_then(|()| self.write(context)) {
            Ok(()) => Poll::Pending,
            Err(why) => Poll::Ready(why),
        }
    }

    /// Reads what there is and hands it out; never waits for a write, or two full sockets would wait for each other.
    fn read(&mut self, context: &mut Context<'_>) -> Result<(), Failure> {
        for _ in 0..READS_PER_TURN {
            let mut room = ReadBuf::new(self.inbox.room());
            // Not `try_read`: `poll_read` knows from a short read that the socket is empty and saves asking again.
            let Poll::Ready(read) = Pin::new(&mut self.read).poll_read(context, &mut room) else {
                return Ok(());
            };
            read?;
            match room.filled().len() {
                0 => return Err(Failure::Lost),
                bytes => self.inbox.arrived(bytes),
            }
            let delivered = self.shared.line().deliver(&mut self.inbox, &mut self.wakers);
            self.wakers.drain(..).for_each(Waker::wake);
            delivered?;
        }
        context.waker().wake_by_ref();
        Ok(())
    }

    /// Writes what callers queued, after having let the ready ones among them queue more.
    fn write(&mut self, context: &mut Context<'_>) -> Result<(), Failure> {
        loop {
            if self.written == self.batch.len() && !self.take_batch(context) {
                return Ok(());
            }
            let Poll::Ready(ready) = self.shared.write.as_ref().poll_write_ready(context) else {
                return Ok(());
            };
            ready?;
            match self.shared.write.try_write(&self.batch[self.written..]) {
                Ok(0) => return Err(Failure::Lost),
                Ok(bytes) => self.written += bytes,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Makes what is queued the next batch, unless nothing is or the callers have not had their turn.
    fn take_batch(&mut self, context: &mut Context<'_>) -> bool {
        let mut line = self.shared.line();
        if line.out.is_empty() {
            return false;
        }
        if !std::mem::replace(&mut self.yielded, true) {
            context.waker().wake_by_ref();
            return false;
        }
        self.yielded = false;
        self.batch.clear();
        self.written = 0;
        std::mem::swap(&mut self.batch, &mut line.out);
        line.told = false;
        true
    }
}

/// After so many reads the other tasks of this thread have their turn.
const READS_PER_TURN: usize = 8;
