//! Coming back: when the connection is lost, tries to reach the server again until the session goes on or is over. The
//! pauses grow and are random in full, so that players who lost one server together do not come back together
//! (<https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/>).

use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use farcall_link::{Address, Inbox, LoginFailed, Peer, Returning, SessionEvent, Transport, come_back};
use farcall_protocol::handshake::{Connecting, Credential, LoginError, Refusal};
use farcall_protocol::{CloseCode, CloseReason, Retry, ServedByServer};
use tracing::debug;

type Dialing = Pin<Box<dyn Future<Output = io::Result<(Box<dyn Transport>, Address)>> + Send>>;
type Asking = Pin<Box<dyn Future<Output = Option<Credential>> + Send>>;

/// How a server is reached, again and again.
pub(crate) type Dial = Arc<dyn Fn() -> Dialing + Send + Sync>;

/// How a client comes back when its connection is lost. It stops when the server says that it is not wanted
/// (`Kicked`, `Replaced`, `Unauthorized`, `UpdateRequired` ..), and when the session's time is up.
#[derive(Debug, Clone)]
pub struct Reconnect {
    /// The longest pause before the second attempt; it doubles with each. The first comes within this time, too.
    pub pause_min: Duration,
    /// The longest pause of all.
    pub pause_max: Duration,
    /// Where a fresh credential comes from when the server no longer takes the one it has. Default: from nowhere.
    pub fresh_credential: Option<FreshCredential>,
}

/// Asks the game for a credential, such as a new token of its login service.
#[derive(Clone)]
pub struct FreshCredential(Arc<dyn Fn() -> Asking + Send + Sync>);

impl fmt::Debug for FreshCredential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FreshCredential")
    }
}

impl Default for Reconnect {
    fn default() -> Self {
        Self {
            pause_min: Duration::from_millis(100),
            pause_max: Duration::from_secs(5),
            fresh_credential: None,
        }
    }
}

impl Reconnect {
    /// Asks the game for a fresh credential when the server no longer takes the one it has, such as an expired token.
    /// Once for each refusal; `None` gives the session up.
    #[must_use]
    pub fn asking<F>(mut self, credential: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Option<Credential>> + Send + 'static,
    {
        self.fresh_credential = Some(FreshCredential(Arc::new(move || Box::pin(credential()))));
        self
    }

    /// A pause before this attempt, counted from 0: anything up to its bound.
    fn pause(&self, attempt: u32) -> Duration {
        let bound = self.pause_min.saturating_mul(1 << attempt.min(16)).min(self.pause_max);
        // Without randomness the whole pause: late is better than together.
        bound.mul_f64(getrandom::u32().map_or(1.0, |bits| f64::from(bits) / f64::from(u32::MAX)))
    }
}

/// What it takes to come back.
pub(crate) struct Comeback {
    pub(crate) dial: Dial,
    pub(crate) connecting: Connecting,
    pub(crate) reconnect: Reconnect,
    /// Bounds each attempt.
    pub(crate) time: Duration,
    /// A game that did not poll is waited for.
    pub(crate) inbox: Arc<Inbox>,
    /// Items and bytes that one session may have there.
    pub(crate) inbox_max: (usize, usize),
}

/// How an attempt has ended.
enum Attempt {
    /// The session has a connection, or is over.
    Settled,
    /// Nothing is decided: again, not before this time.
    Again(Duration),
}

impl Comeback {
    /// Brings the session back whenever it loses its connection, until it is over.
    pub(crate) async fn keep(mut self, server: Peer<ServedByServer>) {
        let mut seen = 0;
        while let Some(event) = server.session().next_event(&mut seen).await {
            let SessionEvent::Detached(why) = event else { continue };
            if server.session().is_attached() {
                continue;
            }
            let back = async {
                if why.code == CloseCode::InboundOverflow {
                    let (items_max, bytes_max) = self.inbox_max;
                    self.inbox.drained(server.session().id(), items_max, bytes_max).await;
                }
                self.bring_back(&server).await;
            };
            tokio::select! {
                biased;
                _ = server.session().closed() => return,
                () = back => {}
            }
        }
    }

    async fn bring_back(&mut self, server: &Peer<ServedByServer>) {
        let mut not_before = Duration::ZERO;
        for attempt in 0.. {
            tokio::time::sleep(self.reconnect.pause(attempt).max(not_before)).await;
            match self.attempt(server).await {
                Attempt::Settled => return,
                Attempt::Again(after) => not_before = after,
            }
        }
    }

    async fn attempt(&mut self, server: &Peer<ServedByServer>) -> Attempt {
        let session = server.session();
        let dialed = tokio::time::timeout(self.time, (self.dial)()).await;
        let (io, address) = match dialed.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())) {
            Ok(dialed) => dialed,
            Err(error) => {
                debug!(target: "farcall", uid = %session.uid(), %error, "cannot reach the server");
                return Attempt::Again(Duration::ZERO);
            }
        };
        match come_back(io, self.connecting.clone(), address, self.time, &session).await {
            Ok(Returning::Resumed | Returning::Dismissed) => Attempt::Settled,
            Err(LoginFailed::Login(why)) => self.refused(server, why).await,
            Err(error) => {
                debug!(target: "farcall", uid = %session.uid(), %error, "not resumed");
                Attempt::Again(Duration::ZERO)
            }
        }
    }

    /// The server has answered with a refusal: again, or never.
    async fn refused(&mut self, server: &Peer<ServedByServer>, why: LoginError) -> Attempt {
        let (code, message, retry_after) = match &why {
            LoginError::Refused(Refusal::Busy { retry_after }) => {
                (CloseCode::Busy, String::new(), *retry_after)
            }
            LoginError::Refused(refusal) => (refusal.code(), refusal.to_string(), Duration::ZERO),
            LoginError::Closed { code, message } => (*code, message.clone(), Duration::ZERO),
            LoginError::Protocol(_) | LoginError::ServerUnproved => {
                (CloseCode::NotResumable, why.to_string(), Duration::ZERO)
            }
        };
        if code == CloseCode::Unauthorized
            && let Some(FreshCredential(ask)) = &self.reconnect.fresh_credential
            && let Some(fresh) = ask().await
        {
            self.connecting.credential = fresh;
            return Attempt::Again(Duration::ZERO);
        }
        if code.retry() != Retry::Never
            && !matches!(why, LoginError::Protocol(_) | LoginError::ServerUnproved)
        {
            return Attempt::Again(retry_after);
        }
        server.session().close(CloseReason::theirs(code, message));
        Attempt::Settled
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_their_bound_and_are_random_below_it() {
        let reconnect = Reconnect::default();
        for (attempt, bound_ms) in
            [(0, 100), (1, 200), (5, 3_200), (6, 5_000), (40, 5_000), (u32::MAX, 5_000)]
        {
            let pauses: Vec<Duration> = (0..64).map(|_| reconnect.pause(attempt)).collect();
            assert!(
                pauses.iter().all(|pause| *pause <= Duration::from_millis(bound_ms)),
                "{attempt}: {pauses:?}"
            );
            assert!(pauses.iter().any(|pause| *pause != pauses[0]), "not random");
        }
    }
}
