//! How values become bytes. One small module per codec; everything else knows only [`Codec`].

mod bincode;

use serde::Serialize;
use serde::de::DeserializeOwned;

/// A session's codec: chosen in the handshake, fixed for the session's life (P-12).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Codec {
    /// bincode's "standard" bytes: variable-length integers, little-endian. Not self-describing.
    #[default]
    Bincode,
}

/// Why a value could not be encoded or decoded.
#[derive(Debug, thiserror::Error)]
pub enum CodecError {
    /// The bytes are not the value, there are too few, or too many.
    #[error("malformed: {0}")]
    Malformed(String),
    /// The codec has no form for the value.
    #[error("cannot be encoded: {0}")]
    Unencodable(String),
    /// A value stands where none can.
    #[error("unexpected: {0}")]
    Unexpected(&'static str),
}

impl Codec {
    /// Every codec this build speaks, the preferred first.
    pub const ALL: &'static [Self] = &[Self::Bincode];

    /// Its number in the handshake.
    pub const fn number(self) -> u8 {
        match self {
            Self::Bincode => 1,
        }
    }

    /// The codec with that number, if this build speaks it.
    pub const fn of(number: u8) -> Option<Self> {
        match number {
            1 => Some(Self::Bincode),
            _ => None,
        }
    }

    /// Whether types may grow by optional fields: a peer with another signature can still be understood.
    pub const fn is_self_describing(self) -> bool {
        match self {
            Self::Bincode => false,
        }
    }

    /// Appends a value's bytes.
    ///
    /// # Errors
    /// When the value cannot be expressed, which for derived messages cannot happen.
    pub fn encode<T: Serialize + ?Sized>(self, value: &T, into: &mut Vec<u8>) -> Result<(), CodecError> {
        match self {
            Self::Bincode => bincode::encode(value, into),
        }
    }

    /// Reads a value from the whole of `bytes`.
    ///
    /// # Errors
    /// When the bytes are not such a value or do not end with it.
    pub fn decode<T: DeserializeOwned>(self, bytes: &[u8]) -> Result<T, CodecError> {
        match self {
            Self::Bincode => bincode::decode(bytes),
        }
    }
}
