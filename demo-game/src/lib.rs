//! The demo's parts. The game over Farcall reads top to bottom in this order:
//!
//! ```text
//!   contract    what players and the server may ask of each other
//!   handlers    the server's answers            hall      what they share
//!   director    the server asks its players: ready check, match, rematch vote
//!   bots        the player's answers, and who gives them without a person
//! ```
//!
//! `play`, in the program beside this library, is the same contract served by a person in a frame loop.
//!
//! Around it: `arena`, the rules, and `view`, the terminal; both know nothing of Farcall. `wire` measures and counts calls,
//! `smooth` draws between snapshots. `cable` is a connection that can be cut, `link` cuts those of bots, and `numbers` shows
//! that nothing else is lost with them. `demo` and `parts` are what the program runs.

pub mod arena;
pub mod bots;
pub mod cable;
pub mod cli;
pub mod contract;
pub mod demo;
pub mod director;
pub mod hall;
pub mod handlers;
pub mod link;
pub mod numbers;
pub mod parts;
pub mod scribe;
pub mod show;
pub mod smooth;
pub mod snapshot;
pub mod tally;
pub mod view;
pub mod wire;
