//! Watches calls: how long each really took, what came back, and whether that was to be expected. Is told how a call
//! ended, by whoever awaited it or was called back; makes none itself. And watches connections: what was lost with them.

use std::fmt::Debug;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use farcall_protocol::{CallError, Uid};
use tokio::time::interval;

use crate::contract::{Rank, Ticket};
use crate::numbers::{Mended, Numbers, Towards};
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
    numbers: Mutex<Numbers>,
}

impl Wire {
    /// A wire in whose process both the server and all its players are: what does not arrive is seen to be lost.
    pub fn of_both_ends() -> Self {
        let wire = Self::default();
        wire.numbers().both_ends = true;
        wire
    }

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
    pub fn to_server(&self, player: &Uid, name: &str) -> Watched {
        self.watch(Direction::ToServer, format!("{player} → server: {name}"))
    }

    /// A player calls another one through the server.
    pub fn relayed(&self, player: &Uid, other: &Uid, name: &str) -> Watched {
        self.watch(Direction::Relayed, format!("{player} → server → {other}: {name}"))
    }

    /// The server calls a player.
    pub fn to_player(&self, player: &Uid, name: &str) -> Watched {
        self.watch(Direction::ToPlayer, format!("server → {player}: {name}"))
    }

    /// The number of the next message that is sent to show that nothing is lost.
    pub fn number(&self, towards: Towards, player: &Uid) -> u64 {
        self.numbers().next(towards, player)
    }

    /// Such a message has arrived.
    pub fn came(&self, towards: Towards, player: &Uid, number: u64) {
        let (faults, mended) = self.numbers().came(towards, player, number);
        self.tally().faults(faults);
        self.mended(mended);
    }

    /// A player has lost its connection.
    pub fn detached(&self, player: &Uid) {
        self.numbers().detached(player);
    }

    /// It has another one.
    pub fn resumed(&self, player: &Uid, replayed: u64, away: Duration) {
        let mended = self.numbers().resumed(player, replayed, away);
        self.mended(mended);
    }

    /// A player's session is over.
    pub fn gone(&self, player: &Uid) {
        let faults = self.numbers().gone(player);
        self.tally().faults(faults);
    }

    /// Waits until all numbered messages from and to a player have arrived, where that can be seen.
    pub async fn has_all(&self, player: &Uid) {
        let mut looks = interval(LOOK);
        while !self.numbers().has_all(player) {
            looks.tick().await;
        }
    }

    fn mended(&self, mended: Option<Mended>) {
        if let Some(Mended { line, is_whole }) = mended {
            let outcome = if is_whole { Outcome::Answered } else { Outcome::Failed };
            self.scene().call(WireLine::new(Direction::Link, outcome, &line));
        }
    }

    fn numbers(&self) -> MutexGuard<'_, Numbers> {
        self.shared.numbers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn watch(&self, direction: Direction, line: String) -> Watched {
        Watched { wire: self.clone(), direction, line, began: Instant::now() }
    }
}

/// A call under way, from here until it is said how it ended.
#[derive(Debug)]
#[must_use = "a call is shown and counted when it is said how it ended"]
pub struct Watched {
    wire: Wire,
    direction: Direction,
    line: String,
    began: Instant,
}

impl Watched {
    /// It began earlier, as one of many.
    pub fn since(self, began: Instant) -> Self {
        Self { began, ..self }
    }

    /// It was answered so.
    pub fn answered(self, answer: &impl Brief) {
        self.show(Outcome::Answered, &answer.brief());
    }

    /// It ended so. Gives it back.
    pub fn ended<T: Brief, E: Debug>(self, reply: Result<T, CallError<E>>) -> Result<T, CallError<E>> {
        match &reply {
            Ok(value) => self.show(Outcome::Answered, &value.brief()),
            Err(error) => self.show(Outcome::Failed, &error.to_string()),
        }
        match (&reply, self.direction) {
            // An error of the handler's own is an answer.
            (Ok(_) | Err(CallError::Handler(_)), _) => {}
            // To be late and to leave is a player's right.
            (Err(CallError::DeadlineExceeded | CallError::Indeterminate), Direction::ToPlayer) => {}
            (Err(error), _) => self.wire.tally().error(&format!("{}: {error}", self.line)),
        }
        reply
    }

    fn show(&self, outcome: Outcome, answer: &str) {
        match self.direction {
            Direction::ToServer | Direction::Relayed => self.wire.tally().call_to_server(),
            Direction::ToPlayer => self.wire.tally().call_to_player(),
            Direction::Link => {}
        }
        let ms = self.began.elapsed().as_secs_f64() * 1e3;
        let text = format!("{} → {answer} {ms:.1} ms", self.line);
        self.wire.scene().call(WireLine::new(self.direction, outcome, &text));
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

const LOOK: Duration = Duration::from_millis(5);
