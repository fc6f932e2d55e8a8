//! What players' calls and matches share: who is here, who waits, who plays, the field, and who has won so far.
//! One lock, held for microseconds and never across an await.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use farcall_protocol::Uid;
use tokio::sync::Notify;

use crate::arena::{Arena, ArenaConfig, DISCS_MAX, PlayerId, Standing, Steer};
use crate::contract::{EnqueueError, Rank, Ticket};
use crate::wire::Wire;

/// The hall of one server.
#[derive(Debug)]
pub struct Hall {
    desk: Mutex<Desk>,
    /// Told when somebody enters the queue.
    entered: Notify,
    pub(crate) wire: Wire,
}

/// What stands behind the lock.
#[derive(Debug)]
pub(crate) struct Desk {
    /// Everyone who has entered, with the number of its disc.
    numbers: BTreeMap<Uid, PlayerId>,
    /// Who waits for a match.
    pub(crate) queue: Vec<Uid>,
    /// Who plays, or is about to.
    pub(crate) playing: Vec<Uid>,
    pub(crate) arena: Arena,
    ranks: BTreeMap<Uid, Rank>,
}

impl Hall {
    /// An empty hall, whose calls are shown on this wire.
    pub fn new(wire: Wire) -> Arc<Self> {
        let desk = Desk {
            numbers: BTreeMap::new(),
            queue: Vec::new(),
            playing: Vec::new(),
            arena: Arena::new(ArenaConfig::default(), 0),
            ranks: BTreeMap::new(),
        };
        Arc::new(Self { desk: Mutex::new(desk), entered: Notify::new(), wire })
    }

    pub(crate) fn desk(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a player in the queue.
    pub(crate) fn enter(&self, uid: &Uid) -> Result<Ticket, EnqueueError> {
        let mut desk = self.desk();
        if desk.queue.contains(uid) || desk.playing.contains(uid) {
            return Err(EnqueueError::AlreadyIn);
        }
        let number = desk.number(uid).or_else(|| desk.free_number()).ok_or(EnqueueError::Full)?;
        desk.numbers.insert(uid.clone(), number);
        desk.queue.push(uid.clone());
        self.entered.notify_one();
        Ok(Ticket(number.0))
    }

    /// Forgets a player who has gone, except for what it has won.
    pub(crate) fn leave(&self, uid: &Uid) {
        self.wire.gone(uid);
        let mut desk = self.desk();
        desk.queue.retain(|waiting| waiting != uid);
        desk.playing.retain(|playing| playing != uid);
        if let Some(number) = desk.numbers.remove(uid) {
            desk.arena.remove(number);
        }
    }

    /// Notes where a player wishes to go.
    pub(crate) fn steer(&self, uid: &Uid, wish: Steer) {
        let mut desk = self.desk();
        if let Some(number) = desk.number(uid) {
            desk.arena.steer(number, wish);
        }
    }

    /// Waits until this many players are here to play, newcomers and those who stay.
    pub(crate) async fn holds(&self, players: usize) {
        let are_enough = || {
            let desk = self.desk();
            desk.queue.len() + desk.playing.len() >= players
        };
        while !are_enough() {
            self.entered.notified().await;
        }
    }

    /// Everyone who has finished a match, best first.
    pub fn ranks(&self) -> Vec<Rank> {
        let mut ranks: Vec<Rank> = self.desk().ranks.values().cloned().collect();
        ranks.sort_by_key(|rank| std::cmp::Reverse((rank.wins, rank.points)));
        ranks
    }
}

impl Desk {
    pub(crate) fn number(&self, uid: &Uid) -> Option<PlayerId> {
        self.numbers.get(uid).copied()
    }

    pub(crate) fn uid(&self, number: PlayerId) -> Option<Uid> {
        self.numbers.iter().find(|(_, taken)| **taken == number).map(|(uid, _)| uid.clone())
    }

    /// Writes a match's result into the leaderboard.
    pub(crate) fn record(&mut self, standings: &[Standing]) {
        for (place, standing) in standings.iter().enumerate() {
            let Some(player) = self.uid(standing.id) else { continue };
            let fresh = Rank { player: player.clone(), wins: 0, points: 0 };
            let rank = self.ranks.entry(player).or_insert(fresh);
            rank.wins += u32::from(place == 0);
            rank.points = rank.points.saturating_add(standing.score);
        }
    }

    fn free_number(&self) -> Option<PlayerId> {
        (0..DISCS_MAX as u16).map(PlayerId).find(|number| !self.numbers.values().any(|taken| taken == number))
    }
}
