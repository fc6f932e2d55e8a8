//! The login, as states consumed by value: each knows only what has been said so far, and moving on uses it up
//! (P-10 to P-19). Frames come in, bytes go out; randomness is handed in; admission is asked by whoever drives.
//!
//! ```text
//! client: Connecting ──Hello(+Auth or Resume)──► AwaitingReply ──HelloReply──► AwaitingVerdict ──Welcome──► Established
//!                                                                                           └─Resumed──► Return
//! server: AwaitingHello ──Hello──► AwaitingAuth ──Auth──► Login ──admission──► Established
//!                                       ▲     └──Resume─► Login ──the session──► Resumed
//!                                       └───────────ResumeFailed──┘
//! ```
//! One round trip with no credentials or bearer ones, whose Auth is pipelined behind Hello; two with a shared
//! key, whose proof covers the server's choice.

mod client;
mod frames;
mod proof;
mod server;
mod token;

use std::time::Duration;

pub use client::{
    AwaitingReply, AwaitingVerdict, Connecting, Dismissed, LoginError, Return, Returned, Verdict,
};
pub use frames::Metadata;
pub use server::{Admitted, AwaitingAuth, AwaitingHello, Claimed, Login, Reject};
pub use token::{Token, TokenVerdict, Tokens};

use crate::close::CloseCode;
use crate::codec::Codec;
use crate::ids::{SessionId, Uid};
use crate::limits::Announced;

/// The protocol version this build speaks.
pub const VERSION: u16 = 1;
/// Features this build knows, as bits (P-11).
pub const FEATURES: u64 = FEATURE_RESUME;
/// Sessions outlive their connections (P-60).
pub const FEATURE_RESUME: u64 = 1;

/// What a player shows to be let in.
#[derive(Clone, PartialEq, Eq)]
pub enum Credential {
    /// Nothing: the name alone. For development; a server must ask for it by name.
    Anonymous,
    /// Knowledge of a key, proved by an HMAC over the whole handshake; the key itself never travels.
    SharedKey(Vec<u8>),
    /// A text the game's own admission judges, such as a token from its login service; at most 3 KiB.
    Bearer(String),
}

impl std::fmt::Debug for Credential {
    /// Names the kind, never the secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Anonymous => "Anonymous",
            Self::SharedKey(_) => "SharedKey(..)",
            Self::Bearer(_) => "Bearer(..)",
        })
    }
}

/// Why a player was not let in, as the game's admission says it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The credentials are wrong or expired.
    #[error("not authorized: {message}")]
    Unauthorized {
        /// For the player.
        message: String,
    },
    /// The player may not enter.
    #[error("refused: {message}")]
    Refused {
        /// For the player.
        message: String,
    },
    /// This build of the game is too old. Not retried.
    #[error("update required: {message}")]
    UpdateRequired {
        /// For the player.
        message: String,
        /// Where the new one is.
        url: String,
    },
    /// Not now.
    #[error("busy: again in {retry_after:?}")]
    Busy {
        /// When to try again.
        retry_after: Duration,
    },
}

impl Refusal {
    /// Refuses with a message for the player.
    pub fn because(message: impl Into<String>) -> Self {
        Self::Refused { message: message.into() }
    }

    /// Refuses the credentials.
    pub fn unauthorized(message: impl Into<String>) -> Self {
        Self::Unauthorized { message: message.into() }
    }

    /// The entry of the close table.
    pub const fn code(&self) -> CloseCode {
        match self {
            Self::Unauthorized { .. } => CloseCode::Unauthorized,
            Self::Refused { .. } => CloseCode::Refused,
            Self::UpdateRequired { .. } => CloseCode::UpdateRequired,
            Self::Busy { .. } => CloseCode::Busy,
        }
    }
}

/// What both ends know when a login is through: all that a session starts from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Established {
    /// The session's public name.
    pub session: SessionId,
    /// Who the player is.
    pub uid: Uid,
    /// How bodies are encoded.
    pub codec: Codec,
    /// What the peer takes.
    pub peer: Announced,
    /// How often the server pings.
    pub heartbeat: Duration,
    /// Silence after which the peer is taken for gone.
    pub silence_max: Duration,
    /// The server's clock at the welcome, in microseconds since an instant of its choice.
    pub server_time_us: u64,
    /// Which start of the server this is.
    pub epoch: u64,
    /// How long the session may be without a connection; zero if it ends with its connection.
    pub resume_window: Duration,
    /// What the client shows when it comes back.
    pub resume_token: Option<Token>,
}

#[cfg(test)]
mod tests;
