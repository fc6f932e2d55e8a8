//! The demo's parts: the arena's rules, the terminal's view, and between them the game over Farcall.
//! Rules and view know nothing of Farcall; Farcall knows nothing of them.

pub mod arena;
pub mod view;
