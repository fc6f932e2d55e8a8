//! bincode 1.3.3 with variable-length integers: the default codec (P-23). Nothing outside this file names bincode:
//! upstream is unmaintained (RUSTSEC-2025-0141), and golden bytes allow another implementation of the same.

use bincode::Options;
use serde::Serialize;
use serde::de::{DeserializeOwned, DeserializeSeed};

use super::CodecError;

/// Varint, little-endian, trailing bytes refused; a declared length can never exceed the input's own.
fn options(bytes_max: u64) -> impl Options {
    bincode::DefaultOptions::new().with_limit(bytes_max)
}

pub(super) fn encode<T: Serialize + ?Sized>(value: &T, into: &mut Vec<u8>) -> Result<(), CodecError> {
    // Unlimited here: the caller checks the body against the session's own limit, with a better message.
    bincode::DefaultOptions::new()
        .serialize_into(into, value)
        .map_err(|error| CodecError::Unencodable(error.to_string()))
}

pub(super) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, CodecError> {
    options(bytes.len() as u64).deserialize(bytes).map_err(|error| CodecError::Malformed(error.to_string()))
}

pub(super) fn visit<'de, S: DeserializeSeed<'de>>(seed: S, bytes: &'de [u8]) -> Result<S::Value, CodecError> {
    options(bytes.len() as u64)
        .deserialize_seed(seed, bytes)
        .map_err(|error| CodecError::Malformed(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_golden() {
        let mut bytes = Vec::new();
        encode(&(2_i64, 300_u32, "hi", Some(true), [1.5_f32]), &mut bytes).unwrap();
        assert_eq!(bytes, [4, 251, 44, 1, 2, b'h', b'i', 1, 1, 0, 0, 192, 63]);
    }

    #[test]
    fn trailing_and_missing_bytes_are_refused() {
        assert!(decode::<u8>(&[1, 2]).is_err());
        assert!(decode::<u16>(&[251, 1]).is_err());
    }

    #[test]
    fn a_claimed_length_beyond_the_input_reserves_nothing() {
        // 253 announces a 64-bit length: 2^40 elements in nine bytes.
        let bomb = [253, 0, 0, 0, 0, 0, 1, 0, 0];
        assert!(decode::<String>(&bomb).is_err());
        assert!(decode::<Vec<u64>>(&bomb).is_err());
    }
}
