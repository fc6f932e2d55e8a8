//! TCP as sessions want it: small frames at once, and a kernel that does not hoard what a slow player has not
//! taken.

use std::io::{self, IoSlice};
use std::net::Shutdown;
use std::pin::Pin;
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
    /// Until it is given away.
    write: Option<OwnedWriteHalf>,
}

impl Stream {
    /// Prepares an accepted or connected socket.
    ///
    /// # Errors
    /// Only `TCP_NODELAY` is required; what else the system does not have is done without.
    pub fn new(stream: TcpStream) -> io::Result<Self> {
        prepare(&stream)?;
        let (read, write) = stream.into_split();
        Ok(Self { read, write: Some(write) })
    }

    pub(super) fn take_shortcut(&mut self) -> Option<Shortcut> {
        self.write.take().map(|write| Shortcut(Some(write)))
    }

    /// The same connection, registered with the runtime in which this is called.
    ///
    /// # Errors
    /// Of a runtime that cannot watch it, or `ResourceBusy` when somebody holds its shortcut.
    pub fn registered_here(self) -> io::Result<Self> {
        let write = self.write.ok_or(io::ErrorKind::ResourceBusy)?;
        let whole = self.read.reunite(write).map_err(io::Error::other)?;
        let (read, write) = TcpStream::from_std(whole.into_std()?)?.into_split();
        Ok(Self { read, write: Some(write) })
    }

    /// Writes once when the socket is ready.
    fn poll_written(
        &self,
        cx: &mut Context<'_>,
        mut write: impl FnMut(&TcpStream) -> io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        let stream: &TcpStream = self.read.as_ref();
        loop {
            ready!(stream.poll_write_ready(cx))?;
            match write(stream) {
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
        self.poll_written(cx, |stream| stream.try_write(bytes))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.poll_written(cx, |stream| stream.try_write_vectored(pieces))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        let stream: &TcpStream = self.read.as_ref();
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

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, TcpListener};

    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::runtime::{Builder, Runtime};

    use super::*;
    use crate::Transport;

    fn runtime() -> Runtime {
        Builder::new_current_thread().enable_all().build().expect("a runtime")
    }

    /// A connection made by one runtime, and its other end.
    fn made_by(runtime: &Runtime) -> (Box<dyn Transport>, std::net::TcpStream) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let address = listener.local_addr().expect("an address");
        let near = runtime.block_on(TcpStream::connect(address)).expect("a connection");
        let (far, _) = listener.accept().expect("a connection");
        (Box::new(Stream::new(near).expect("a stream")), far)
    }

    /// Echoes one byte. The other end writes it when this one waits already, so that somebody must wake it.
    async fn echo(mut near: Box<dyn Transport>, mut far: std::net::TcpStream) -> io::Result<()> {
        let echoing = tokio::spawn(async move {
            let byte = near.read_u8().await?;
            near.write_u8(byte).await
        });
        tokio::task::yield_now().await;
        io::Write::write_all(&mut far, b"x")?;
        echoing.await.map_err(io::Error::other)??;
        let mut echoed = [0];
        io::Read::read_exact(&mut far, &mut echoed)?;
        assert_eq!(&echoed, b"x");
        Ok(())
    }

    #[test]
    fn a_connection_that_has_moved_needs_its_first_runtime_no_more() {
        let (first, second) = (runtime(), runtime());
        let (near, far) = made_by(&first);
        let near = second.block_on(async { near.moved_here() }).expect("it can move");
        drop(first);
        second.block_on(echo(near, far)).expect("an echo");
    }

    #[test]
    fn a_box_around_a_box_moves_too() {
        let (first, second) = (runtime(), runtime());
        let (near, far) = made_by(&first);
        let near: Box<dyn Transport> = Box::new(near);
        let mut near = second.block_on(async { near.moved_here() }).expect("it can move");
        drop(first);
        assert!(near.take_shortcut().is_some(), "it is still known to be TCP");
        second.block_on(echo(near, far)).expect("an echo");
    }

    #[test]
    fn one_whose_shortcut_is_in_use_stays_where_it_is() {
        let first = runtime();
        let (mut near, _far) = made_by(&first);
        let _in_use = near.take_shortcut();
        let moved = first.block_on(async { near.moved_here() });
        assert_eq!(moved.err().map(|error| error.kind()), Some(io::ErrorKind::ResourceBusy));
    }

    #[test]
    fn a_connection_outlives_its_shortcut() {
        let runtime = runtime();
        let (mut near, far) = made_by(&runtime);
        drop(near.take_shortcut());
        runtime.block_on(echo(near, far)).expect("an echo");
    }

    #[test]
    fn what_has_no_runtime_stays_what_it_is() {
        let runtime = runtime();
        let (near, mut far) = crate::transport::memory::pair();
        let near: Box<dyn Transport> = Box::new(near);
        let mut near = runtime.block_on(async { near.moved_here() }).expect("it stays");
        runtime.block_on(async {
            far.write_all(b"x").await.expect("room");
            assert_eq!(near.read_u8().await.ok(), Some(b'x'));
        });
    }
}
