//! The names of things: who a player is, which route, which call, which session.
//! Plain values only; nothing here allocates ids or looks them up.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::hash::Fnv64;

/// Which end of a session something belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Side {
    /// The game server's end.
    Server,
    /// The player's end.
    Client,
}

impl Side {
    /// The other end.
    pub const fn other(self) -> Self {
        match self {
            Self::Server => Self::Client,
            Self::Client => Self::Server,
        }
    }

    /// `"server"` or `"client"`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Server => "server",
            Self::Client => "client",
        }
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A route's number on the wire: the 64-bit FNV-1a hash of its wire name (P-20).
///
/// Names are hashed so that ids depend on nothing but the name: not on the order in which a linker laid out
/// the routes, nor on which other routes exist. Two names of one peer with the same hash are refused at start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RouteId(pub u64);

impl RouteId {
    /// The id of a wire name such as `Lobby.sum`.
    pub const fn of(name: &str) -> Self {
        Self(Fnv64::new().bytes(name.as_bytes()).finish())
    }
}

impl fmt::Display for RouteId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// A hash of the shapes of a route's arguments and reply (P-21). Two peers whose signatures differ would read
/// each other's bytes wrongly, so a call with the wrong one is refused before anything is decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Signature(pub u64);

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// A call in flight, as its caller numbers it: a slot of the caller's table and how often the slot was used
/// (P-22). The slot is reused only after the call's terminal frame has arrived, the generation tells a late
/// frame of an earlier use from one of this.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CallId {
    /// Index in the caller's table of calls in flight.
    pub slot: u32,
    /// How many calls have used the slot before this one.
    pub generation: u32,
}

impl fmt::Display for CallId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.slot, self.generation)
    }
}

/// A session's public name: 128 random bits. It identifies, it does not authenticate.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SessionId(pub [u8; 16]);

impl fmt::Display for SessionId {
    /// The first 8 hex digits: enough to follow one session through a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0[..4].iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SessionId({self})")
    }
}

/// Follows one cause through every call it leads to, across sessions and both peers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TraceId(pub u64);

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// Who a player is: an opaque name of 1 to 64 bytes, cheap to clone.
///
/// Admission decides it; Farcall only compares it. Numbers are kept as their decimal digits, so `Uid::from(7)`
/// and `Uid::new("7")` are the same player.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Uid(Arc<str>);

/// Why a text cannot be a [`Uid`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UidError {
    /// An empty name names nobody.
    #[error("a uid cannot be empty")]
    Empty,
    /// Longer than [`Uid::BYTES_MAX`].
    #[error("a uid has at most {max} bytes, this one has {bytes}", max = Uid::BYTES_MAX)]
    TooLong {
        /// The length of the refused text.
        bytes: usize,
    },
    /// It has a character that drives terminals and ends log lines.
    #[error("a uid has no control characters")]
    ControlCharacter,
}

impl Uid {
    /// The longest uid, in bytes of UTF-8.
    pub const BYTES_MAX: usize = 64;

    /// Takes a name of 1 to 64 bytes, none of them a control character's.
    ///
    /// # Errors
    /// [`UidError`] when the text is none.
    pub fn new(text: impl AsRef<str>) -> Result<Self, UidError> {
        let text = text.as_ref();
        match text.len() {
            0 => Err(UidError::Empty),
            bytes if bytes > Self::BYTES_MAX => Err(UidError::TooLong { bytes }),
            _ if text.chars().any(char::is_control) => Err(UidError::ControlCharacter),
            _ => Ok(Self(text.into())),
        }
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<u64> for Uid {
    fn from(number: u64) -> Self {
        Self(number.to_string().into())
    }
}

#[cfg(feature = "uuid")]
impl From<uuid::Uuid> for Uid {
    /// The hyphenated text, 36 bytes: `67e55044-10b1-426f-9247-bb680e5fe0c8`.
    fn from(uuid: uuid::Uuid) -> Self {
        Self(uuid.to_string().into())
    }
}

impl TryFrom<&str> for Uid {
    type Error = UidError;
    fn try_from(text: &str) -> Result<Self, UidError> {
        Self::new(text)
    }
}

impl TryFrom<String> for Uid {
    type Error = UidError;
    fn try_from(text: String) -> Result<Self, UidError> {
        Self::new(text)
    }
}

impl std::str::FromStr for Uid {
    type Err = UidError;
    fn from_str(text: &str) -> Result<Self, UidError> {
        Self::new(text)
    }
}

impl std::borrow::Borrow<str> for Uid {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for Uid {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Uid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for Uid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Uid({:?})", &*self.0)
    }
}

impl Serialize for Uid {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Uid {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uid_has_1_to_64_bytes() {
        assert_eq!(Uid::new(""), Err(UidError::Empty));
        assert!(Uid::new("a".repeat(64)).is_ok());
        assert_eq!(Uid::new("a".repeat(65)), Err(UidError::TooLong { bytes: 65 }));
        for forged in ["ann\nINFO admin opened", "\u{1b}[2J", "\u{9b}2J"] {
            assert_eq!(Uid::new(forged), Err(UidError::ControlCharacter));
        }
        assert_eq!(Uid::from(7), Uid::new("7").unwrap());
    }

    #[test]
    fn route_ids_are_fnv_1a_of_the_name() {
        // Published test vectors of FNV-1a 64 for "" and "a".
        assert_eq!(RouteId::of(""), RouteId(0xcbf2_9ce4_8422_2325));
        assert_eq!(RouteId::of("a"), RouteId(0xaf63_dc4c_8601_ec8c));
    }
}
