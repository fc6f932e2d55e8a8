//! Why a session ended or never began: one table of codes, each with its meaning and whether a client may try
//! again. The table is PROTOCOL.md's (P-80); nothing else defines a code.

use std::fmt;

/// Whether and when a client may connect again after a close.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Retry {
    /// At once.
    Now,
    /// After a growing, jittered pause.
    Backoff,
    /// Not by itself: only a person or the game can decide to.
    Never,
}

macro_rules! close_codes {
    ($($number:literal $name:ident $retry:ident $meaning:literal),* $(,)?) => {
        /// Why a session ended or never began (P-80).
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum CloseCode {
            $(#[doc = $meaning] $name,)*
        }

        impl CloseCode {
            /// Every code, in the order of the table.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// Its number on the wire.
            pub const fn number(self) -> u16 {
                match self { $(Self::$name => $number,)* }
            }

            /// The code with that number, if this build knows it.
            pub const fn of(number: u16) -> Option<Self> {
                match number { $($number => Some(Self::$name),)* _ => None }
            }

            /// Its name in logs and metrics.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => stringify!($name),)* }
            }

            /// One sentence.
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$name => $meaning,)* }
            }

            /// Whether a client may come back.
            pub const fn retry(self) -> Retry {
                match self { $(Self::$name => Retry::$retry,)* }
            }
        }
    };
}

close_codes! {
    // Orderly ends.
    1 Done Never "the peer ended the session",
    2 Shutdown Backoff "the server is shutting down",
    3 Kicked Never "the game removed the player",
    4 Replaced Never "the player logged in elsewhere",
    // The network or a peer that cannot keep up.
    10 ConnectionLost Now "the connection broke",
    11 PeerSilent Now "nothing was heard from the peer for too long",
    12 AckTimeout Now "the peer took bytes and acknowledged nothing for too long",
    13 WriteStalled Now "the peer's connection took no bytes for too long",
    14 SlowConsumer Backoff "the peer fell too far behind what it is sent",
    15 FrameTimeout Now "a frame was begun and not finished in time",
    16 InboundOverflow Backoff "the peer sends faster than its messages can be handled",
    // The peer broke the protocol. The session is over; a repeat would end the same way.
    20 MalformedFrame Never "a frame could not be read",
    21 FrameTooLarge Never "a frame is larger than the limit of its state",
    22 UnexpectedFrame Never "a frame came in a state that does not allow it",
    23 UnknownFrame Never "a frame of an unknown kind",
    24 UnknownCall Never "a reply to a call that was never made",
    25 SlotInUse Never "a call reuses the slot of one in flight",
    26 SlotOutOfRange Never "a call uses a slot beyond the announced limit",
    27 Diverged Never "the peer acknowledged what was never sent",
    28 Flood Backoff "too many control frames",
    // Login.
    40 NotFarcall Never "the first bytes are not Farcall's",
    41 UnsupportedVersion Never "no common protocol version",
    42 UnsupportedFeature Never "a required feature is unknown here",
    43 NoCommonCodec Never "no common codec",
    44 LoginTimeout Backoff "the login took too long",
    45 Unauthorized Never "the credentials were not accepted",
    46 Refused Never "the game refused the login",
    47 UpdateRequired Never "this build of the game is too old",
    48 AlreadyConnected Never "the player is already connected",
    49 Busy Backoff "the server takes no more logins just now",
    50 Internal Backoff "the server failed at the login",
    // Coming back to a session.
    60 NotResumable Backoff "the session cannot be resumed: log in afresh",
    61 Superseded Never "another connection took the session over",
    62 UidChanged Never "credentials of another player were presented",
    63 Restarted Backoff "the server has restarted since: log in afresh",
    64 TokenStolen Backoff "a token of the session was used twice: log in afresh",
}

impl fmt::Display for CloseCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.meaning())
    }
}

/// Why a session closed: the code, and a sentence from whoever closed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CloseReason {
    /// The entry of the table.
    pub code: CloseCode,
    /// More about it, at most [`CloseReason::MESSAGE_BYTES_MAX`] bytes; often empty.
    pub message: String,
    /// Whether the other end closed.
    pub by_peer: bool,
}

impl CloseReason {
    /// The longest message, in bytes. What is longer is cut at a character.
    pub const MESSAGE_BYTES_MAX: usize = 256;

    /// Closed from this end.
    pub fn ours(code: CloseCode, message: impl Into<String>) -> Self {
        Self { code, message: cut(message.into()), by_peer: false }
    }

    /// Closed by the other end.
    pub fn theirs(code: CloseCode, message: impl Into<String>) -> Self {
        Self { code, message: cut(message.into()), by_peer: true }
    }
}

impl From<CloseCode> for CloseReason {
    fn from(code: CloseCode) -> Self {
        Self::ours(code, "")
    }
}

impl fmt::Display for CloseReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code.meaning())?;
        if self.message.is_empty() { Ok(()) } else { write!(f, ": {}", self.message) }
    }
}

impl std::error::Error for CloseReason {}

fn cut(mut text: String) -> String {
    if text.len() > CloseReason::MESSAGE_BYTES_MAX {
        let end = text.floor_char_boundary(CloseReason::MESSAGE_BYTES_MAX);
        text.truncate(end);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_leads_back_to_its_code() {
        for &code in CloseCode::ALL {
            assert_eq!(CloseCode::of(code.number()), Some(code));
        }
        assert_eq!(CloseCode::of(0), None);
    }

    #[test]
    fn a_long_message_is_cut_at_a_character() {
        let reason = CloseReason::ours(CloseCode::Kicked, "ä".repeat(200));
        assert_eq!(reason.message.len(), 256);
    }
}
