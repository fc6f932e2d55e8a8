//! From a connection to a session and to its end: the way of one player through the server.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use farcall_link::{Address, GivenBack, Link, LinkConfig, LoginFailed, Pending, Tombstone, Transport, knock};
use farcall_protocol::handshake::{Claimed, Dismissed, LoginError, Refusal};
use farcall_protocol::{CloseCode, CloseReason, Uid};
use futures_util::FutureExt;
use tokio::sync::OwnedSemaphorePermit;
use tracing::{debug, error, info};

use crate::admission::Arrival;
use crate::config::DuplicateLogin;
use crate::players::Door;
use crate::seat::Seat;
use crate::server::Inner;

/// How long a login waits for the player's previous session to be gone: its handlers stopped, its `closed` hook
/// returned. Past it the login is refused as busy; a save that is still being written must not be loaded.
const PREVIOUS_GONE: Duration = Duration::from_secs(5);
/// What a login refused as busy is told to wait.
const BUSY_RETRY: Duration = Duration::from_secs(1);

/// Serves one connection until it is gone. `permit` is its place among those that have not logged in.
pub(crate) async fn serve<T: Transport>(
    server: Arc<Inner>,
    io: T,
    address: Address,
    permit: OwnedSemaphorePermit,
) {
    match enter(&server, io, address).await {
        Ok(Some((link, seat))) => {
            drop(permit);
            stay(&server, link, seat).await;
        }
        // It has come back to its session, which has a task already.
        Ok(None) => {}
        Err(error) => {
            server.counters.logins_failed.fetch_add(1, Ordering::Relaxed);
            debug!(target: "farcall", %address, %error, "no login");
        }
    }
}

async fn enter<T: Transport>(
    server: &Arc<Inner>,
    io: T,
    address: Address,
) -> Result<Option<(Link, Arc<Seat>)>, LoginFailed> {
    let time = server.config.limits.login_timeout;
    let mut pending = tokio::select! {
        biased;
        // Whoever has not said who it is when the server ends is not waited for, nor told.
        () = server.closing.cancelled() => return Err(closed(CloseCode::Shutdown)),
        pending = knock(io, server.door.clone(), time) => pending?,
    };
    if pending.login.resume.is_some() {
        match come_back(server, pending, address).await? {
            Some(logs_in) => pending = logs_in,
            None => return Ok(None),
        }
    }
    let judged = in_time(server, address, server.admission.judge(&mut pending.login, address)).await;
    let uid = match judged {
        Ok(uid) => uid,
        Err(refusal) => return Err(turn_away(pending, refusal).await),
    };
    let door = server.players.door(&uid);
    let entered = at_the_door(server, &door, pending, &uid, address).await;
    server.players.left_door(&uid, door);
    entered.map(Some)
}

/// Gives a player its session back; else tells it why not, and gives the login that it sends instead. The cheap questions
/// come first (R2), and whatever the answer, the session is as it was (R7).
async fn come_back<T: Transport>(
    server: &Inner,
    mut pending: Pending<T>,
    address: Address,
) -> Result<Option<Pending<T>>, LoginFailed> {
    let asked = pending.login.resume.as_ref().map(|claimed| find(server, claimed));
    let why = match asked.unwrap_or(Err(UNKNOWN)) {
        Err(why) => why,
        Ok(found) => {
            let judged = in_time(server, address, server.admission.judge(&mut pending.login, address)).await;
            match (judged, found) {
                (Err(refusal), _) => return Err(turn_away(pending, refusal).await),
                // Whoever else it is learns no more than whoever guesses (R1).
                (Ok(uid), found) if !found.is_of(&uid) => UNKNOWN,
                (Ok(_), Found::Over(tombstone)) => tombstone.why(),
                (Ok(_), Found::Open(seat)) => match pending.give_back(&seat.player.session(), address)? {
                    GivenBack::Resumed => {
                        server.counters.resumed.fetch_add(1, Ordering::Relaxed);
                        return Ok(None);
                    }
                    GivenBack::Not(not_given_back, why) => {
                        pending = *not_given_back;
                        why
                    }
                },
            }
        }
    };
    debug!(target: "farcall", %address, code = why.code.name(), "not resumed");
    pending.dismiss(why, server.config.limits.login_timeout).await.map(Some)
}

/// What a client has come back to.
enum Found {
    Open(Arc<Seat>),
    Over(Arc<Tombstone>),
}

impl Found {
    fn is_of(&self, uid: &Uid) -> bool {
        match self {
            Self::Open(seat) => seat.player.session().uid() == uid,
            Self::Over(tombstone) => tombstone.uid() == uid,
        }
    }
}

const UNKNOWN: Dismissed = Dismissed { code: CloseCode::NotResumable, position: None };

/// The session that a client means, if it shows a token of it.
fn find(server: &Inner, claimed: &Claimed) -> Result<Found, Dismissed> {
    if claimed.epoch != server.door.epoch {
        return Err(Dismissed { code: CloseCode::Restarted, position: None });
    }
    if let Some(seat) = server.players.by_session(claimed.session) {
        return match seat.player.session().knows_token(claimed) {
            true => Ok(Found::Open(seat)),
            false => Err(UNKNOWN),
        };
    }
    let tombstone = server.graves.find(claimed.session).filter(|found| found.knows_token(claimed));
    tombstone.map(Found::Over).ok_or(UNKNOWN)
}

/// Asks admission, in time and whatever it does.
async fn in_time<R>(
    server: &Inner,
    address: Address,
    asked: impl Future<Output = Result<R, Refusal>>,
) -> Result<R, Refusal> {
    let time = server.config.limits.login_timeout;
    let asked = tokio::time::timeout(time, std::panic::AssertUnwindSafe(asked).catch_unwind());
    let verdict = tokio::select! {
        biased;
        () = server.closing.cancelled() => return Err(Refusal::Busy { retry_after: BUSY_RETRY }),
        verdict = asked => verdict,
    };
    match verdict {
        Ok(Ok(verdict)) => verdict,
        Ok(Err(_)) => {
            error!(target: "farcall", %address, "admission panicked");
            Err(Refusal::because("the server failed at the login"))
        }
        Err(_) => {
            error!(target: "farcall", %address, limit_ms = time.as_millis() as u64, "admission took too long");
            Err(Refusal::Busy { retry_after: BUSY_RETRY })
        }
    }
}

/// One login of a uid at a time: makes room as the policy says, then takes the seat.
async fn at_the_door<T: Transport>(
    server: &Arc<Inner>,
    door: &Door,
    pending: Pending<T>,
    uid: &Uid,
    address: Address,
) -> Result<(Link, Arc<Seat>), LoginFailed> {
    let busy = Refusal::Busy { retry_after: BUSY_RETRY };
    let Ok(_only_one) = tokio::time::timeout(PREVIOUS_GONE, door.lock()).await else {
        return Err(turn_away(pending, busy).await);
    };
    let present = server.players.seats(uid.as_str());
    // A session that is over and still being saved takes nobody's place, and is waited for.
    let (open, over): (Vec<_>, Vec<_>) = present.into_iter().partition(|seat| seat.is_open());
    let is_here = |seat: &Arc<Seat>| seat.player.session().is_attached();
    let keep = match server.config.duplicate_login {
        // One without a connection makes way: its client may have crashed, and would lock its player out.
        DuplicateLogin::RejectNew if open.iter().any(is_here) => {
            return Err(close(pending, CloseCode::AlreadyConnected).await);
        }
        DuplicateLogin::KickOld | DuplicateLogin::RejectNew => 0,
        DuplicateLogin::Allow(max) => max.saturating_sub(1),
    };
    let replaced = &open[..open.len().saturating_sub(keep)];
    for seat in replaced {
        seat.close(CloseCode::Replaced, "");
    }
    for seat in over.iter().chain(replaced) {
        if tokio::time::timeout(PREVIOUS_GONE, seat.gone.cancelled()).await.is_err() {
            return Err(turn_away(pending, busy).await);
        }
    }
    if server.is_closing() {
        return Err(close(pending, CloseCode::Shutdown).await);
    }
    if server.counters.sessions.load(Ordering::Relaxed) >= server.config.sessions_max as u64 {
        return Err(turn_away(pending, busy).await);
    }
    let arrival = Arrival { uid: uid.clone(), ..Arrival::of(&pending.login, address) };
    let data = match in_time(server, address, server.admission.load(arrival)).await {
        Ok(data) => data,
        Err(refusal) => return Err(turn_away(pending, refusal).await),
    };
    let config = LinkConfig {
        limits: server.config.limits.clone(),
        router: server.router.clone(),
        inbox: server.inbox.clone(),
        owner: server.clone(),
        data: data.clone(),
    };
    let link = pending.admit(uid.clone(), address, config).await?;
    let seat = Arc::new(Seat::new(link.peer(), data));
    server.players.sit(uid, seat.clone());
    server.counters.sessions.fetch_add(1, Ordering::Relaxed);
    Ok((link, seat))
}

/// A session's life: told of, run, told of again, gone.
async fn stay(server: &Inner, link: Link, seat: Arc<Seat>) {
    let session = seat.player.session();
    let (uid, id) = (session.uid().clone(), session.id());
    info!(target: "farcall", side = "server", %uid, session = %id, address = %session.address(), "opened");
    server.admission.hooks.opened(&seat.player);
    if server.is_closing() {
        seat.close(CloseCode::Shutdown, "");
    }
    let hooks = &server.admission.hooks;
    let (reason, ()) = tokio::join!(link.run(), hooks.tell_changes(&seat.player));
    let CloseReason { code, message, by_peer } = &reason;
    info!(target: "farcall", side = "server", %uid, session = %id, code = code.name(), by_peer, reason = ?message, "closed");
    seat.leave_all();
    server.counters.closed(*code);
    server.admission.hooks.closed(seat.player.clone(), seat.data.clone(), reason.clone()).await;
    if let Some(tombstone) = session.tombstone() {
        server.graves.bury(id, tombstone);
    }
    server.players.stand(&uid, id);
    server.counters.sessions.fetch_sub(1, Ordering::Relaxed);
    seat.gone.cancel();
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
