//! Makes matches of whoever is in the hall: ready check, match, rematch vote, and again. This is where the server calls
//! its players.

use std::sync::Arc;
use std::time::Duration;

use farcall_protocol::Uid;
use farcall_server::{Group, Server};
use futures_util::future::join_all;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};
use tracing::info;

use crate::arena::{Arena, ArenaConfig, ArenaEvent, TICKS_PER_SECOND};
use crate::contract::{Event, GameId, Player};
use crate::hall::{Desk, Hall};
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
            let newcomers = std::mem::take(&mut self.hall.desk().queue);
            let answers = join_all(newcomers.iter().map(|uid| self.is_ready(uid, game))).await;
            for (uid, is_ready) in newcomers.into_iter().zip(answers) {
                if is_ready { self.hall.desk().playing.push(uid) } else { left_out.push(uid) }
            }
            if self.hall.desk().playing.len() >= PLAYERS_MIN {
                return left_out;
            }
        }
    }

    /// The ready check: one call, awaited under a deadline.
    async fn is_ready(&self, uid: &Uid, game: GameId) -> bool {
        let Ok(player) = self.server.player(uid) else { return false };
        let wire = &self.hall.wire;
        let answer =
            wire.to_player(uid, "ready_check", player.ready_check(game).within(self.plan.ready_time)).await;
        wire.tally().ready_check(answer.is_ok());
        answer.unwrap_or(false)
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

            room.snapshot(Snapshot::from(world));
            for event in events {
                room.event(event);
            }
        }
    }

    /// Asks the whole room at once; who wants to plays on.
    async fn vote(&self, room: &Group) {
        let asked = Instant::now();
        let votes = room.rematch().within(self.plan.vote_time).await;
        self.hall.wire.to_all(room.members().name(), "rematch", &votes, asked.elapsed());
        let wants = |uid: &Uid| votes.iter().any(|(voter, vote)| voter == uid && *vote == Ok(true));
        self.hall.desk().playing.retain(wants);
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
