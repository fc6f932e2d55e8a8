//! From a connection to a session and to its end: the way of one player through the server. Here: who knocks, and a session's
//! life. Making room for a login stands in `door`, giving a session back in `comeback`.

mod comeback;
mod door;

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use farcall_link::{Address, Link, LoginFailed, Pending, Running, Transport, knock};
use farcall_protocol::handshake::{LoginError, Refusal};
use farcall_protocol::{CloseCode, CloseReason};
use futures_util::FutureExt;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, timeout, timeout_at};
use tracing::{debug, error, info, warn};

use crate::seat::Seat;
use crate::server::Inner;

/// What a login refused as busy is told to wait.
const BUSY_RETRY: Duration = Duration::from_secs(1);
const BUSY: Refusal = Refusal::Busy { retry_after: BUSY_RETRY };
/// A `closed` hook that takes longer than this is told of in the log; it is waited for all the same.
const HOOK_SLOW: Duration = Duration::from_secs(5);

/// Serves one connection until it is gone. `permit` is its place among those that have not logged in.
pub(crate) async fn serve<T: Transport>(
    server: Arc<Inner>,
    io: T,
    address: Address,
    permit: OwnedSemaphorePermit,
) {
    let until = Instant::now() + server.config.limits.login_timeout;
    let visit = Visit { server: &server, address, until };
    match visit.enter(io).await {
        Ok(Some((link, seat))) => {
            drop(permit);
            // A task of its own: this one has room for a whole login, which a session would hold as long as it lives.
            server.tasks.spawn(stay(server.clone(), link.run(), seat));
        }
        // It has come back to its session, which has a task already.
        Ok(None) => {}
        Err(error) => {
            server.counters.logins_failed.fetch_add(1, Ordering::Relaxed);
            debug!(target: "farcall", %address, %error, "no login");
        }
    }
}

/// A connection that is not a session yet.
#[derive(Clone, Copy)]
struct Visit<'a> {
    server: &'a Arc<Inner>,
    address: Address,
    /// When its login must be through (L2), whatever it waits for.
    until: Instant,
}

impl Visit<'_> {
    /// A new session; `None` for one that has come back to its own.
    async fn enter<T: Transport>(self, io: T) -> Result<Option<(Link, Arc<Seat>)>, LoginFailed> {
        let Self { server, address, .. } = self;
        let mut pending = tokio::select! {
            biased;
            // Whoever has not said who it is when the server ends is not waited for, nor told.
            () = server.closing.cancelled() => return Err(closed(CloseCode::Shutdown)),
            pending = knock(io, server.door.clone(), self.time_left()) => pending?,
        };
        if pending.login.resume.is_some() {
            match self.come_back(pending).await? {
                Some(logs_in) => pending = logs_in,
                None => return Ok(None),
            }
        }
        let uid = match self.in_time(server.admission.judge(&mut pending.login, address)).await {
            Ok(uid) => uid,
            Err(refusal) => return Err(turn_away(pending, refusal).await),
        };
        let door = server.players.door(&uid);
        let entered = self.at_the_door(&door, pending, &uid).await;
        server.players.left_door(&uid, door);
        entered.map(Some)
    }

    fn time_left(self) -> Duration {
        self.until.saturating_duration_since(Instant::now())
    }

    /// Asks admission, in time and whatever it does.
    async fn in_time<R>(self, asked: impl Future<Output = Result<R, Refusal>>) -> Result<R, Refusal> {
        let Self { server, address, until } = self;
        let asked = timeout_at(until, std::panic::AssertUnwindSafe(asked).catch_unwind());
        let verdict = tokio::select! {
            biased;
            () = server.closing.cancelled() => return Err(BUSY),
            verdict = asked => verdict,
        };
        match verdict {
            Ok(Ok(verdict)) => verdict,
            Ok(Err(_)) => {
                error!(target: "farcall", %address, "admission panicked");
                Err(Refusal::because("the server failed at the login"))
            }
            Err(_) => {
                error!(target: "farcall", %address, "admission took too long");
                Err(BUSY)
            }
        }
    }
}

/// A session's life: told of, run, told of again, gone.
///
/// This future is held as long as the session lives, and with it a place for each thing that is moved in it: so it moves
/// nothing, is a block and no `async fn` (which moves its arguments first), and what is rare is in a box.
#[expect(clippy::manual_async_fn, reason = "an `async fn` holds each argument twice")]
fn stay(server: Arc<Inner>, mut session: Running, seat: Arc<Seat>) -> impl Future<Output = ()> + Send {
    async move {
        tell_opened(&server, &seat);
        if server.is_closing() {
            seat.close(CloseCode::Shutdown, "");
        }
        let hooks = &server.admission.hooks;
        let reason = match hooks.changed {
            Some(_) => {
                Box::pin(async { tokio::join!(&mut session, hooks.tell_changes(seat.player())).0 }).await
            }
            None => (&mut session).await,
        };
        Box::pin(leave(&server, &seat, reason)).await;
    }
}

/// Before the future of a session's life waits for anything, so that it holds none of this.
fn tell_opened(server: &Inner, seat: &Seat) {
    let session = seat.session();
    let (uid, id) = (session.uid(), session.id());
    info!(target: "farcall", side = "server", %uid, session = %id, address = %session.address(), "opened");
    server.admission.hooks.opened(&seat.player());
}

/// A session's end: told of, saved, gone.
async fn leave(server: &Inner, seat: &Seat, reason: CloseReason) {
    let session = seat.session();
    let (uid, id) = (session.uid().clone(), session.id());
    let CloseReason { code, message, by_peer } = &reason;
    info!(target: "farcall", side = "server", %uid, session = %id, code = code.name(), by_peer, reason = ?message, "closed");
    seat.leave_all();
    server.counters.closed(*code);
    for _ in 0..=u8::from(cfg!(mutant = "22")) {
        tell_closed(server, seat, &reason).await;
    }
    if let Some(tombstone) = session.tombstone() {
        server.graves.bury(id, tombstone);
    }
    server.players.stand(&uid, id);
    server.counters.sessions.fetch_sub(1, Ordering::Relaxed);
    // Only here, so it was not set before.
    let _ = seat.gone.set(());
}

/// Runs the `closed` hook to its end: what it saves must not be cut off half-way.
async fn tell_closed(server: &Inner, seat: &Seat, reason: &CloseReason) {
    let hook = server.admission.hooks.closed(seat.player(), seat.data().clone(), reason.clone());
    let mut hook = std::pin::pin!(hook);
    while timeout(HOOK_SLOW, hook.as_mut()).await.is_err() {
        let session = seat.session();
        warn!(target: "farcall", uid = %session.uid(), session = %session.id(), "the `closed` hook is slow: the player cannot log in until it returns");
    }
}

async fn turn_away<T: Transport>(pending: Pending<T>, refusal: Refusal) -> LoginFailed {
    let error = LoginFailed::Login(refusal.clone().into());
    pending.refuse(refusal).await;
    error
}

async fn close<T: Transport>(pending: Pending<T>, code: CloseCode) -> LoginFailed {
    pending.close(code, "").await;
    closed(code)
}

fn closed(code: CloseCode) -> LoginFailed {
    LoginFailed::Login(LoginError::Closed { code, message: String::new() })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The size of what a function returns, without calling it.
    const fn size_of_returned<A, B, C, R>(_: fn(A, B, C) -> R) -> usize {
        size_of::<R>()
    }

    #[test]
    fn a_sessions_task_is_small() {
        // With what the runtime and the tracker add, 112 bytes, it fits into two of the 128 bytes by which tasks grow.
        let bytes = size_of_returned(stay);
        assert!(bytes <= 104, "{bytes} bytes");
    }
}
