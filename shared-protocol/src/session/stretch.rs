//! Unsent frames of the log as one run of bytes: found again, cut at frames, and brought up to date when they are
//! written. Counts nothing; the log does.

use bytes::{Bytes, BytesMut};

use crate::ids::CallId;
use crate::wire::{Cursor, Fields, Frame, HEADER_BYTES, Kind, call_id};

/// Unsent frames: contiguous bytes. The last one's body may be elsewhere.
#[derive(Debug, Default)]
pub(super) struct Stretch {
    /// How many bytes were logged in heads before this one's: makes a [`Place`] findable.
    pub(super) base: u64,
    pub(super) frames: u32,
    pub(super) head: BytesMut,
}

/// About how much is handed to the writer at once: what is handed over counts as sent, so a call in it can no
/// longer be withdrawn.
pub(super) const BATCH_BYTES: usize = 64 << 10;

impl Stretch {
    /// Takes whole frames off the front until a batch is full, or has so many.
    pub(super) fn cut(&mut self, frames_max: u32) -> Self {
        let (mut bytes, mut frames) = (0, 0);
        while bytes < BATCH_BYTES && frames < frames_max {
            bytes += frame_bytes(&self.head[bytes..]);
            frames += 1;
        }
        let base = self.base;
        self.base += bytes as u64;
        self.frames -= frames;
        Self { base, frames, head: self.head.split_to(bytes) }
    }

    /// Cuts the bytes of withdrawn frames down to their headers. `body` is the last one's, where it is elsewhere.
    pub(super) fn drop_voids(&mut self, body: &mut Option<Bytes>, voids: &mut u32) {
        let old = std::mem::take(&mut self.head);
        let mut at = 0;
        for index in 1..=self.frames {
            let end = (at + frame_bytes(&old[at..])).min(old.len());
            if old[at + Fields::KIND] == Kind::Void as u8 && end - at > HEADER_BYTES {
                Frame::Void.put(&mut self.head);
                *voids = voids.saturating_sub(1);
                if index == self.frames {
                    *body = None;
                }
            } else {
                self.head.extend_from_slice(&old[at..end]);
            }
            at = end;
        }
    }

    /// Writes into each Call what is left of its deadline now.
    pub(super) fn refresh(&mut self, remaining_ms: impl Fn(CallId) -> Option<u32>) {
        refresh(&mut self.head, self.frames, remaining_ms);
    }
}

/// Writes into each Call among the first frames of these bytes what is left of its deadline.
pub(super) fn refresh(head: &mut [u8], frames: u32, remaining_ms: impl Fn(CallId) -> Option<u32>) {
    let mut at = 0;
    for _ in 0..frames {
        let frame = &mut head[at..];
        let len = frame_bytes(frame);
        if frame[Fields::KIND] == Kind::Call as u8
            && let Ok(id) = call_id(&mut Cursor(&frame[Fields::CALL_ID..]))
            && let Some(left) = remaining_ms(id)
        {
            frame[Fields::CALL_REMAINING..Fields::CALL_REMAINING + 4].copy_from_slice(&left.to_le_bytes());
        }
        at = (at + len).min(head.len());
    }
}

/// The whole length of the frame at the front, as its own length field says; at least a header.
pub(super) fn frame_bytes(bytes: &[u8]) -> usize {
    bytes.first_chunk::<4>().map_or(HEADER_BYTES, |len| 4 + u32::from_le_bytes(*len) as usize)
}
