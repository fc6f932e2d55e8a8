//! The accept loop of the contenders whose library has none, and the list of those who came. Knows no protocol.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use farcall_load::Failure;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio_util::task::AbortOnDropHandle;

/// A listening end. Dropping it ends it and its connections.
#[derive(Debug)]
pub struct Listening {
    /// Where.
    pub address: SocketAddr,
    _accepting: AbortOnDropHandle<()>,
}

impl Listening {
    /// Listens on `at` (port 0 means any) and runs `serve` for everybody who connects, with TCP_NODELAY set.
    pub async fn start<F, C>(at: SocketAddr, serve: F) -> Result<Listening, Failure>
    where
        F: Fn(TcpStream) -> C + Send + 'static,
        C: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind(at).await?;
        let address = listener.local_addr()?;
        let accepting = async move {
            let mut connections = JoinSet::new();
            loop {
                match listener.accept().await {
                    Ok((stream, _)) => {
                        // A connection without it still answers, only slower; the caller's figures will show it.
                        let _ = stream.set_nodelay(true);
                        connections.spawn(serve(stream));
                    }
                    // Out of descriptors, as a rule: those who leave make room, spinning does not.
                    Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
                }
                while connections.try_join_next().is_some() {}
            }
        };
        Ok(Listening { address, _accepting: AbortOnDropHandle::new(tokio::spawn(accepting)) })
    }
}

/// Connects to `to` with TCP_NODELAY set.
pub async fn dial(to: SocketAddr) -> Result<TcpStream, Failure> {
    let stream = TcpStream::connect(to).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// Clients that have joined a server, in the order in which they came. Clones are the same list.
#[derive(Debug)]
pub struct Roster<T>(Arc<Joined<T>>);

#[derive(Debug)]
struct Joined<T> {
    list: Mutex<Vec<T>>,
    more: Notify,
}

impl<T> Roster<T> {
    /// Nobody yet.
    pub fn new() -> Roster<T> {
        Roster(Arc::new(Joined { list: Mutex::new(Vec::new()), more: Notify::new() }))
    }

    /// One more has joined.
    pub fn add(&self, client: T) {
        self.0.list.lock().unwrap_or_else(PoisonError::into_inner).push(client);
        self.0.more.notify_one();
    }

    /// Waits until `wanted` have joined and takes them out. One caller at a time; the wait has no bound of its own.
    pub async fn take(&self, wanted: usize) -> Vec<T> {
        loop {
            if let Some(all) = self.try_take(wanted) {
                return all;
            }
            self.0.more.notified().await;
        }
    }

    fn try_take(&self, wanted: usize) -> Option<Vec<T>> {
        let mut list = self.0.list.lock().unwrap_or_else(PoisonError::into_inner);
        (list.len() >= wanted).then(|| list.drain(..wanted).collect())
    }
}

impl<T> Clone for Roster<T> {
    fn clone(&self) -> Roster<T> {
        Roster(self.0.clone())
    }
}

const ACCEPT_PAUSE: Duration = Duration::from_millis(20);
