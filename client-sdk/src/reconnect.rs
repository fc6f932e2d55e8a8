//! Coming back: when the connection is lost, tries to reach the server again until the session goes on or is over. The
//! pauses grow and are random in full, so that players who lost one server together do not come back together
//! (<https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/>).

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use farcall_link::{LoginFailed, Peer, Returning, SessionEvent, come_back, randomness};
use farcall_protocol::handshake::{Credential, LoginError, Refusal};
use farcall_protocol::{CloseCode, CloseReason, Retry, ServedByServer};
use tracing::debug;

use crate::access::Access;
use crate::client::{Client, ConnectError};

type Asking = Pin<Box<dyn Future<Output = Option<Credential>> + Send>>;

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
        bound.mul_f32(randomness::share(1.0))
    }
}

/// Keeps one session: brings it back whenever it loses its connection.
pub(crate) struct Comeback {
    pub(crate) access: Arc<Access>,
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
    pub(crate) async fn keep(self, server: Peer<ServedByServer>) {
        let mut seen = 0;
        while let Some(event) = server.session().next_event(&mut seen).await {
            let SessionEvent::Detached(why) = event else { continue };
            if server.session().is_attached() {
                continue;
            }
            // In a box: the way through a login is long, and every session that is well would keep room for it.
            Box::pin(self.return_to(&server, why.code)).await;
        }
    }

    /// Brings the session back, or sees that it is over.
    async fn return_to(&self, server: &Peer<ServedByServer>, lost_by: CloseCode) {
        let back = async {
            if lost_by == CloseCode::InboundOverflow {
                // A game that did not poll is waited for.
                let (items_max, bytes_max) = self.access.inbox_max();
                self.access.inbox.drained(server.session().id(), items_max, bytes_max).await;
            }
            self.bring_back(server).await;
        };
        tokio::select! {
            biased;
            _ = server.session().closed() => {}
            () = back => {}
        }
    }

    async fn bring_back(&self, server: &Peer<ServedByServer>) {
        let mut not_before = Duration::ZERO;
        for attempt in 0.. {
            tokio::time::sleep(self.access.reconnect.pause(attempt).max(not_before)).await;
            match self.attempt(server).await {
                Attempt::Settled => return,
                Attempt::Again(after) => not_before = after,
            }
        }
    }

    async fn attempt(&self, server: &Peer<ServedByServer>) -> Attempt {
        let session = server.session();
        let (io, address) = match self.access.dial().await {
            Ok(dialed) => dialed,
            Err(error) => {
                debug!(target: "farcall", uid = %session.uid(), %error, "cannot reach the server");
                return Attempt::Again(Duration::ZERO);
            }
        };
        match come_back(io, self.access.connecting(), address, self.access.patience(), &session).await {
            Ok(Returning::Resumed | Returning::Dismissed) => Attempt::Settled,
            Err(LoginFailed::Login(why)) => match after_refusal(&self.access, &why).await {
                Some(after) => Attempt::Again(after),
                None => {
                    session.close(as_a_reason(&why));
                    Attempt::Settled
                }
            },
            Err(error) => {
                debug!(target: "farcall", uid = %session.uid(), %error, "not resumed");
                Attempt::Again(Duration::ZERO)
            }
        }
    }
}

/// Another session after one that is over for this reason: logs in until it is let in, or trying is of no use.
pub(crate) async fn log_in_again(access: Arc<Access>, over: CloseReason) -> Result<Client, ConnectError> {
    if !access.has_a_way() || over.code.retry() == Retry::Never {
        return Err(ConnectError::Over(over));
    }
    let (mut attempt, mut not_before) = (0u32, Duration::ZERO);
    loop {
        tokio::time::sleep(access.reconnect.pause(attempt).max(not_before)).await;
        attempt = attempt.saturating_add(1);
        not_before = match access.connect().await {
            Ok(client) => return Ok(client),
            Err(ConnectError::Login(LoginFailed::Login(why))) => match after_refusal(&access, &why).await {
                Some(after) => after,
                None => return Err(LoginFailed::Login(why).into()),
            },
            Err(error) => {
                debug!(target: "farcall", %error, "no login");
                Duration::ZERO
            }
        };
    }
}

/// The server has refused: how long to wait before another attempt, `None` if there is no use in it. Asks the game for a fresh
/// credential where that may help.
async fn after_refusal(access: &Access, why: &LoginError) -> Option<Duration> {
    let code = as_a_reason(why).code;
    if code == CloseCode::Unauthorized
        && let Some(FreshCredential(ask)) = &access.reconnect.fresh_credential
        && let Some(fresh) = ask().await
    {
        access.shows(fresh);
        return Some(Duration::ZERO);
    }
    match why {
        LoginError::Protocol(_) | LoginError::ServerUnproved => None,
        LoginError::Refused(Refusal::Busy { retry_after }) => Some(*retry_after),
        LoginError::Refused(_) | LoginError::Closed { .. } => {
            (code.retry() != Retry::Never).then_some(Duration::ZERO)
        }
    }
}

/// What a session that ends by it is told.
fn as_a_reason(why: &LoginError) -> CloseReason {
    match why {
        LoginError::Refused(refusal) => CloseReason::theirs(refusal.code(), refusal.to_string()),
        LoginError::Closed { code, message } => CloseReason::theirs(*code, message.clone()),
        LoginError::Protocol(_) | LoginError::ServerUnproved => {
            CloseReason::theirs(CloseCode::NotResumable, why.to_string())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The bytes of what a function awaits.
    fn size_of_future<F>(_: fn(Comeback, Peer<ServedByServer>) -> F) -> usize {
        size_of::<F>()
    }

    #[test]
    fn what_waits_beside_every_session_is_small() {
        let bytes = size_of_future(Comeback::keep);
        assert!(bytes <= 512, "{bytes}");
    }

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
