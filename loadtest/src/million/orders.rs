//! What the parent tells its processes, and what they answer: one line of JSON each. Only the words.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::bars::Bars;

/// What a server is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum ToServer {
    /// Say what you hold.
    Count,
    /// Push to everyone.
    Push,
}

/// What a server answers to each.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Counted {
    /// Sessions.
    pub(super) sessions: u64,
    /// Of them, those without a connection.
    pub(super) detached: u64,
    /// Sessions that have lost their connection and come back, since the start.
    pub(super) resumed: u64,
    /// Sessions to which the push was sent.
    pub(super) pushed: u64,
}

impl Counted {
    /// Sessions that have a connection.
    pub(super) fn connected(&self) -> u64 {
        self.sessions.saturating_sub(self.detached)
    }
}

/// What clients are told: to be so many. Fewer than they are means to stay as they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Hold {
    /// Counts the orders from 1, so that an answer can be told from that to the order before.
    pub(super) order: u64,
    /// Sessions to hold.
    pub(super) sessions: u64,
}

/// What clients say of themselves, when it has changed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct News {
    /// Logged in so far.
    pub(super) held: u64,
    /// The last order with which they are done: as many as asked for, or as many as they could.
    pub(super) done: u64,
    /// How long their logins took, in nanoseconds.
    pub(super) login_ns: Bars,
    /// Why others did not log in.
    pub(super) failures: BTreeMap<String, u64>,
    /// Sessions that the push has reached.
    pub(super) reached: u64,
    /// Pushes beyond the first to a session.
    pub(super) again: u64,
    /// When the last push came, in microseconds since 1970; 0 if none has.
    pub(super) last_unix_us: u64,
}

/// One line.
pub(super) struct Line<'a, T>(pub(super) &'a T);

impl<T: Serialize> fmt::Display for Line<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&serde_json::to_string(self.0).map_err(|_| fmt::Error)?)
    }
}
