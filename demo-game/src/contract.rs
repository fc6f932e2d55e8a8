//! The contract: what players and the server may ask of each other. Both sides compile this file; nothing else of the
//! game is shared.

use farcall_protocol::{Message, Uid, contract};
use serde::{Deserialize, Serialize};

use crate::snapshot::Snapshot;

/// What players call on the server.
#[contract(served_by = server)]
pub trait Lobby {
    /// Enters the queue for the next match.
    async fn enqueue() -> Result<Ticket, EnqueueError>;
    /// Which way to go from now on. No reply, and a newer wish replaces an unsent older one.
    #[notify(latest)]
    fn steer(dx: f32, dy: f32);
    /// Says something to everybody.
    #[notify]
    fn chat(text: String);
    /// Says something to one player, and gives that player's own answer.
    async fn whisper(to: Uid, text: String) -> Result<String, WhisperError>;
    /// Everyone who has finished a match, best first.
    async fn leaderboard() -> Vec<Rank>;
    /// 1, 2, 3 ...: shows that nothing is lost and nothing repeated, whatever happens to the connection.
    #[notify]
    fn count(number: u64);
}

/// What the server calls on a player.
#[contract(served_by = client)]
pub trait Player {
    /// A match is found: are you there?
    async fn ready_check(game: GameId) -> bool;
    /// The field, 30 times a second. Who reads slowly gets fewer, never older ones.
    #[notify(latest)]
    fn snapshot(world: Snapshot);
    /// What happened in the match, in order and complete.
    #[notify]
    fn event(event: Event);
    /// Somebody said something to everybody.
    #[notify]
    fn chat(line: ChatLine);
    /// Somebody whispers to you: what do you answer?
    async fn hear(from: Uid, text: String) -> String;
    /// The match is over: another one?
    async fn rematch() -> bool;
    /// 1, 2, 3 ...: the same in this direction.
    #[notify]
    fn count(number: u64);
}

/// A match.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Message)]
pub struct GameId(pub u32);

/// A place in the queue; its number is also that of the player's disc.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Message)]
pub struct Ticket(pub u16);

/// Why a player cannot enter the queue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Message)]
pub enum EnqueueError {
    /// It is in the queue or in a match.
    AlreadyIn,
    /// All places are taken.
    Full,
}

/// Why a whisper got no answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Message)]
pub enum WhisperError {
    /// There is no such player.
    Offline,
    /// The other player did not answer in time.
    NoAnswer,
}

/// Something that happened in a match.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Message)]
#[expect(missing_docs, reason = "the fields' names say it")]
pub enum Event {
    /// A match begins.
    Begins { game: GameId, players: Vec<Uid>, left_out: Vec<Uid> },
    /// One disc ate another.
    Ate { eater: Uid, eaten: Uid, points: u32 },
    /// Somebody has taken the lead.
    Leads { player: Uid, score: u32 },
    /// The match is over.
    Ends { winner: Uid, score: u32 },
}

/// A line of chat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Message)]
pub struct ChatLine {
    /// Who said it.
    pub from: Uid,
    /// What.
    pub text: String,
}

/// A line of the leaderboard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Message)]
pub struct Rank {
    /// Who.
    pub player: Uid,
    /// Matches won.
    pub wins: u32,
    /// Points of all matches.
    pub points: u32,
}
