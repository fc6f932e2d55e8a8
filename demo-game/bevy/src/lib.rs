//! The demo's arena as a headless Bevy game. Draws nothing: what is here is what a game with a frame loop of its own
//! adds to speak Farcall.
//!
//! ```text
//!   net      the session on a runtime of its own; once a frame it is lent the `World`
//!   routes   what the server's calls do to the `World`: ordinary functions
//!   game     resources, one entity a disc, systems; know of the server only that it can be called
//!   house    the demo's server and bots in this process, to have somebody to play with
//! ```

pub mod game;
pub mod house;
pub mod net;
mod routes;
