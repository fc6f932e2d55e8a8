//! Cuts a stream of bytes into frames. Checks a frame's length against the state's limit before anything is
//! reserved for it (the lesson of RUSTSEC-2026-0154); keeps nothing itself.

use super::{HEADER_BYTES, Kind};
use crate::close::CloseCode;

/// A frame whose fields have not been read yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RawFrame<'a> {
    /// What it is.
    pub kind: Kind,
    /// Which optional fields it has.
    pub flags: u8,
    /// Its fields and body.
    pub payload: &'a [u8],
    /// Its whole length on the wire, in bytes.
    pub wire_bytes: usize,
}

/// What the front of a buffer holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Split<'a> {
    /// A whole frame; the buffer goes on `wire_bytes` further.
    Frame(RawFrame<'a>),
    /// The beginning of one; it needs this many bytes in all, as far as is known yet.
    Partial {
        /// At least [`HEADER_BYTES`].
        needed: usize,
    },
}

/// Why a buffer cannot be cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SplitError {
    /// A length that has no room for kind and flags (P-03).
    #[error("a frame of {len} bytes has no room for its header")]
    TooShort {
        /// The claimed length.
        len: u32,
    },
    /// A length over the limit of the state (P-04).
    #[error("a frame of {len} bytes, at most {max} are allowed")]
    TooLarge {
        /// The claimed length.
        len: u32,
        /// The limit.
        max: usize,
    },
    /// A kind that no version defines (P-02).
    #[error("a frame of the unknown kind {kind:#04x}")]
    UnknownKind {
        /// The kind's byte.
        kind: u8,
    },
}

impl SplitError {
    /// The entry of the close table.
    pub const fn code(&self) -> CloseCode {
        match self {
            Self::TooShort { .. } => CloseCode::MalformedFrame,
            Self::TooLarge { .. } => CloseCode::FrameTooLarge,
            Self::UnknownKind { .. } => CloseCode::UnknownFrame,
        }
    }
}

/// Looks at the front of `bytes`. `len_max` bounds the length field.
///
/// # Errors
/// [`SplitError`] as soon as the header shows it, before the frame's body has arrived.
#[inline]
pub fn split(bytes: &[u8], len_max: usize) -> Result<Split<'_>, SplitError> {
    let Some((&len, after)) = bytes.split_first_chunk::<4>() else {
        return Ok(Split::Partial { needed: HEADER_BYTES });
    };
    let len = u32::from_le_bytes(len);
    if len < 2 {
        return Err(SplitError::TooShort { len });
    }
    if len as usize > len_max {
        return Err(SplitError::TooLarge { len, max: len_max });
    }
    let Some((&[kind, flags], _)) = after.split_first_chunk::<2>() else {
        return Ok(Split::Partial { needed: HEADER_BYTES });
    };
    let Some(kind) = Kind::of(kind) else { return Err(SplitError::UnknownKind { kind }) };
    let wire_bytes = 4 + len as usize;
    match bytes.get(HEADER_BYTES..wire_bytes) {
        Some(payload) => Ok(Split::Frame(RawFrame { kind, flags, payload, wire_bytes })),
        None => Ok(Split::Partial { needed: wire_bytes }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_cut_whole_or_not_at_all() {
        let frame = [4, 0, 0, 0, Kind::Ping as u8, 0, 7, 8, 99];
        for end in 0..8 {
            assert!(matches!(split(&frame[..end], 100), Ok(Split::Partial { .. })), "{end}");
        }
        let Ok(Split::Frame(raw)) = split(&frame, 100) else { panic!("not a frame") };
        assert_eq!((raw.payload, raw.wire_bytes), (&[7, 8][..], 8));
    }

    #[test]
    fn a_length_is_refused_from_the_header_alone() {
        assert_eq!(split(&[255, 255, 255, 255], 100), Err(SplitError::TooLarge { len: u32::MAX, max: 100 }));
        assert_eq!(split(&[1, 0, 0, 0], 100), Err(SplitError::TooShort { len: 1 }));
        assert_eq!(split(&[2, 0, 0, 0, 0xee, 0], 100), Err(SplitError::UnknownKind { kind: 0xee }));
    }
}
