//! The demo's parts. The game over Farcall reads top to bottom in this order:
//!
//! ```text
//!   contract    what players and the server may ask of each other
//!   handlers    the server's answers            hall      what they share
//!   director    the server asks its players: ready check, match, rematch vote
//!   player      the player's answers            bots      who plays without a person
//! ```
//!
//! Around it: `arena`, the rules, and `view`, the terminal; both know nothing of Farcall. `wire` measures and counts calls.
//! `demo`, `parts` and `play` are what the program runs.

pub mod arena;
pub mod bots;
pub mod cli;
pub mod contract;
pub mod demo;
pub mod director;
pub mod hall;
pub mod handlers;
pub mod parts;
pub mod play;
pub mod player;
pub mod scribe;
pub mod show;
pub mod snapshot;
pub mod tally;
pub mod view;
pub mod wire;
