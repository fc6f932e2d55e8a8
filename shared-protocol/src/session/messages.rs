//! Sending without reply: notifies, latest values, lossy messages.

use std::time::Instant;

use bytes::Bytes;

use super::{LatestKey, Session};
use crate::error::{Dropped, Notified};
use crate::wire::{Frame, HEADER_BYTES, Target};

/// The body of a message or a call: the sender's own, or shared.
#[derive(Debug, Clone, Copy)]
pub enum Message<'a> {
    /// Copied into the log.
    Own(&'a [u8]),
    /// Encoded once for many sessions, or large; kept by reference where that is cheaper than a copy.
    Shared(&'a Bytes),
}

/// Fields of a Notify around its body, with a trace id.
const FIELDS_BYTES: usize = HEADER_BYTES + 16 + 17;
/// Lossy messages kept for the next write; more are dropped, which is what they are for.
const DROPPABLE_BYTES_MAX: usize = 16 << 10;

impl<'a> Message<'a> {
    pub(super) fn bytes(self) -> &'a [u8] {
        match self {
            Self::Own(bytes) => bytes,
            Self::Shared(bytes) => bytes,
        }
    }

    fn to_shared(self) -> Bytes {
        match self {
            Self::Own(bytes) => Bytes::copy_from_slice(bytes),
            Self::Shared(bytes) => bytes.clone(),
        }
    }
}

impl<W> Session<W> {
    /// Logs a message: it arrives in order, once. Dropped as `Full` when the log has no room.
    pub fn notify(&mut self, to: Target, message: Message<'_>, now: Instant) -> Notified {
        if let Err(why) = self.check(message) {
            return Notified::Dropped(why);
        }
        let body = message.bytes();
        if !self.has_room(body.len()) {
            return Notified::Dropped(Dropped::Full);
        }
        self.log.append_with(message, |body| Frame::Notify { to, body }, now);
        self.counts.messages_sent += 1;
        Notified::Sent
    }

    /// Puts a latest value in its place: a newer one replaces it as long as it is unsent.
    pub fn notify_latest(&mut self, key: LatestKey, to: Target, message: Message<'_>) -> Notified {
        if let Err(why) = self.check(message) {
            return Notified::Dropped(why);
        }
        match self.latest.put(key, to, message.to_shared(), self.log.next(), &self.limits) {
            Ok(()) => {
                self.counts.messages_sent += 1;
                Notified::Sent
            }
            Err(super::latest::Full) => Notified::Dropped(Dropped::Full),
        }
    }

    /// Hands over a lossy message for the next write. Dropped while anything else still waits to be written.
    pub fn notify_droppable(&mut self, to: Target, message: Message<'_>) -> Notified {
        if let Err(why) = self.check(message) {
            return Notified::Dropped(why);
        }
        let body = message.bytes();
        if !self.is_attached()
            || self.log.has_unsent()
            || self.droppable_bytes() + body.len() > DROPPABLE_BYTES_MAX
        {
            return Notified::Dropped(Dropped::Full);
        }
        Frame::Droppable { to, body }.put(self.control.droppable.get_or_insert_default());
        self.counts.messages_sent += 1;
        Notified::Sent
    }

    /// Lossy messages that wait for the next write.
    pub(super) fn droppable_bytes(&self) -> usize {
        self.control.droppable.as_ref().map_or(0, |waiting| waiting.len())
    }

    /// Whether a message of that many bytes would find room in the log now. Replies that wait for room go first.
    pub fn has_room(&self, body_bytes: usize) -> bool {
        !self.incoming.has_parked() && self.log.has_room(body_bytes + FIELDS_BYTES)
    }

    fn check(&self, message: Message<'_>) -> Result<(), Dropped> {
        let (bytes, max) = (message.bytes().len(), self.peer.body_bytes_max);
        if self.closed.is_some() {
            Err(Dropped::Closed)
        } else if bytes > max as usize {
            Err(Dropped::TooLarge { bytes: u32::try_from(bytes).unwrap_or(u32::MAX), max })
        } else {
            Ok(())
        }
    }
}
