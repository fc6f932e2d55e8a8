//! TCP as sessions want it: small frames at once, and a kernel that does not hoard what a slow player has not
//! taken.

use std::io::{self, IoSlice};
use std::net::Shutdown;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};

use super::Shortcut;

/// Unsent bytes the kernel may hold for one connection before it stops taking more. Without it one stalled
/// loopback socket swallowed 1,888 snapshots of 2 KiB before our own queue saw any, all of them stale.
const NOTSENT_LOWAT_BYTES: u32 = 16 << 10;
/// Bytes sent and unanswered for this long end the connection (gRPC proposal A18).
const USER_TIMEOUT: Duration = Duration::from_secs(20);

/// A connection over TCP.
#[derive(Debug)]
pub struct Stream {
    read: OwnedReadHalf,
    write: Arc<OwnedWriteHalf>,
}

impl Stream {
    /// Prepares an accepted or connected socket.
    ///
    /// # Errors
    /// Only `TCP_NODELAY` is required; what else the system does not have is done without.
    pub fn new(stream: TcpStream) -> io::Result<Self> {
        prepare(&stream)?;
        let (read, write) = stream.into_split();
        Ok(Self { read, write: Arc::new(write) })
    }

    pub(super) fn shortcut(&self) -> Shortcut {
        Shortcut(self.write.clone())
    }

    /// Writes once when the socket is ready.
    fn poll_written(
        &self,
        cx: &mut Context<'_>,
        mut write: impl FnMut(&OwnedWriteHalf) -> io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        loop {
            ready!((*self.write).as_ref().poll_write_ready(cx))?;
            match write(&self.write) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                written => return Poll::Ready(written),
            }
        }
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        to: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.read).poll_read(cx, to)
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_written(cx, |write| write.try_write(bytes))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.poll_written(cx, |write| write.try_write_vectored(pieces))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        let stream: &TcpStream = (*self.write).as_ref();
        Poll::Ready(SockRef::from(stream).shutdown(Shutdown::Write))
    }
}

fn prepare(stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    #[cfg(target_os = "linux")]
    {
        let socket = SockRef::from(stream);
        // Refused only by systems that do not know them; sessions are right without, only slower to notice.
        let _ = socket.set_tcp_notsent_lowat(NOTSENT_LOWAT_BYTES);
        let _ = socket.set_tcp_user_timeout(Some(USER_TIMEOUT));
    }
    Ok(())
}
