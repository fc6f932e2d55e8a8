//! The front of a frame, from its length to its last field, put together on the stack and written in one go with the body: field
//! by field it was eight writes into a growing buffer, each of which looks for room.

use bytes::{BufMut, BytesMut};

use super::{HEADER_BYTES, Kind};

/// Header and fields of a session's frame; the largest are a nested Call's with a trace id, 59 bytes.
pub(super) struct Head {
    bytes: [u8; HEAD_BYTES_MAX],
    len: usize,
}

const HEAD_BYTES_MAX: usize = 64;

impl Head {
    /// Begins a frame.
    pub(super) const fn new(kind: Kind, flags: u8) -> Self {
        let mut bytes = [0; HEAD_BYTES_MAX];
        (bytes[4], bytes[5]) = (kind as u8, flags);
        Self { bytes, len: HEADER_BYTES }
    }

    /// Appends a field, or a part of one.
    pub(super) fn put<const N: usize>(&mut self, field: [u8; N]) {
        debug_assert!(self.len + N <= HEAD_BYTES_MAX, "a head is larger than any can be");
        if let Some(place) = self.bytes.get_mut(self.len..self.len + N) {
            place.copy_from_slice(&field);
            self.len += N;
        }
    }

    pub(super) fn u8(&mut self, number: u8) {
        self.put([number]);
    }

    pub(super) fn u16(&mut self, number: u16) {
        self.put(number.to_le_bytes());
    }

    pub(super) fn u32(&mut self, number: u32) {
        self.put(number.to_le_bytes());
    }

    pub(super) fn u64(&mut self, number: u64) {
        self.put(number.to_le_bytes());
    }

    /// Writes the frame, less the last `elsewhere` bytes of its body, which the sender writes by itself.
    pub(super) fn finish(mut self, body: &[u8], elsewhere: usize, out: &mut BytesMut) {
        // Bodies are at most 16 MiB, so the length fits; saturating keeps the arithmetic free of panics.
        let len = u32::try_from(self.len - 4 + body.len() + elsewhere).unwrap_or(u32::MAX);
        self.bytes[..4].copy_from_slice(&len.to_le_bytes());
        out.reserve(self.len + body.len());
        out.put_slice(&self.bytes[..self.len]);
        out.put_slice(body);
    }
}
