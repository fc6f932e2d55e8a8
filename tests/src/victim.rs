//! What the program `victim` and the tests that kill it have in common: the contract they play, and the journal, which is
//! all that a killed process leaves behind. The program itself stands in `bin/victim`, what is read out of journals in
//! `tests/kills`.

use std::net::SocketAddr;

use farcall_client::{CallError, NotExecuted};
use farcall_protocol::contract;
use farcall_server::SessionHandle;
use serde::{Deserialize, Serialize};

/// What players call. Every call and every note has a number of its own, never used again by anybody.
#[contract(served_by = server)]
pub trait Mill {
    /// Works for that many microseconds; gives [`flour`].
    async fn grind(number: u64, micros: u32) -> u64;
    /// Asks the caller back by the same number before it gives [`flour`].
    async fn grind_together(number: u64) -> u64;
    /// Something to be written down.
    #[notify]
    fn note(number: u64);
}

/// What the server calls on players.
#[contract(served_by = client)]
pub trait Miller {
    /// Gives the number back.
    async fn help(number: u64) -> u64;
}

/// What only the handler of this call, in this life of the server, would answer.
pub const fn flour(life: u32, number: u64) -> u64 {
    number.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(17)
        ^ (life as u64).wrapping_mul(0xff51_afd7_ed55_8ccd)
}

/// One line of a journal. A process writes each in one piece, before it does anything that follows from it: what stands
/// in the pipe outlives whoever wrote it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Entry {
    /// The server takes players there.
    Listening(SocketAddr),
    /// The server's hooks: a session has begun.
    Opened {
        /// Whose.
        uid: String,
        /// Which, by [`name`].
        session: String,
    },
    /// It has lost its connection.
    Detached(String),
    /// It has another.
    Resumed(String),
    /// It is over, and nothing of it runs any more.
    Closed(String, String),
    /// A handler starts on the call of this number.
    Started(u64),
    /// It is about to answer.
    Returned(u64),
    /// It was stopped before it could.
    Stopped(u64),
    /// A note has come.
    Noted(u64),
    /// The server when it was told to end, after it had come to rest or 5 s had passed.
    Rest(Held),
    /// The client has logged in.
    Welcomed(String),
    /// A call of the client has ended.
    Ended(u64, Ending),
    /// The client's session is over, by this close code.
    Over(String),
}

/// What a server still holds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// Sessions, with a connection or without.
    pub sessions: u64,
    /// Players with a session or at the door.
    pub players: u64,
    /// Connections that have not logged in.
    pub logins_pending: u64,
    /// Calls of either side that have not ended.
    pub calls: u64,
    /// Bytes kept for players.
    pub bytes: u64,
}

/// How a call has ended, as far as it matters to who asks whether that is true.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Ending {
    /// With a value.
    Value(u64),
    /// It certainly never ran.
    NotExecuted,
    /// Its deadline passed.
    Overdue,
    /// Its session was lost: it may have run.
    Unsure,
    /// In a way in which none of these calls may end.
    Impossible(String),
}

impl From<Result<u64, CallError>> for Ending {
    fn from(outcome: Result<u64, CallError>) -> Self {
        use NotExecuted::{Busy, Expired, NeverSent, TooManyInFlight};
        match outcome {
            Ok(value) => Self::Value(value),
            Err(CallError::NotExecuted(NeverSent | Expired | Busy | TooManyInFlight)) => Self::NotExecuted,
            Err(CallError::DeadlineExceeded) => Self::Overdue,
            Err(CallError::Indeterminate) => Self::Unsure,
            Err(other) => Self::Impossible(other.to_string()),
        }
    }
}

/// A session's name in journals: all of its 128 bits.
pub fn name(session: &SessionHandle<'_>) -> String {
    format!("{:032x}", u128::from_be_bytes(session.id().0))
}
