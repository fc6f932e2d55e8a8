//! The contract that tests play: small calls of every kind, both ways.

use farcall_protocol::{Message, Uid, contract};
use serde::{Deserialize, Serialize};

/// Why a player cannot pay.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Message)]
pub enum PayError {
    /// Not enough coins.
    TooPoor {
        /// What is missing.
        missing: u32,
    },
}

/// What players call on the server.
#[contract(served_by = server)]
pub trait House {
    /// Adds two numbers.
    async fn sum(x: i64, y: i64) -> i64;
    /// Pays, or refuses.
    async fn pay(coins: u32) -> Result<u32, PayError>;
    /// Who the server takes the caller for.
    async fn whoami() -> Uid;
    /// Returns what it is given.
    async fn echo(text: String) -> String;
    /// Never answers.
    async fn hang() -> u32;
    /// Panics.
    async fn panics() -> u32;
    /// Panics after having waited.
    async fn panics_later() -> u32;
    /// Asks the caller back, `depth` times.
    async fn bounce(depth: u32) -> u32;
    /// Asks another player.
    async fn whisper(to: Uid, text: String) -> Option<String>;
    /// Adds to what `said` gives.
    #[notify]
    fn say(text: String);
    /// Replaces what `steered` gives.
    #[notify(latest)]
    fn steer(value: u64);
}

/// What the server calls on players.
#[contract(served_by = client)]
pub trait Guest {
    /// Are you there?
    async fn ready(game: u32) -> bool;
    /// Asks the caller back, `depth` times.
    async fn bounce(depth: u32) -> u32;
    /// Gives a text to the player and its answer back.
    async fn ask(text: String) -> String;
    /// Something happened.
    #[notify]
    fn event(number: u64);
    /// The newest state.
    #[notify(latest)]
    fn state(value: u64);
}
