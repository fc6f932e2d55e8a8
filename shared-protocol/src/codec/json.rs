//! JSON: the codec of tools, scripts and other languages (P-24). Values are serde's usual JSON; arguments are an
//! array. Nothing outside this file names serde_json.
//!
//! Nesting is bounded twice: a message's type is never recursive, and serde_json stops at 128 levels (L8 says 64;
//! what a type does not know is skipped without recursion, so the deeper bound costs nothing).

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::CodecError;

pub(super) fn encode<T: Serialize + ?Sized>(value: &T, into: &mut Vec<u8>) -> Result<(), CodecError> {
    serde_json::to_writer(into, value).map_err(|error| CodecError::Unencodable(error.to_string()))
}

pub(super) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, CodecError> {
    serde_json::from_slice(bytes).or_else(|error| {
        // No arguments are `()` here, which serde writes as `null`; people and other languages write `[]`.
        let found = if is_empty_array(bytes) { serde_json::from_str("null").ok() } else { None };
        found.ok_or_else(|| CodecError::Malformed(error.to_string()))
    })
}

fn is_empty_array(bytes: &[u8]) -> bool {
    let inside = bytes.trim_ascii().strip_prefix(b"[").and_then(|rest| rest.strip_suffix(b"]"));
    inside.is_some_and(|inside| inside.trim_ascii().is_empty())
}

#[cfg(test)]
mod tests;
