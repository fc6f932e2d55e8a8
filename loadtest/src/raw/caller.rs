//! The raw speaking end as its users see it: one future per call, none per push. The socket's task is `driver`'s.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::task::AtomicWaker;
use tokio::net::TcpStream;
use tokio::net::tcp::OwnedWriteHalf;
use tokio_util::task::AbortOnDropHandle;

use super::driver::Driver;
use super::line::Line;
use crate::contender::Caller;
use crate::failure::Failure;

/// A raw connection that calls. Dropping it closes the connection.
#[derive(Debug)]
pub struct RawCaller {
    shared: Arc<Shared>,
    _driver: AbortOnDropHandle<()>,
}

impl RawCaller {
    /// Calls over `stream`, whose other end must echo.
    pub(super) fn over(stream: TcpStream) -> Result<RawCaller, Failure> {
        stream.set_nodelay(true)?;
        let (read, write) = stream.into_split();
        let shared = Arc::new(Shared { write, line: Mutex::default(), driver: AtomicWaker::new() });
        let driver = tokio::spawn(Driver::new(read, shared.clone()).run());
        Ok(RawCaller { shared, _driver: AbortOnDropHandle::new(driver) })
    }

    /// Queues an encoded push. The driver writes it, with whatever else is queued by then: a system call for each push
    /// would cost more than all the rest.
    pub(super) fn push(&self, frame: &[u8]) -> Result<(), Failure> {
        let tell = self.shared.line().push(frame)?;
        if tell {
            self.shared.driver.wake();
        }
        Ok(())
    }
}

impl Caller for RawCaller {
    async fn echo(&self, body: &Bytes) -> Result<usize, Failure> {
        Echo { shared: &self.shared, body, id: None }.await
    }
}

/// What callers and the driver of one connection share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) write: OwnedWriteHalf,
    line: Mutex<Line>,
    /// Wakes the driver.
    pub(super) driver: AtomicWaker,
}

impl Shared {
    /// The line, for a moment: never held across an await or a wake.
    pub(super) fn line(&self) -> MutexGuard<'_, Line> {
        // A panic under this lock is our bug and ends that task; the others may as well go on.
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One call. Sent when first polled; dropped before its answer, it leaves its id to the driver.
#[must_use = "nothing is sent before the first poll"]
struct Echo<'a> {
    shared: &'a Shared,
    body: &'a [u8],
    id: Option<u32>,
}

impl Future for Echo<'_> {
    type Output = Result<usize, Failure>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let shared = self.shared;
        let mut line = shared.line();
        let Some(id) = self.id else {
            if let Some(why) = &line.lost {
                return Poll::Ready(Err(why.clone()));
            }
            let alone = line.is_idle();
            match line.issue(self.body, context.waker()) {
                Ok(id) => self.id = Some(id),
                Err(why) => return Poll::Ready(Err(why)),
            }
            if alone {
                write_alone(&shared.write, &mut line.out);
            }
            // Only the first of a batch tells the driver; the others join its write.
            let tell = !line.out.is_empty() && !std::mem::replace(&mut line.told, true);
            drop(line);
            if tell {
                shared.driver.wake();
            }
            return Poll::Pending;
        };
        if let Some(reply) = line.collect(id, self.body, context.waker()) {
            self.id = None;
            return Poll::Ready(reply);
        }
        match &line.lost {
            Some(why) => Poll::Ready(Err(why.clone())),
            None => Poll::Pending,
        }
    }
}

impl Drop for Echo<'_> {
    fn drop(&mut self) {
        if let Some(id) = self.id {
            self.shared.line().abandon(id);
        }
    }
}

/// A lone caller writes to the idle socket itself: handing over to the driver would cost a task switch.
/// What the socket does not take, and errors, are left for the driver.
fn write_alone(write: &OwnedWriteHalf, out: &mut Vec<u8>) {
    if let Ok(written) = write.try_write(out) {
        out.drain(..written);
    }
}
