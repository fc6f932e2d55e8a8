//! Groups: named sets of sessions to send to at once. A message is encoded once and appended to each member's log;
//! nobody waits for anybody. Sends to one group reach all members in one order, and joining or leaving is a point
//! in that order: the members' lock is held while a message is appended.

use std::collections::HashMap;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use dashmap::DashMap;
use farcall_link::{Broadcast, Call};
use farcall_protocol::{
    Answer, CallError, Caller, CloseCode, Delivery, Dropped, Notified, Reaches, RouteDescriptor,
    ServedByClient, SessionId, Uid,
};
use serde::Serialize;

use crate::players::Offline;
use crate::seat::Seat;
use crate::server::Inner;

/// The groups of a server by name.
#[derive(Debug, Default)]
pub(crate) struct Groups {
    by_name: DashMap<String, Weak<Room>>,
    next: AtomicU64,
}

/// What a group is, behind its handles and its members.
#[derive(Debug)]
pub(crate) struct Room {
    name: String,
    /// Tells this group's latest values from those of others; 0 is a session's own.
    scope: u64,
    members: Mutex<Seated>,
    server: Weak<Inner>,
}

/// Members, with where each stands.
#[derive(Debug, Default)]
struct Seated {
    seats: Vec<Arc<Seat>>,
    places: HashMap<SessionId, usize>,
}

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

/// What became of a message to many.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FanOut {
    /// Members that will get it.
    pub sent: usize,
    /// Members that will not: closed, or too slow for it.
    pub dropped: usize,
}

/// A call to many, each answered for itself. Await it; the answers come in no particular order.
#[must_use = "calls are sent when they are awaited"]
#[derive(Debug)]
pub struct Gather<R: Answer> {
    calls: Vec<(Uid, Call<R>)>,
}

/// Each player's answer.
type Answers<R> = Vec<(Uid, Result<<R as Answer>::Ok, CallError<<R as Answer>::Err>>)>;

impl Groups {
    pub(crate) fn named(&self, name: &str, server: &Arc<Inner>) -> Group {
        let mut entry = self.by_name.entry(name.to_owned()).or_default();
        let room = entry.upgrade().unwrap_or_else(|| {
            let scope = self.next.fetch_add(1, Ordering::Relaxed) + 1;
            let server = Arc::downgrade(server);
            let room = Arc::new(Room { name: name.to_owned(), scope, members: Mutex::default(), server });
            *entry = Arc::downgrade(&room);
            room
        });
        Group { room }
    }

    pub(crate) fn len(&self) -> usize {
        self.by_name.len()
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        if let Some(server) = self.server.upgrade() {
            // A new group of the same name may have come up meanwhile: only a dead entry goes.
            server.groups.by_name.remove_if(&self.name, |_, room| room.strong_count() == 0);
        }
    }
}

impl Room {
    fn lock(&self) -> MutexGuard<'_, Seated> {
        self.members.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn drop_member(&self, session: SessionId) {
        self.lock().remove(session);
    }

    fn send<A: Serialize>(
        &self,
        route: &'static RouteDescriptor,
        arguments: &A,
        except: Option<&Uid>,
    ) -> FanOut {
        // Encoded before the lock is taken: what runs here is the user's Serialize.
        let Ok(broadcast) = Broadcast::new(route, self.scope, arguments) else {
            return FanOut { sent: 0, dropped: self.lock().seats.len() };
        };
        let members = self.lock();
        let seats = members.seats.iter().filter(|seat| Some(seat.player.session().uid()) != except);
        FanOut::over(seats, &broadcast)
    }

    fn call<A: Serialize, R: Answer>(
        &self,
        route: &'static RouteDescriptor,
        arguments: &A,
        except: Option<&Uid>,
    ) -> Gather<R> {
        let Ok(broadcast) = Broadcast::new(route, self.scope, arguments) else {
            return Gather { calls: Vec::new() };
        };
        let members = self.lock();
        let seats = members.seats.iter().filter(|seat| Some(seat.player.session().uid()) != except);
        Gather { calls: seats.map(|seat| call_on(seat, &broadcast)).collect() }
    }
}

impl Seated {
    fn insert(&mut self, seat: Arc<Seat>) -> bool {
        let place = self.seats.len();
        let is_new = self.places.insert(seat.id(), place).is_none();
        if is_new {
            self.seats.push(seat);
        } else if let Some(at) = self.seats.iter().position(|known| known.id() == seat.id()) {
            self.places.insert(seat.id(), at);
        }
        is_new
    }

    fn remove(&mut self, session: SessionId) -> Option<Arc<Seat>> {
        let place = self.places.remove(&session)?;
        let seat = self.seats.swap_remove(place);
        if let Some(moved) = self.seats.get(place) {
            self.places.insert(moved.id(), place);
        }
        Some(seat)
    }
}

impl FanOut {
    fn over<'a>(seats: impl Iterator<Item = &'a Arc<Seat>>, broadcast: &Broadcast) -> Self {
        seats.fold(Self::default(), |total, seat| total.and(seat, broadcast))
    }

    fn and(mut self, seat: &Seat, broadcast: &Broadcast) -> Self {
        match broadcast.to(&seat.player) {
            Notified::Sent => self.sent += 1,
            Notified::Dropped(why) => {
                self.dropped += 1;
                // A member that has missed what was promised to arrive cannot stay: it would see a hole.
                if why == Dropped::Full && broadcast.delivery() == Delivery::Notify {
                    seat.close(CloseCode::SlowConsumer, "");
                }
            }
        }
        self
    }
}

fn call_on<R: Answer>(seat: &Seat, broadcast: &Broadcast) -> (Uid, Call<R>) {
    (seat.player.session().uid().clone(), broadcast.call(&seat.player))
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
        let found = members.seats.iter().filter(|seat| seat.player.session().uid().as_str() == uid);
        let found: Vec<SessionId> = found.map(|seat| seat.id()).collect();
        let removed: Vec<Arc<Seat>> = found.into_iter().filter_map(|id| members.remove(id)).collect();
        drop(members);
        removed.iter().for_each(|seat| seat.leaves(self.room));
        !removed.is_empty()
    }

    /// The players in it, one entry a session, in no particular order.
    pub fn uids(&self) -> Vec<Uid> {
        self.room.lock().seats.iter().map(|seat| seat.player.session().uid().clone()).collect()
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
        let mut calls = Vec::new();
        if let Ok(broadcast) = Broadcast::new(route, 0, arguments) {
            self.server.players.each(|seat| calls.push(call_on(seat, &broadcast)));
        }
        Gather { calls }
    }

    fn notify<A: Serialize>(&self, route: &'static RouteDescriptor, arguments: &A) -> FanOut {
        let mut total = FanOut::default();
        if let Ok(broadcast) = Broadcast::new(route, 0, arguments) {
            self.server.players.each(|seat| total = total.and(seat, &broadcast));
        }
        total
    }
}

impl Reaches<ServedByClient> for Everyone {}

impl<R: Answer> Gather<R> {
    /// Gives up on whoever has not answered after this time.
    pub fn within(self, time: Duration) -> Self {
        Self { calls: self.calls.into_iter().map(|(uid, call)| (uid, call.within(time))).collect() }
    }
}

impl<R: Answer> IntoFuture for Gather<R> {
    type Output = Answers<R>;
    type IntoFuture = Pin<Box<dyn Future<Output = Answers<R>> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        let calls = self.calls.into_iter().map(|(uid, call)| async { (uid, call.await) });
        Box::pin(futures_util::future::join_all(calls))
    }
}
