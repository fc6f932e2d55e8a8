//! Groups: named sets of sessions to send to at once. A message is encoded once and appended to each member's log;
//! nobody waits for anybody. Sends to one group reach all members in one order, and joining or leaving is a point
//! in that order: the members' lock is held while a message is appended.

mod gather;
mod room;

use std::sync::Arc;

use farcall_link::Broadcast;
use farcall_protocol::{Answer, Caller, Reaches, RouteDescriptor, ServedByClient, SessionId, Uid};
use serde::Serialize;

pub use gather::Gather;
pub use room::FanOut;
use room::call_on;
pub(crate) use room::{Groups, Room};

use crate::players::Offline;
use crate::seat::Seat;
use crate::server::Inner;

/// A handle to a group, cheap to clone and to keep. The group lives as long as it has a handle or a member.
#[derive(Debug, Clone)]
pub struct Group {
    room: Arc<Room>,
}

/// A group without one of its players.
#[derive(Debug, Clone)]
pub struct GroupExcept {
    room: Arc<Room>,
    except: Uid,
}

/// All players of a server.
#[derive(Debug, Clone)]
pub struct Everyone {
    pub(crate) server: Arc<Inner>,
}

/// Who is in a group.
#[derive(Debug)]
pub struct Members<'a> {
    room: &'a Arc<Room>,
}

impl Group {
    /// Who is in it, and who joins and leaves.
    pub fn members(&self) -> Members<'_> {
        Members { room: &self.room }
    }
}

impl Members<'_> {
    /// Adds all sessions of a player. True if that changed anything.
    ///
    /// # Errors
    /// [`Offline`] if the player has none, or its last has just ended.
    pub fn add(&self, uid: impl AsRef<str>) -> Result<bool, Offline> {
        let server = self.room.server.upgrade().ok_or(Offline)?;
        let seats = server.players.seats(uid.as_ref());
        let mut added = Err(Offline);
        for seat in seats {
            // Noted at the seat first; a session that ends in between is found out below.
            if self.room.lock().places.contains_key(&seat.id()) {
                added = added.or(Ok(false));
                continue;
            }
            if !seat.joins(self.room) {
                continue;
            }
            self.room.lock().insert(seat.clone());
            if seat.has_left() {
                self.room.drop_member(seat.id());
            } else {
                added = Ok(true);
            }
        }
        added
    }

    /// Removes all sessions of a player. True if that changed anything.
    pub fn remove(&self, uid: impl AsRef<str>) -> bool {
        let uid = uid.as_ref();
        let mut members = self.room.lock();
        let found = members.seats.iter().filter(|seat| seat.session().uid().as_str() == uid);
        let found: Vec<SessionId> = found.map(|seat| seat.id()).collect();
        let removed: Vec<Arc<Seat>> = found.into_iter().filter_map(|id| members.remove(id)).collect();
        drop(members);
        removed.iter().for_each(|seat| seat.leaves(self.room));
        !removed.is_empty()
    }

    /// The players in it, one entry a session, in no particular order.
    pub fn uids(&self) -> Vec<Uid> {
        self.room.lock().seats.iter().map(|seat| seat.session().uid().clone()).collect()
    }

    /// How many sessions are in it.
    pub fn len(&self) -> usize {
        self.room.lock().seats.len()
    }

    /// Whether nobody is.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The group's name.
    pub fn name(&self) -> &str {
        &self.room.name
    }

    /// The group without one player: `room.members().except(&uid).chat(&line)`.
    pub fn except(&self, uid: &Uid) -> GroupExcept {
        GroupExcept { room: self.room.clone(), except: uid.clone() }
    }
}

impl Caller for Group {
    type Call<R: Answer> = Gather<R>;
    type Notified = FanOut;

    fn call<A: Serialize, R: Answer>(&self, route: &'static RouteDescriptor, arguments: &A) -> Gather<R> {
        self.room.call(route, arguments, None)
    }

    fn notify<A: Serialize>(&self, route: &'static RouteDescriptor, arguments: &A) -> FanOut {
        self.room.send(route, arguments, None)
    }
}

impl Reaches<ServedByClient> for Group {}

impl Caller for GroupExcept {
    type Call<R: Answer> = Gather<R>;
    type Notified = FanOut;

    fn call<A: Serialize, R: Answer>(&self, route: &'static RouteDescriptor, arguments: &A) -> Gather<R> {
        self.room.call(route, arguments, Some(&self.except))
    }

    fn notify<A: Serialize>(&self, route: &'static RouteDescriptor, arguments: &A) -> FanOut {
        self.room.send(route, arguments, Some(&self.except))
    }
}

impl Reaches<ServedByClient> for GroupExcept {}

impl Caller for Everyone {
    type Call<R: Answer> = Gather<R>;
    type Notified = FanOut;

    fn call<A: Serialize, R: Answer>(&self, route: &'static RouteDescriptor, arguments: &A) -> Gather<R> {
        let broadcast = Broadcast::new(route, 0, arguments);
        Gather::of(self.server.players.all().iter().map(|seat| call_on(seat, &broadcast)).collect())
    }

    fn notify<A: Serialize>(&self, route: &'static RouteDescriptor, arguments: &A) -> FanOut {
        let all = self.server.players.all();
        let (total, slow) = FanOut::over(all.iter(), &Broadcast::new(route, 0, arguments));
        slow.let_go();
        total
    }
}

impl Reaches<ServedByClient> for Everyone {}
