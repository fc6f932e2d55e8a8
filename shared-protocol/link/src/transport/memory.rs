//! Streams within one process: a first-class peer of TCP, for tests and for a server and its bots in one place.

use std::io;

use tokio::io::DuplexStream;
use tokio::sync::mpsc;

/// Bytes one direction holds before its writer waits, like a socket's buffer.
const BUFFER_BYTES: usize = 64 << 10;
/// Connections waiting to be accepted, like a listener's backlog.
const BACKLOG: usize = 1_024;

/// Takes connections made with its [`Dialer`].
#[derive(Debug)]
pub struct Listener {
    arriving: mpsc::Receiver<DuplexStream>,
}

/// Makes connections to a [`Listener`].
#[derive(Debug, Clone)]
pub struct Dialer {
    arriving: mpsc::Sender<DuplexStream>,
}

/// A listener and the way to it.
pub fn listener() -> (Listener, Dialer) {
    let (sender, arriving) = mpsc::channel(BACKLOG);
    (Listener { arriving }, Dialer { arriving: sender })
}

/// Two ends of one connection.
pub fn pair() -> (DuplexStream, DuplexStream) {
    tokio::io::duplex(BUFFER_BYTES)
}

impl Listener {
    /// The next connection; `None` when every dialer is gone.
    pub async fn accept(&mut self) -> Option<DuplexStream> {
        self.arriving.recv().await
    }
}

impl Dialer {
    /// Connects.
    ///
    /// # Errors
    /// `ConnectionRefused` when the listener is gone.
    pub async fn connect(&self) -> io::Result<DuplexStream> {
        let (near, far) = pair();
        self.arriving.send(far).await.map_err(|_| io::ErrorKind::ConnectionRefused)?;
        Ok(near)
    }
}
