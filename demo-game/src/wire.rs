//! Watches calls: how long each really took, what came back, and whether that was to be expected. Wraps the future that
//! is awaited and changes nothing about it.

use std::fmt::Debug;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use farcall_protocol::{CallError, Uid};

use crate::contract::{Rank, Ticket};
use crate::tally::Tally;
use crate::view::{Counters, Direction, Outcome, Scene, WireLine};

/// Where calls are shown and counted. Clones show on the same one.
#[derive(Debug, Clone, Default)]
pub struct Wire {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    scene: Mutex<Scene>,
    tally: Tally,
}

impl Wire {
    /// What there is to show.
    pub fn scene(&self) -> MutexGuard<'_, Scene> {
        self.shared.scene.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What there is to count.
    pub fn tally(&self) -> &Tally {
        &self.shared.tally
    }

    /// What there is to show now, with its totals.
    pub fn shown(&self) -> Scene {
        let totals = self.tally().summary(0);
        let mut scene = self.scene().clone();
        scene.counters = Counters {
            calls_to_server: totals.calls_to_server,
            calls_to_players: totals.calls_to_players,
            snapshots: totals.snapshots_received,
        };
        scene
    }

    /// A player calls the server.
    pub async fn to_server<T: Brief, E: Debug>(
        &self,
        player: &Uid,
        name: &str,
        call: impl Future<Output = Result<T, CallError<E>>>,
    ) -> Result<T, CallError<E>> {
        let line = format!("{player} → server: {name}");
        let reply = self.watch(Direction::ToServer, &line, call).await;
        self.tally().call_to_server();
        self.unexpected(&line, reply)
    }

    /// A player calls another one through the server.
    pub async fn relayed<T: Brief, E: Debug>(
        &self,
        player: &Uid,
        other: &Uid,
        name: &str,
        call: impl Future<Output = Result<T, CallError<E>>>,
    ) -> Result<T, CallError<E>> {
        let line = format!("{player} → server → {other}: {name}");
        let reply = self.watch(Direction::Relayed, &line, call).await;
        self.tally().call_to_server();
        self.unexpected(&line, reply)
    }

    /// The server calls a player, who may take too long: that is the player's right, and no error.
    pub async fn to_player<T: Brief, E: Debug>(
        &self,
        player: &Uid,
        name: &str,
        call: impl Future<Output = Result<T, CallError<E>>>,
    ) -> Result<T, CallError<E>> {
        let line = format!("server → {player}: {name}");
        let reply = self.watch(Direction::ToPlayer, &line, call).await;
        self.tally().calls_to_players(1);
        match reply {
            Err(CallError::DeadlineExceeded) => reply,
            reply => self.unexpected(&line, reply),
        }
    }

    /// A call of the server was answered here, by a person who took their time.
    pub fn answered(&self, player: &Uid, name: &str, answer: &impl Brief, since: Instant) {
        let line = format!("server → {player}: {name}");
        self.show(Direction::ToPlayer, Outcome::Answered, &line, &answer.brief(), since.elapsed());
        self.tally().calls_to_players(1);
    }

    /// The server has asked a whole group.
    pub fn to_all<E: Debug>(
        &self,
        group: &str,
        name: &str,
        answers: &[(Uid, Result<bool, CallError<E>>)],
        took: Duration,
    ) {
        let yes = answers.iter().filter(|(_, answer)| matches!(answer, Ok(true))).count();
        let line = format!("server → {group}: {name}");
        let answer = format!("{yes} of {} say yes", answers.len());
        self.show(Direction::ToPlayer, Outcome::Answered, &line, &answer, took);
        self.tally().calls_to_players(answers.len());
        for (uid, answer) in answers {
            match answer {
                Ok(_) | Err(CallError::DeadlineExceeded) => {}
                Err(error) => self.tally().error(&format!("{line} ({uid}): {error}")),
            }
        }
    }

    async fn watch<T: Brief, E: Debug>(
        &self,
        direction: Direction,
        line: &str,
        call: impl Future<Output = Result<T, CallError<E>>>,
    ) -> Result<T, CallError<E>> {
        let begun = Instant::now();
        let reply = call.await;
        let took = begun.elapsed();
        match &reply {
            Ok(value) => self.show(direction, Outcome::Answered, line, &value.brief(), took),
            Err(error) => self.show(direction, Outcome::Failed, line, &error.to_string(), took),
        }
        reply
    }

    fn show(&self, direction: Direction, outcome: Outcome, line: &str, answer: &str, took: Duration) {
        let ms = took.as_secs_f64() * 1e3;
        let text = format!("{line} → {answer} {ms:.1} ms");
        self.scene().call(WireLine::new(direction, outcome, &text));
    }

    fn unexpected<T, E: Debug>(&self, line: &str, reply: Result<T, CallError<E>>) -> Result<T, CallError<E>> {
        if let Err(error) = &reply {
            self.tally().error(&format!("{line}: {error}"));
        }
        reply
    }
}

/// An answer in a few words, for the pane.
pub trait Brief {
    /// The words.
    fn brief(&self) -> String;
}

impl Brief for bool {
    fn brief(&self) -> String {
        self.to_string()
    }
}

impl Brief for String {
    fn brief(&self) -> String {
        format!("{self:?}")
    }
}

impl Brief for Ticket {
    fn brief(&self) -> String {
        format!("ticket {}", self.0)
    }
}

impl Brief for Vec<Rank> {
    fn brief(&self) -> String {
        match self.first() {
            Some(best) => format!("{} leads", best.player),
            None => "empty".to_owned(),
        }
    }
}
