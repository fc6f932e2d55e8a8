//! Players and groups end to end: who may be here how often, whom the game is told of, what reaches a group and in
//! which order, and how a server ends.

mod each;
mod endings;
mod events;
mod groups;
mod hall;
mod hooks;
mod loading;
mod locks;
mod logins;
