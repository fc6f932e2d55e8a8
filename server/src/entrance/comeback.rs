//! Giving a player its session back, or telling it why not.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use farcall_link::{GivenBack, LoginFailed, Pending, Tombstone, Transport};
use farcall_protocol::handshake::{Claimed, Dismissed};
use farcall_protocol::{CloseCode, Uid};
use tracing::debug;

use super::{BUSY, Visit, turn_away};
use crate::seat::Seat;
use crate::server::Inner;

impl Visit<'_> {
    /// Gives a player its session back; else tells it why not, and gives the login that it sends instead. The cheap questions
    /// come first (R2), and whatever the answer, the session is as it was (R7).
    pub(super) async fn come_back<T: Transport>(
        self,
        mut pending: Pending<T>,
    ) -> Result<Option<Pending<T>>, LoginFailed> {
        let Self { server, address, .. } = self;
        let asked = pending.login.resume.as_ref().map(|claimed| find(server, claimed));
        let why = match asked.unwrap_or(Err(UNKNOWN)) {
            Err(why) => why,
            Ok(found) => {
                let judged = self.in_time(server.admission.judge(&mut pending.login, address)).await;
                match (judged, found) {
                    (Err(refusal), _) => return Err(turn_away(pending, refusal).await),
                    // Whoever else it is learns no more than whoever guesses (R1).
                    (Ok(uid), found) if !found.is_of(&uid) && !cfg!(mutant = "11") => UNKNOWN,
                    (Ok(_), Found::Over(tombstone)) => tombstone.why(),
                    (Ok(_), Found::Open(seat)) => match pending.give_back(&seat.session(), address)? {
                        GivenBack::Resumed => {
                            server.counters.resumed.fetch_add(1, Ordering::Relaxed);
                            return Ok(None);
                        }
                        GivenBack::TooOften(pending) => return Err(turn_away(*pending, BUSY).await),
                        GivenBack::Not(not_given_back, why) => {
                            pending = *not_given_back;
                            why
                        }
                    },
                }
            }
        };
        debug!(target: "farcall", %address, code = why.code.name(), "not resumed");
        pending.dismiss(why, self.time_left()).await.map(Some)
    }
}

/// What a client has come back to.
enum Found {
    Open(Arc<Seat>),
    Over(Arc<Tombstone>),
}

impl Found {
    fn is_of(&self, uid: &Uid) -> bool {
        match self {
            Self::Open(seat) => seat.session().uid() == uid,
            Self::Over(tombstone) => tombstone.uid() == uid,
        }
    }
}

const UNKNOWN: Dismissed = Dismissed { code: CloseCode::NotResumable, position: None };

/// The session that a client means, if it shows a token of it.
fn find(server: &Inner, claimed: &Claimed) -> Result<Found, Dismissed> {
    if claimed.epoch != server.door.epoch && !cfg!(mutant = "8") {
        return Err(Dismissed { code: CloseCode::Restarted, position: None });
    }
    if let Some(seat) = server.players.by_session(claimed.session) {
        return match seat.session().knows_token(claimed) {
            true => Ok(Found::Open(seat)),
            false => Err(UNKNOWN),
        };
    }
    let tombstone = server.graves.find(claimed.session).filter(|found| found.knows_token(claimed));
    tombstone.map(Found::Over).ok_or(UNKNOWN)
}
