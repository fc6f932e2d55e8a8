//! Reading and writing a frame's fields. Reading never panics and never trusts a length.

use bytes::{BufMut, BytesMut};

/// A frame's payload ended early, or did not end where its fields do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a field is missing or malformed")]
pub struct Malformed;

/// Reads fields from the front of a payload.
pub(crate) struct Cursor<'a>(pub(crate) &'a [u8]);

impl<'a> Cursor<'a> {
    #[inline]
    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        let (head, rest) = self.0.split_first_chunk::<N>().ok_or(Malformed)?;
        self.0 = rest;
        Ok(*head)
    }

    #[inline]
    pub(crate) fn u8(&mut self) -> Result<u8, Malformed> {
        self.array::<1>().map(|[byte]| byte)
    }

    #[inline]
    pub(crate) fn u16(&mut self) -> Result<u16, Malformed> {
        self.array().map(u16::from_le_bytes)
    }

    #[inline]
    pub(crate) fn u32(&mut self) -> Result<u32, Malformed> {
        self.array().map(u32::from_le_bytes)
    }

    #[inline]
    pub(crate) fn u64(&mut self) -> Result<u64, Malformed> {
        self.array().map(u64::from_le_bytes)
    }

    pub(crate) fn take(&mut self, len: usize) -> Result<&'a [u8], Malformed> {
        let (head, rest) = self.0.split_at_checked(len).ok_or(Malformed)?;
        self.0 = rest;
        Ok(head)
    }

    /// Bytes with a length of one byte in front.
    pub(crate) fn bytes_u8(&mut self) -> Result<&'a [u8], Malformed> {
        let len = self.u8()?;
        self.take(len.into())
    }

    /// Bytes with a length of two bytes in front.
    pub(crate) fn bytes_u16(&mut self) -> Result<&'a [u8], Malformed> {
        let len = self.u16()?;
        self.take(len.into())
    }

    pub(crate) fn text_u8(&mut self) -> Result<&'a str, Malformed> {
        std::str::from_utf8(self.bytes_u8()?).map_err(|_| Malformed)
    }

    pub(crate) fn text_u16(&mut self) -> Result<&'a str, Malformed> {
        std::str::from_utf8(self.bytes_u16()?).map_err(|_| Malformed)
    }

    /// Everything that is left.
    #[inline]
    pub(crate) fn rest(self) -> &'a [u8] {
        self.0
    }

    /// Requires that nothing is left.
    #[inline]
    pub(crate) fn end(self) -> Result<(), Malformed> {
        if self.0.is_empty() { Ok(()) } else { Err(Malformed) }
    }
}

/// Writes bytes behind a length of one byte; what is longer than that can say is cut.
pub(crate) fn put_bytes_u8(out: &mut BytesMut, bytes: &[u8]) {
    let len = u8::try_from(bytes.len()).unwrap_or(u8::MAX);
    out.put_u8(len);
    out.put_slice(&bytes[..len.into()]);
}

/// Writes bytes behind a length of two bytes; what is longer than that can say is cut.
pub(crate) fn put_bytes_u16(out: &mut BytesMut, bytes: &[u8]) {
    let len = u16::try_from(bytes.len()).unwrap_or(u16::MAX);
    out.put_u16_le(len);
    out.put_slice(&bytes[..len.into()]);
}
