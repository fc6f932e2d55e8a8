//! Makes matches of whoever is in the hall: ready check, match, rematch vote, and again. This is where the server calls
//! its players.

use std::sync::Arc;
use std::time::{Duration, Instant};

use farcall_protocol::Uid;
use farcall_server::{Group, Server};
use tokio::time::{MissedTickBehavior, interval, sleep};
use tracing::info;

use crate::arena::{Arena, ArenaConfig, ArenaEvent, TICKS_PER_SECOND};
use crate::contract::{Event, GameId, Player};
use crate::hall::{Desk, Hall};
use crate::numbers::Towards;
use crate::snapshot::Snapshot;

/// How matches are made.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The first match does not begin with fewer.
    pub players_min: usize,
    /// Time for more players to come once there are enough.
    pub gather_time: Duration,
    /// Who has not answered the ready check by then is left out.
    pub ready_time: Duration,
    /// Length of a match.
    pub match_time: Duration,
    /// Length of a rematch.
    pub rematch_time: Duration,
    /// Who has not voted by then does not play on.
    pub vote_time: Duration,
}

/// Runs the matches of one server.
#[derive(Debug)]
pub struct Director {
    /// To call players and to make groups of them.
    pub server: Server,
    /// Where players wait.
    pub hall: Arc<Hall>,
    /// How matches are made.
    pub plan: Plan,
}

impl Director {
    /// Plays this many matches, one after another.
    pub async fn run(&self, matches: u32) {
        for game in (1..=matches).map(GameId) {
            let left_out = self.gather(game).await;
            let length = if game.0 == 1 { self.plan.match_time } else { self.plan.rematch_time };
            let room = self.server.group(format!("match {}", game.0));
            self.seat(&room, game, left_out, length);
            self.play(&room).await;
            self.vote(&room).await;
        }
    }

    /// Asks whoever waits until there are enough who are ready. Gives who was left out.
    async fn gather(&self, game: GameId) -> Vec<Uid> {
        let mut left_out = Vec::new();
        loop {
            let stay = self.hall.desk().playing.len();
            self.hall.holds(if stay > 0 { PLAYERS_MIN } else { self.plan.players_min }).await;
            if stay == 0 {
                sleep(self.plan.gather_time).await;
            }
            self.ready_check(game, &mut left_out).await;
            if self.hall.desk().playing.len() >= PLAYERS_MIN {
                return left_out;
            }
        }
    }

    /// The ready check: everyone in the queue is asked at once. Who says no, or nothing in time, is left out.
    async fn ready_check(&self, game: GameId, left_out: &mut Vec<Uid>) {
        let newcomers = self.server.group("newcomers");
        for uid in std::mem::take(&mut self.hall.desk().queue) {
            // Who has gone in this moment is not asked.
            let _ = newcomers.members().add(uid);
        }
        let (wire, asked) = (&self.hall.wire, Instant::now());
        let mut answers = newcomers.ready_check(game).within(self.plan.ready_time);
        while let Some((uid, answer)) = answers.next().await {
            newcomers.members().remove(&uid);
            wire.tally().ready_check(answer.is_ok());
            match wire.to_player(&uid, "ready_check").since(asked).ended(answer) {
                Ok(true) => self.hall.desk().playing.push(uid),
                _ => left_out.push(uid),
            }
        }
    }

    fn seat(&self, room: &Group, game: GameId, left_out: Vec<Uid>, length: Duration) {
        let match_ticks = (length.as_secs_f32() * TICKS_PER_SECOND as f32) as u32;
        let mut desk = self.hall.desk();
        desk.arena = Arena::new(ArenaConfig { match_ticks, ..ArenaConfig::default() }, u64::from(game.0));
        let players = desk.playing.clone();
        for uid in &players {
            // Who has gone in this moment is neither in the room nor on the field.
            if let (Ok(_), Some(number)) = (room.members().add(uid), desk.number(uid)) {
                let _ = desk.arena.add(number, uid.as_str());
            }
        }
        info!(game = game.0, players = players.len(), left_out = left_out.len(), "match begins");
        room.event(Event::Begins { game, players, left_out });
    }

    async fn play(&self, room: &Group) {
        // Every session knows the server's clock; anyone's will do.
        let clock = room.members().uids().iter().find_map(|uid| self.server.player(uid).ok());
        let mut ticks = interval(Duration::from_secs(1) / TICKS_PER_SECOND);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let mut is_over = false;
        while !is_over {
            ticks.tick().await;
            let mut desk = self.hall.desk();
            let happened = desk.arena.tick();
            let (world, events) = (desk.arena.world(), desk.tell(happened));
            is_over = desk.arena.is_over();
            drop(desk);

            let now = clock.as_ref().map_or(Duration::ZERO, |player| player.session().server_now().0);
            room.snapshot(Snapshot::of(world, now));
            self.server.each(room.members().uids(), |player, uid| {
                player.count(self.hall.wire.number(Towards::Player, uid));
            });
            for event in events {
                room.event(event);
            }
        }
    }

    /// Asks the whole room at once; who does not want to, or does not say so in time, plays no more.
    async fn vote(&self, room: &Group) {
        let asked = Instant::now();
        let mut votes = room.rematch().within(self.plan.vote_time);
        while let Some((uid, vote)) = votes.next().await {
            let vote = self.hall.wire.to_player(&uid, "rematch").since(asked).ended(vote);
            if vote != Ok(true) {
                self.hall.desk().playing.retain(|playing| *playing != uid);
            }
        }
    }
}

impl Desk {
    /// What happened on the field, in players' names; the result goes to the leaderboard.
    fn tell(&mut self, happened: Vec<ArenaEvent>) -> Vec<Event> {
        let event = |event| match event {
            ArenaEvent::Eaten { by, who, points } => {
                Some(Event::Ate { eater: self.uid(by)?, eaten: self.uid(who)?, points })
            }
            ArenaEvent::LeaderChanged { who, score } => Some(Event::Leads { player: self.uid(who)?, score }),
            ArenaEvent::Respawned { .. } => None,
            ArenaEvent::Finished => {
                let standings = self.arena.standings();
                self.record(&standings);
                let best = standings.first()?;
                Some(Event::Ends { winner: self.uid(best.id)?, score: best.score })
            }
        };
        happened.into_iter().filter_map(event).collect()
    }
}

/// A match of one is none.
const PLAYERS_MIN: usize = 2;
