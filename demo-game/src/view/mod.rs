//! The match in a terminal: a live screen on a TTY, plain lines elsewhere.
//!
//! Draws what a [`Scene`] holds and reads keys; never asks anyone for anything, and does not know how a scene is fed.
//!
//! ```text
//!   whoever plays ──► Scene ──┬─► Screen::draw    live view      Screen::keys ──► Key
//!                             └─► Plain::lines    one line per happening, no colours
//! ```

mod draw;
mod field;
mod keyboard;
mod palette;
mod panes;
mod panics;
mod plain;
mod scene;
mod screen;

pub use keyboard::Key;
pub use plain::Plain;
pub use scene::{
    Counters, Direction, FeedLine, Outcome, Phase, Scene, TAIL_LINES_MAX, TEXT_CHARS_MAX, Tail, WireLine,
};
pub use screen::Screen;

#[cfg(test)]
mod tests;
