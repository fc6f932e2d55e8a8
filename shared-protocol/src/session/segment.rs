//! Frames that have been handed to the writer, as long as the peer may need them again: cut, withdrawn and brought up to date when they
//! are written once more. Which are sent again, and when, is the log's.

use bytes::{Buf, Bytes, BytesMut};

use super::output::Batch;
use super::stretch::{frame_bytes, refresh};
use crate::ids::CallId;
use crate::limits::Limits;
use crate::wire::{Fields, HEADER_BYTES, Kind};

/// Frames on their way: immutable and shared with the writer.
#[derive(Debug)]
pub(super) struct Segment {
    /// Position behind its last frame.
    pub(super) end: u64,
    pub(super) frames: u32,
    pub(super) charged: usize,
    pub(super) head: Bytes,
    pub(super) body: Option<Bytes>,
}

impl Segment {
    /// Puts its bytes into what is written next, and says how many they are.
    pub(super) fn put(&self, out: &mut Batch) -> usize {
        out.push(self.head.clone());
        out.extend(self.body.clone());
        self.head.len() + self.body.as_ref().map_or(0, Bytes::len)
    }

    /// Forgets its first frames: the peer has them.
    pub(super) fn skip(&mut self, frames: u64) {
        for _ in 0..frames.min(u64::from(self.frames)) {
            let bytes = frame_bytes(&self.head).min(self.head.len());
            self.head.advance(bytes);
            self.frames -= 1;
            self.charged = self.charged.saturating_sub(bytes + Limits::FRAME_OVERHEAD_BYTES);
        }
    }

    /// Makes a frame a Void; what it carried stays, and means nothing (P-36).
    pub(super) fn void(&mut self, position: u64) {
        let index = (position + u64::from(self.frames)).saturating_sub(self.end);
        let mut at = 0;
        for _ in 0..index {
            at += frame_bytes(&self.head[at.min(self.head.len())..]);
        }
        self.change(|head| {
            // The flags go with the kind: a Void has no fields for them to announce (P-02).
            if let Some([kind, flags]) = head.get_mut(at + Fields::KIND..at + HEADER_BYTES) {
                (*kind, *flags) = (Kind::Void as u8, 0);
            }
        });
    }

    pub(super) fn refresh(&mut self, remaining_ms: impl Fn(CallId) -> Option<u32>) {
        let frames = self.frames;
        self.change(|head| refresh(head, frames, remaining_ms));
    }

    /// Changes its bytes, which a writer of the lost connection may still hold.
    fn change(&mut self, change: impl FnOnce(&mut BytesMut)) {
        let mut head =
            std::mem::take(&mut self.head).try_into_mut().unwrap_or_else(|shared| shared[..].into());
        change(&mut head);
        self.head = head.freeze();
    }
}
