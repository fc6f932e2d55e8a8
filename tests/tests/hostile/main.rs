//! Hostile peers: hand-written bytes against a real server and a real client, over sockets and in memory. Each
//! mistake gets its documented code or outcome, a canary on the same server goes on playing, the server's figures
//! return to what they were, and nothing in the engine panics.

mod bytes;
mod clock;
mod floods;
mod game;
mod login;
mod raw;
mod servers;
mod session;
mod slow;
mod yard;
