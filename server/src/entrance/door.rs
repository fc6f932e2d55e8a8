//! Making room for a login, as the policy says, and taking a seat.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use farcall_link::{Link, LinkConfig, LoginFailed, Pending, Transport};
use farcall_protocol::{CloseCode, Uid};
use tokio::time::timeout_at;

use super::{BUSY, Visit, close, turn_away};
use crate::admission::Arrival;
use crate::config::DuplicateLogin;
use crate::players::Door;
use crate::seat::Seat;

impl Visit<'_> {
    /// One login of a uid at a time: makes room as the policy says, then takes the seat. A previous session is waited for until
    /// nothing of it is left, its handlers and its `closed` hook: a save that is still being written must not be loaded.
    pub(super) async fn at_the_door<T: Transport>(
        self,
        door: &Door,
        pending: Pending<T>,
        uid: &Uid,
    ) -> Result<(Link, Arc<Seat>), LoginFailed> {
        let Self { server, address, until } = self;
        let Ok(_only_one) = timeout_at(until, door.lock()).await else {
            return Err(turn_away(pending, BUSY).await);
        };
        let present = server.players.seats(uid.as_str());
        // A session that is over and still being saved takes nobody's place.
        let open: Vec<_> = present.into_iter().filter(|seat| seat.is_open()).collect();
        let is_here = |seat: &Arc<Seat>| seat.session().is_attached();
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
        // Looked for anew each time: one that was to stay may have ended meanwhile.
        let being_saved = || server.players.seats(uid.as_str()).into_iter().find(|seat| !seat.is_open());
        while let Some(seat) = being_saved().filter(|_| !cfg!(mutant = "25")) {
            if timeout_at(until, seat.gone.wait()).await.is_err() {
                return Err(turn_away(pending, BUSY).await);
            }
        }
        if server.is_closing() {
            return Err(close(pending, CloseCode::Shutdown).await);
        }
        if server.counters.sessions.load(Ordering::Relaxed) >= server.config.sessions_max as u64 {
            return Err(turn_away(pending, BUSY).await);
        }
        let arrival = Arrival { uid: uid.clone(), ..Arrival::of(&pending.login, address) };
        let data = match self.in_time(server.admission.load(arrival)).await {
            Ok(data) => data,
            Err(refusal) => return Err(turn_away(pending, refusal).await),
        };
        let config = LinkConfig {
            limits: server.config.limits.clone(),
            router: server.router.clone(),
            inbox: server.inbox.clone(),
            owner: server.clone(),
            data,
        };
        let link = pending.admit(uid.clone(), address, config)?;
        let seat = Arc::new(Seat::new(link.anchor()));
        server.players.sit(uid, seat.clone());
        server.counters.sessions.fetch_add(1, Ordering::Relaxed);
        Ok((link, seat))
    }
}
