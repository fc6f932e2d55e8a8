//! A TCP connection that the tool can cut, or stop reading. Otherwise it is what the client would have dialled itself.

use std::io;
use std::net::{Shutdown, SocketAddr};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpSocket, TcpStream};

/// The tool's hold on whatever connection a client has at the time.
#[derive(Debug, Clone, Default)]
pub(super) struct Hold {
    /// Shared with the client, so that a cut needs no descriptor of its own.
    now: Arc<Mutex<Option<Arc<TcpStream>>>>,
    deaf: Arc<AtomicBool>,
    /// Small receive buffers: who stops reading is soon felt by the server.
    narrow: bool,
}

impl Hold {
    /// A hold on a client that will stop reading.
    pub(super) fn narrow() -> Hold {
        Hold { narrow: true, ..Hold::default() }
    }

    /// Dials for the client.
    pub(super) async fn dial(self, to: SocketAddr) -> io::Result<Wire> {
        let socket = if to.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        if self.narrow {
            socket.set_recv_buffer_size(NARROW_BYTES)?;
        }
        let stream = socket.connect(to).await?;
        stream.set_nodelay(true)?;
        let stream = Arc::new(stream);
        *self.now.lock().unwrap_or_else(PoisonError::into_inner) = Some(stream.clone());
        Ok(Wire { stream, deaf: self.deaf })
    }

    /// Ends the present connection for both ends.
    pub(super) fn cut(&self) {
        let stream = self.now.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(stream) = stream {
            // Fails only if the connection has ended already.
            let _ = SockRef::from(&*stream).shutdown(Shutdown::Both);
        }
    }

    /// From now on nothing is read.
    pub(super) fn stop_reading(&self) {
        self.deaf.store(true, Ordering::Relaxed);
    }
}

/// The connection as the client has it.
#[derive(Debug)]
pub(super) struct Wire {
    stream: Arc<TcpStream>,
    deaf: Arc<AtomicBool>,
}

impl AsyncRead for Wire {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        room: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        loop {
            if self.deaf.load(Ordering::Relaxed) {
                // Never woken again by what arrives: that is the point.
                return Poll::Pending;
            }
            ready!(self.stream.poll_read_ready(context))?;
            match self.stream.try_read(room.initialize_unfilled()) {
                Ok(bytes) => {
                    room.advance(bytes);
                    return Poll::Ready(Ok(()));
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }
}

impl AsyncWrite for Wire {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(context, &[io::IoSlice::new(bytes)])
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        loop {
            ready!(self.stream.poll_write_ready(context))?;
            match self.stream.try_write_vectored(parts) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                written => return Poll::Ready(written),
            }
        }
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(SockRef::from(&*self.stream).shutdown(Shutdown::Write))
    }
}

/// The kernel makes a few KiB of it.
const NARROW_BYTES: u32 = 4 << 10;
