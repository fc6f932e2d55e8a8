//! Frames as bytes: the header, the kinds, and how each is written and read. PROTOCOL.md is the specification;
//! rule numbers here are its. Nothing in this module knows a session's state, and nothing it reads can panic.
//!
//! A frame is `length: u32 | kind: u8 | flags: u8 | payload`; the length counts what follows it. All numbers are
//! little-endian (P-01).

mod cursor;
mod frame;
mod head;
mod outcome;
mod split;

pub use cursor::Malformed;
pub(crate) use cursor::{Cursor, put_bytes_u8, put_bytes_u16};
pub(crate) use frame::{Fields, call_id};
pub use frame::{Frame, FrameError, Target};
pub use outcome::{Ending, Status};

pub use split::{RawFrame, Split, SplitError, split};

/// Bytes of a frame before its payload.
pub const HEADER_BYTES: usize = 6;

macro_rules! kinds {
    ($($number:literal $name:ident $doc:literal),* $(,)?) => {
        /// What a frame is (P-02).
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Kind {
            $(#[doc = $doc] $name = $number,)*
        }

        impl Kind {
            /// Every kind, in order of number.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The kind with that number.
            pub const fn of(number: u8) -> Option<Self> {
                match number { $($number => Some(Self::$name),)* _ => None }
            }
        }
    };
}

kinds! {
    // Login.
    0x01 Hello "Client's first frame: versions, nonces, codecs, what it takes.",
    0x02 HelloReply "Server's first frame: its choice.",
    0x03 Auth "Client's credentials.",
    0x04 Welcome "The login is through: session, limits, heartbeat.",
    0x05 Refused "The login is not: code, message.",
    // Logged: numbered by position, kept until acknowledged.
    0x10 Call "A call.",
    0x11 Result "A call's terminal frame.",
    0x12 Notify "A message without reply.",
    0x13 Cancel "The caller no longer wants the answer.",
    0x14 Void "Holds the position of a call that ended before it was written.",
    0x18 StreamOpen "Reserved: streams.",
    0x19 StreamItem "Reserved: streams.",
    0x1a StreamEnd "Reserved: streams.",
    0x1b StreamReset "Reserved: streams.",
    // Unlogged: absolute or idempotent.
    0x20 Ack "How many logged frames and which latest value have been taken.",
    0x21 Ping "Are you there; the server's clock.",
    0x22 Pong "I am; echo.",
    0x23 Latest "A latest value.",
    0x24 Droppable "A lossy message.",
    0x25 Credit "Reserved: streams.",
    0x26 GoAway "Reserved: drain.",
    0x27 Reauth "Reserved: fresh credentials on a live session.",
    0x2f Close "The session is over: code, message.",
    // Coming back.
    0x30 Resume "Instead of Auth: a client comes back to its session.",
    0x31 Resumed "It has come back: what the server has taken, the next token.",
    0x32 TokenOk "The client knows the next token.",
    0x33 ResumeFailed "It has not: why, and what the server had taken. Auth may follow.",
}

/// The frame carries the caller's call on whose behalf it is made.
pub(crate) const FLAG_PARENT: u8 = 0b01;
/// The frame carries metadata.
pub(crate) const FLAG_METADATA: u8 = 0b10;
