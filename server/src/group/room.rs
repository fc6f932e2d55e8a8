//! What a group is, behind its handles: its members, their order, and how a message reaches them.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use dashmap::DashMap;
use farcall_link::{Broadcast, Call};
use farcall_protocol::codec::Codec;
use farcall_protocol::{Answer, CloseCode, Delivery, Dropped, Notified, RouteDescriptor, SessionId, Uid};
use serde::Serialize;

use super::{Gather, Group};
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
    pub(super) name: String,
    /// Tells this group's latest values from those of others; 0 is a session's own.
    scope: u64,
    members: Mutex<Seated>,
    pub(super) server: Weak<Inner>,
}

/// Members, with where each stands.
#[derive(Debug, Default)]
pub(super) struct Seated {
    pub(super) seats: Vec<Arc<Seat>>,
    pub(super) places: HashMap<SessionId, usize>,
    /// How many of them speak each codec.
    speakers: [usize; Codec::ALL.len()],
}

/// What became of a message to many.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FanOut {
    /// Members that will get it.
    pub sent: usize,
    /// Members that will not: closed, or too slow for it.
    pub dropped: usize,
}

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
    pub(super) fn lock(&self) -> MutexGuard<'_, Seated> {
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

    pub(super) fn send<A: Serialize>(
        &self,
        route: &'static RouteDescriptor,
        arguments: &A,
        except: Option<&Uid>,
    ) -> FanOut {
        let broadcast = Broadcast::new(route, self.scope, arguments);
        let members = self.lock_for(&broadcast);
        let seats = members.seats.iter().filter(|seat| Some(seat.session().uid()) != except);
        let (total, slow) = FanOut::over(seats, &broadcast);
        drop(members);
        slow.let_go();
        total
    }

    pub(super) fn call<A: Serialize, R: Answer>(
        &self,
        route: &'static RouteDescriptor,
        arguments: &A,
        except: Option<&Uid>,
    ) -> Gather<R> {
        let broadcast = Broadcast::new(route, self.scope, arguments);
        let members = self.lock_for(&broadcast);
        let seats = members.seats.iter().filter(|seat| Some(seat.session().uid()) != except);
        Gather::of(seats.map(|seat| call_on(seat, &broadcast)).collect())
    }
}

impl Seated {
    pub(super) fn insert(&mut self, seat: Arc<Seat>) -> bool {
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

    pub(super) fn remove(&mut self, session: SessionId) -> Option<Arc<Seat>> {
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
    pub(super) fn over<'a, A: Serialize>(
        seats: impl Iterator<Item = &'a Arc<Seat>>,
        broadcast: &Broadcast<'_, A>,
    ) -> (Self, Slow) {
        let (mut total, mut slow) = (Self::default(), Slow::default());
        for seat in seats {
            match broadcast.to(seat.session()) {
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
pub(super) struct Slow(Vec<Arc<Seat>>);

impl Slow {
    /// Closes them. Under no lock: closing runs callbacks of the game, which may use the group.
    pub(super) fn let_go(self) {
        self.0.iter().for_each(|seat| seat.close(CloseCode::SlowConsumer, ""));
    }
}

pub(super) fn call_on<A: Serialize, R: Answer>(seat: &Seat, broadcast: &Broadcast<'_, A>) -> (Uid, Call<R>) {
    (seat.session().uid().clone(), broadcast.call(seat.session()))
}
