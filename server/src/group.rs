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
use farcall_protocol::codec::Codec;
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
    /// How many of them speak each codec.
    speakers: [usize; Codec::ALL.len()],
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

    /// The members, with the message encoded for every codec among them. Encoding runs the user's Serialize, so it
    /// happens unlocked; whoever joins meanwhile with yet another codec costs one more round.
    fn lock_for<A: Serialize>(&self, broadcast: &Broadcast<'_, A>) -> MutexGuard<'_, Seated> {
        loop {
            let members = self.lock();
            let missing = members.codecs().find(|&codec| !broadcast.is_ready(codec));
            let Some(codec) = missing else { return members };
            drop(members);
            broadcast.prepare(codec);
        }
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
        let broadcast = Broadcast::new(route, self.scope, arguments);
        let members = self.lock_for(&broadcast);
        let seats = members.seats.iter().filter(|seat| Some(seat.player.session().uid()) != except);
        let (total, slow) = FanOut::over(seats, &broadcast);
        drop(members);
        slow.let_go();
        total
    }

    fn call<A: Serialize, R: Answer>(
        &self,
        route: &'static RouteDescriptor,
        arguments: &A,
        except: Option<&Uid>,
    ) -> Gather<R> {
        let broadcast = Broadcast::new(route, self.scope, arguments);
        let members = self.lock_for(&broadcast);
        let seats = members.seats.iter().filter(|seat| Some(seat.player.session().uid()) != except);
        Gather { calls: seats.map(|seat| call_on(seat, &broadcast)).collect() }
    }
}

impl Seated {
    fn insert(&mut self, seat: Arc<Seat>) -> bool {
        let place = self.seats.len();
        let is_new = self.places.insert(seat.id(), place).is_none();
        if is_new {
            self.speakers[seat.codec().index()] += 1;
            self.seats.push(seat);
        } else if let Some(at) = self.seats.iter().position(|known| known.id() == seat.id()) {
            self.places.insert(seat.id(), at);
        }
        is_new
    }

    fn remove(&mut self, session: SessionId) -> Option<Arc<Seat>> {
        let place = self.places.remove(&session)?;
        let seat = self.seats.swap_remove(place);
        self.speakers[seat.codec().index()] -= 1;
        if let Some(moved) = self.seats.get(place) {
            self.places.insert(moved.id(), place);
        }
        Some(seat)
    }

    /// The codecs that members speak.
    fn codecs(&self) -> impl Iterator<Item = Codec> {
        Codec::ALL.iter().copied().filter(|codec| self.speakers[codec.index()] > 0)
    }
}

impl FanOut {
    fn over<'a, A: Serialize>(
        seats: impl Iterator<Item = &'a Arc<Seat>>,
        broadcast: &Broadcast<'_, A>,
    ) -> (Self, Slow) {
        let (mut total, mut slow) = (Self::default(), Slow::default());
        for seat in seats {
            match broadcast.to(&seat.player) {
                Notified::Sent => total.sent += 1,
                Notified::Dropped(why) => {
                    total.dropped += 1;
                    if why == Dropped::Full && broadcast.delivery() == Delivery::Notify {
                        slow.0.push(seat.clone());
                    }
                }
            }
        }
        (total, slow)
    }
}

/// Members that have missed what was promised to arrive, and cannot stay: they would see a hole.
#[derive(Default)]
#[must_use]
struct Slow(Vec<Arc<Seat>>);

impl Slow {
    /// Closes them. Under no lock: closing runs callbacks of the game, which may use the group.
    fn let_go(self) {
        self.0.iter().for_each(|seat| seat.close(CloseCode::SlowConsumer, ""));
    }
}

fn call_on<A: Serialize, R: Answer>(seat: &Seat, broadcast: &Broadcast<'_, A>) -> (Uid, Call<R>) {
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
        let broadcast = Broadcast::new(route, 0, arguments);
        Gather { calls: self.server.players.all().iter().map(|seat| call_on(seat, &broadcast)).collect() }
    }

    fn notify<A: Serialize>(&self, route: &'static RouteDescriptor, arguments: &A) -> FanOut {
        let all = self.server.players.all();
        let (total, slow) = FanOut::over(all.iter(), &Broadcast::new(route, 0, arguments));
        slow.let_go();
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
