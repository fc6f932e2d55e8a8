//! The front of a frame, from its length to its last field, put together on the stack and written in one go, with the body where that
//! is small: field by field it was eight writes into a growing buffer, each of which looks for room.

use bytes::{BufMut, BytesMut};

use super::{HEADER_BYTES, Kind};

/// Header and fields of a session's frame; the largest are a nested Call's with a trace id, 59 bytes. What is left is for a small
/// body.
pub(super) struct Head {
    bytes: [u8; HEAD_BYTES_MAX],
    len: usize,
}

const HEAD_BYTES_MAX: usize = 128;

impl Head {
    /// An empty one.
    #[inline]
    pub(super) const fn new() -> Self {
        Self { bytes: [0; HEAD_BYTES_MAX], len: HEADER_BYTES }
    }

    /// Says what frame it is.
    #[inline]
    pub(super) const fn begin(&mut self, kind: Kind, flags: u8) {
        (self.bytes[4], self.bytes[5]) = (kind as u8, flags);
    }

    /// Appends a field, or a part of one.
    #[inline]
    pub(super) fn put<const N: usize>(&mut self, field: [u8; N]) {
        debug_assert!(self.len + N <= HEAD_BYTES_MAX, "a head is larger than any can be");
        if let Some(place) = self.bytes.get_mut(self.len..self.len + N) {
            place.copy_from_slice(&field);
            self.len += N;
        }
    }

    #[inline]
    pub(super) fn u8(&mut self, number: u8) {
        self.put([number]);
    }

    #[inline]
    pub(super) fn u16(&mut self, number: u16) {
        self.put(number.to_le_bytes());
    }

    #[inline]
    pub(super) fn u32(&mut self, number: u32) {
        self.put(number.to_le_bytes());
    }

    #[inline]
    pub(super) fn u64(&mut self, number: u64) {
        self.put(number.to_le_bytes());
    }

    /// Writes the frame, less the last `elsewhere` bytes of its body, which the sender writes by itself.
    #[inline]
    pub(super) fn finish(&mut self, body: &[u8], elsewhere: usize, out: &mut BytesMut) {
        // Bodies are at most 16 MiB, so the length fits; saturating keeps the arithmetic free of panics.
        let len = u32::try_from(self.len - 4 + body.len() + elsewhere).unwrap_or(u32::MAX);
        self.bytes[..4].copy_from_slice(&len.to_le_bytes());
        let end = self.len + body.len();
        if let Some(place) = self.bytes.get_mut(self.len..end) {
            place.copy_from_slice(body);
            return out.put_slice(&self.bytes[..end]);
        }
        out.reserve(end);
        out.put_slice(&self.bytes[..self.len]);
        out.put_slice(body);
    }
}
