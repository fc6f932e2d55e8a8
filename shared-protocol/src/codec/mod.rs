//! How values become bytes. One small module per codec; everything else knows only [`Codec`].

mod bincode;
#[cfg(feature = "json")]
mod json;

use serde::Serialize;
use serde::de::{DeserializeOwned, DeserializeSeed};

/// A session's codec: chosen in the handshake, fixed for the session's life (P-12).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Codec {
    /// bincode's "standard" bytes: variable-length integers, little-endian. Not self-describing.
    #[default]
    Bincode,
    /// JSON text, for tools and scripts. Self-describing.
    #[cfg(feature = "json")]
    Json,
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
    pub const ALL: &'static [Self] = &[
        Self::Bincode,
        #[cfg(feature = "json")]
        Self::Json,
    ];

    /// Its number in the handshake.
    pub const fn number(self) -> u8 {
        match self {
            Self::Bincode => 1,
            #[cfg(feature = "json")]
            Self::Json => 2,
        }
    }

    /// The codec with that number, if this build speaks it.
    pub const fn of(number: u8) -> Option<Self> {
        match number {
            1 => Some(Self::Bincode),
            #[cfg(feature = "json")]
            2 => Some(Self::Json),
            _ => None,
        }
    }

    /// Its place in [`ALL`](Self::ALL).
    pub const fn index(self) -> usize {
        match self {
            Self::Bincode => 0,
            #[cfg(feature = "json")]
            Self::Json => 1,
        }
    }

    /// Whether types may grow by optional fields: a peer with another signature can still be understood.
    pub const fn is_self_describing(self) -> bool {
        match self {
            Self::Bincode => false,
            #[cfg(feature = "json")]
            Self::Json => true,
        }
    }

    /// Appends a value's bytes.
    ///
    /// # Errors
    /// When the value cannot be expressed: in JSON a map whose keys are not texts, numbers or variants without
    /// fields. In bincode that cannot happen to derived messages.
    pub fn encode<T: Serialize + ?Sized>(self, value: &T, into: &mut Vec<u8>) -> Result<(), CodecError> {
        match self {
            Self::Bincode => bincode::encode(value, into),
            #[cfg(feature = "json")]
            Self::Json => json::encode(value, into),
        }
    }

    /// Reads a value from the whole of `bytes`.
    ///
    /// # Errors
    /// When the bytes are not such a value or do not end with it.
    pub fn decode<T: DeserializeOwned>(self, bytes: &[u8]) -> Result<T, CodecError> {
        match self {
            Self::Bincode => bincode::decode(bytes),
            #[cfg(feature = "json")]
            Self::Json => json::decode(bytes),
        }
    }
}

impl Codec {
    /// Reads a value whose type only the seed knows. Only for codecs that are not text.
    pub(crate) fn visit<'de, S: DeserializeSeed<'de>>(
        self,
        seed: S,
        bytes: &'de [u8],
    ) -> Result<S::Value, CodecError> {
        match self {
            Self::Bincode => bincode::visit(seed, bytes),
            #[cfg(feature = "json")]
            Self::Json => Err(CodecError::Unexpected("text describes itself")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_and_place_leads_back_to_its_codec() {
        for (at, &codec) in Codec::ALL.iter().enumerate() {
            assert_eq!((Codec::of(codec.number()), codec.index()), (Some(codec), at));
        }
        assert_eq!(Codec::ALL[0], Codec::default(), "Rust peers speak bincode with each other");
    }
}
