//! Who is here: the one map from uid to sessions. A uid's entry lock is the only writer for it and is never held
//! across an await; logins of one uid pass through its door one at a time.

use std::sync::Arc;

use dashmap::DashMap;
use farcall_protocol::{SessionId, Uid};
use smallvec::SmallVec;

use crate::Player;
use crate::seat::Seat;

/// The player has no session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the player is offline")]
pub struct Offline;

/// The map.
#[derive(Debug, Default)]
pub(crate) struct Players {
    by_uid: DashMap<Uid, Presence>,
    /// The same seats by session, for clients that come back.
    by_session: DashMap<SessionId, Arc<Seat>>,
}

/// One uid's sessions, oldest first, and its door.
#[derive(Debug, Default)]
struct Presence {
    /// Nearly always one.
    seats: SmallVec<[Arc<Seat>; 1]>,
    /// `None` while nobody is at it.
    door: Option<Door>,
}

/// Logins of one uid, one at a time. The entry lives as long as somebody is at it.
pub(crate) type Door = Arc<tokio::sync::Mutex<()>>;

impl Players {
    /// The door of a uid; whoever has it locked decides who of that uid is here.
    pub(crate) fn door(&self, uid: &Uid) -> Door {
        self.by_uid.entry(uid.clone()).or_default().door.get_or_insert_default().clone()
    }

    /// One has left the door. If it was the last, the door is forgotten, and a uid without sessions with it.
    pub(crate) fn left_door(&self, uid: &Uid, door: Door) {
        drop(door);
        if let Some(mut presence) = self.by_uid.get_mut(uid) {
            presence.door.take_if(|door| !is_used(door));
        }
        self.by_uid.remove_if(uid, |_, presence| presence.is_idle());
    }

    pub(crate) fn seats(&self, uid: &str) -> Vec<Arc<Seat>> {
        self.by_uid.get(uid).map_or_else(Vec::new, |presence| presence.seats.to_vec())
    }

    /// The newest session of a player, one with a connection before one without. One that is over and still being saved
    /// does not count.
    pub(crate) fn newest(&self, uid: &str) -> Result<Player, Offline> {
        let presence = self.by_uid.get(uid).ok_or(Offline)?;
        let open = || presence.seats.iter().rev().filter(|seat| seat.is_open());
        let newest = open().find(|seat| seat.session().is_attached()).or_else(|| open().next());
        newest.map(|seat| seat.player()).ok_or(Offline)
    }

    /// The seat of a session.
    pub(crate) fn by_session(&self, session: SessionId) -> Option<Arc<Seat>> {
        self.by_session.get(&session).map(|seat| seat.clone())
    }

    /// Takes a seat. Only under the uid's door.
    pub(crate) fn sit(&self, uid: &Uid, seat: Arc<Seat>) {
        self.by_session.insert(seat.id(), seat.clone());
        self.by_uid.entry(uid.clone()).or_default().seats.push(seat);
    }

    /// Gives up one seat and no other: a late end of an old session cannot remove the new one.
    pub(crate) fn stand(&self, uid: &Uid, session: SessionId) {
        self.by_session.remove(&session);
        if let Some(mut presence) = self.by_uid.get_mut(uid) {
            presence.seats.retain(|seat| seat.id() != session);
        }
        self.by_uid.remove_if(uid, |_, presence| presence.is_idle());
    }

    /// Every seat there is, to be used without this map's locks.
    pub(crate) fn all(&self) -> Vec<Arc<Seat>> {
        let mut all = Vec::with_capacity(self.by_uid.len());
        self.each(|seat| all.push(seat.clone()));
        all
    }

    /// Does something with every seat. `act` must not come back to this map.
    pub(crate) fn each(&self, mut act: impl FnMut(&Arc<Seat>)) {
        self.by_uid.iter().for_each(|presence| presence.seats.iter().for_each(&mut act));
    }

    /// Uids with an entry: players here, and those at their door.
    pub(crate) fn uids(&self) -> usize {
        self.by_uid.len()
    }
}

impl Presence {
    fn is_idle(&self) -> bool {
        self.seats.is_empty() && self.door.as_ref().is_none_or(|door| !is_used(door))
    }
}

/// Whether somebody is at a door. One reference is its entry's own; with the entry locked nobody can take another.
fn is_used(door: &Door) -> bool {
    Arc::strong_count(door) > 1
}
