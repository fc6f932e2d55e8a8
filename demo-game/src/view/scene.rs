//! What there is to show, as plain data: the input of both the live screen and the plain lines.
//! Bounded and cleaned on the way in, so that no renderer has to fear its text. Draws nothing.

use std::collections::VecDeque;

use crate::arena::{PlayerId, Standing, World};

/// Everything a view shows at one moment.
#[derive(Clone, Debug, Default)]
pub struct Scene {
    /// What runs here, for the header: `farcall arena`.
    pub title: String,
    /// Where the evening stands.
    pub phase: Phase,
    /// A line about the phase, shown over the field outside of matches: `10 of 12 are ready`. May be empty.
    pub note: String,
    /// The newest snapshot, if any has come.
    pub world: Option<World>,
    /// Whose eyes these are; `None` for a spectator, who is offered no steering keys.
    pub me: Option<PlayerId>,
    /// Best first.
    pub standings: Vec<Standing>,
    /// Calls as they end, oldest first.
    pub wire: Tail<WireLine>,
    /// Chat and events in the order they came.
    pub feed: Tail<FeedLine>,
    /// Totals for the header.
    pub counters: Counters,
}

impl Scene {
    /// Notes a call that has ended.
    pub fn call(&mut self, line: WireLine) {
        self.wire.push(line);
    }

    /// Notes something said by a player.
    pub fn chat(&mut self, from: &str, text: &str) {
        self.feed.push(FeedLine::Chat { from: shown(from), text: shown(text) });
    }

    /// Notes something that happened.
    pub fn event(&mut self, text: &str) {
        self.feed.push(FeedLine::Event { text: shown(text) });
    }
}

/// Where the evening stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Phase {
    /// Waiting for enough players.
    #[default]
    Lobby,
    /// Everyone is being asked.
    ReadyCheck,
    /// Discs move.
    Match {
        /// From 1.
        number: u32,
    },
    /// Everyone is being asked for another match.
    RematchVote,
    /// Nothing will happen any more.
    Over,
}

impl std::fmt::Display for Phase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Phase::Lobby => f.write_str("lobby"),
            Phase::ReadyCheck => f.write_str("ready check"),
            Phase::Match { number } => write!(f, "match {number}"),
            Phase::RematchVote => f.write_str("rematch vote"),
            Phase::Over => f.write_str("over"),
        }
    }
}

/// Totals since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Calls made by players.
    pub calls_to_server: u64,
    /// Calls made by the server.
    pub calls_to_players: u64,
    /// Snapshots that reached a player.
    pub snapshots: u64,
}

/// One call, as one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WireLine {
    /// Gives the line its colour.
    pub direction: Direction,
    /// A failed call is shown in red.
    pub outcome: Outcome,
    text: String,
}

impl WireLine {
    /// A line for the wire pane. Text of the form `who → whom: call → answer 1.1 ms` is coloured by its parts and
    /// keeps its duration visible in a narrow pane; any other text is shown as it is.
    pub fn new(direction: Direction, outcome: Outcome, text: &str) -> WireLine {
        WireLine { direction, outcome, text: shown(text) }
    }

    /// The whole line, at most [`TEXT_CHARS_MAX`] characters, none of them a control character.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Who and whom (`server → cat`), and the rest; the first is empty where the text has no such part.
    pub(super) fn route(&self) -> (&str, &str) {
        self.text.split_once(": ").unwrap_or(("", &self.text))
    }
}

/// Who called whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// A player called the server.
    ToServer,
    /// The server called a player.
    ToPlayer,
    /// A player called another one through the server.
    Relayed,
    /// Nobody: the connection between the two was lost, and is back.
    Link,
}

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// With an answer.
    Answered,
    /// With an error, too late, or not at all.
    Failed,
}

/// One line of chat and events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FeedLine {
    /// Somebody said something.
    Chat {
        /// Who.
        from: String,
        /// What.
        text: String,
    },
    /// Something happened.
    Event {
        /// What.
        text: String,
    },
}

/// The last [`TAIL_LINES_MAX`] of many lines; a push beyond that forgets the oldest.
#[derive(Clone, Debug)]
pub struct Tail<T> {
    kept: VecDeque<T>,
    pushed: u64,
}

impl<T> Default for Tail<T> {
    fn default() -> Tail<T> {
        Tail { kept: VecDeque::new(), pushed: 0 }
    }
}

impl<T> Tail<T> {
    /// Adds the newest line.
    pub fn push(&mut self, line: T) {
        if self.kept.len() == TAIL_LINES_MAX {
            self.kept.pop_front();
        }
        self.kept.push_back(line);
        self.pushed += 1;
    }

    /// How many lines were ever pushed.
    pub fn pushed(&self) -> u64 {
        self.pushed
    }

    /// The newest `count` lines that are kept, oldest first.
    pub fn newest(&self, count: usize) -> impl Iterator<Item = &T> {
        self.kept.iter().skip(self.kept.len().saturating_sub(count))
    }

    /// For a reader who has seen the first `seen` lines: how many it missed for good, and those it can still read.
    pub fn since(&self, seen: u64) -> (u64, impl Iterator<Item = &T>) {
        let unseen = self.pushed.saturating_sub(seen);
        let kept = unseen.min(self.kept.len() as u64);
        // `kept` is at most TAIL_LINES_MAX, so it fits.
        (unseen - kept, self.newest(kept as usize))
    }
}

/// Lines kept of the wire and of the feed: more than the tallest terminal shows.
pub const TAIL_LINES_MAX: usize = 256;

/// Characters kept of one line; what comes after them is cut.
pub const TEXT_CHARS_MAX: usize = 240;

/// Text as it may be shown: no control characters (they could drive the terminal), one line, bounded.
fn shown(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(TEXT_CHARS_MAX).collect()
}
