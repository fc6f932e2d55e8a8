//! The rules of the game: an authoritative arena of discs that eat pellets and each other.
//!
//! Pure and deterministic: the same config, seed and inputs give the same match to the last bit.
//! Reads no clock, opens no socket, draws nothing, and knows nothing of who carries its worlds to the players.
//!
//! ```text
//!   add, remove, steer ──►  Arena::tick  ──► Vec<ArenaEvent>     30 times a second
//!                              │
//!                              └──► world()      ──► Brain::steer (a bot's next wish)
//!                                   standings()  ──► who leads
//! ```

pub mod brain;
mod config;
mod prng;
mod rules;
mod state;
mod world;

pub use config::{ArenaConfig, JoinError};
pub use prng::Prng;
pub use rules::{DISCS_MAX, EAT_RATIO, NAME_CHARS_MAX, PELLETS_MAX, TICKS_PER_SECOND};
pub use state::Arena;
pub use world::{ArenaEvent, Disc, Pellet, PlayerId, Standing, Steer, World};

#[cfg(test)]
mod tests;
