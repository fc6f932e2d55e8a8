//! A TCP connection that can be cut from outside, as by somebody who pulls the cable: neither end is told beforehand,
//! and neither is asked. Knows nothing of sessions.

use std::future::Future;
use std::io;
use std::net::{Shutdown, TcpStream as Socket};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::net::TcpStream;

type Dialing = Pin<Box<dyn Future<Output = io::Result<TcpStream>> + Send>>;

/// The way to one server. Clones are the same cable.
#[derive(Debug, Clone)]
pub struct Cable {
    address: Arc<str>,
    /// The connection that was made last, until it is cut.
    socket: Arc<Mutex<Option<Socket>>>,
}

impl Cable {
    /// A cable to this address, as `host:port`. Connects to nobody yet.
    pub fn new(address: &str) -> Self {
        Self { address: address.into(), socket: Arc::default() }
    }

    /// Where it leads.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Connects, again and again: for `Client::connect_by`.
    pub fn dial(&self) -> impl Fn() -> Dialing + Send + Sync + 'static {
        let cable = self.clone();
        move || {
            let cable = cable.clone();
            Box::pin(async move { cable.connect().await })
        }
    }

    /// Cuts the connection. False if there is none: it was never made, or is cut already.
    pub fn cut(&self) -> bool {
        let socket = self.socket().take();
        // A connection that the other end has closed before cannot be shut down any more.
        socket.is_some_and(|socket| socket.shutdown(Shutdown::Both).is_ok())
    }

    async fn connect(&self) -> io::Result<TcpStream> {
        let stream = TcpStream::connect(&*self.address).await?;
        stream.set_nodelay(true)?;
        let stream = stream.into_std()?;
        *self.socket() = Some(stream.try_clone()?);
        TcpStream::from_std(stream)
    }

    fn socket(&self) -> MutexGuard<'_, Option<Socket>> {
        self.socket.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn both_ends_see_the_cut_and_the_next_connection_is_whole() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let cable = Cable::new(&listener.local_addr().unwrap().to_string());
        let dial = cable.dial();
        for _ in 0..2 {
            let (ours, theirs) = tokio::join!(dial(), listener.accept());
            let (mut ours, (mut theirs, _)) = (ours.unwrap(), theirs.unwrap());
            assert!(ours.nodelay().unwrap());
            ours.write_all(b"hi").await.unwrap();
            assert_eq!(theirs.read(&mut [0; 8]).await.unwrap(), 2);
            assert!(cable.cut());
            assert_eq!(theirs.read(&mut [0; 8]).await.unwrap(), 0);
            assert_eq!(ours.read(&mut [0; 8]).await.unwrap(), 0);
            assert!(ours.write_all(b"hi").await.is_err());
        }
    }

    #[tokio::test]
    async fn only_what_is_connected_can_be_cut() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let cable = Cable::new(&listener.local_addr().unwrap().to_string());
        assert!(!cable.cut());
        let _stream = cable.dial()().await.unwrap();
        assert!(cable.clone().cut());
        assert!(!cable.cut(), "it is cut already");
    }

    #[tokio::test]
    async fn a_cable_to_nobody_says_so() {
        let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        let cable = Cable::new(&free.to_string());
        assert!(cable.dial()().await.is_err());
        assert!(!cable.cut());
    }
}
