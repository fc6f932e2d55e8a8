//! The ordered log of one direction: acknowledged | sent | unsent. Every logged frame gets its position here and
//! nowhere else (S1), whatever path it came by; bytes are kept until acknowledged and counted in full. A resume moves
//! the boundary between sent and unsent back to what the peer has; what is written again goes before all else (R9).
//! Knows nothing of calls: what to do about a frame that is written late is asked of its owner.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};

use super::messages::Message;
use super::output::Batch;
use super::segment::Segment;
use super::stretch::{BATCH_BYTES, Stretch};
use crate::ids::CallId;
use crate::limits::Limits;
use crate::wire::{Fields, Frame, HEADER_BYTES, Kind};

/// One direction's log.
#[derive(Debug)]
pub(super) struct Log {
    /// Sent at least once, not acknowledged; oldest first.
    segments: VecDeque<Segment>,
    /// How many of them count as sent: after a resume the others are unsent again.
    segments_sent: u32,
    /// Unsent stretches that end with a shared body, and it; oldest first, all before the tail. Few sessions have any.
    #[expect(clippy::box_collection, reason = "8 bytes in every session instead of 32")]
    closed: Option<Box<VecDeque<(Stretch, Bytes)>>>,
    /// The newest unsent frames, contiguous: where frames are appended.
    tail: Stretch,
    /// Frames ever logged: the next frame's position.
    next: u64,
    /// Frames handed to the writer.
    sent_to: u64,
    /// Frames the peer has taken.
    acked: u64,
    /// What is retained, with overhead.
    bytes: usize,
    /// Calls whose own cancels must always fit.
    cancels_reserved: u32,
    bytes_max: usize,
    detached: Option<Box<Bounds>>,
    /// When the oldest unsent frame was logged.
    oldest_unsent: Option<Instant>,
    /// Unsent frames that have become void and still carry their bytes.
    voids: u32,
    /// The space that the tail was last given.
    tail_bytes: u32,
}

/// How far the log of a detached session may grow (L26).
#[derive(Debug)]
struct Bounds {
    /// What may be retained.
    bytes_max: usize,
    /// The position behind the last frame that may be logged.
    next_max: u64,
}

/// Where a logged frame stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    /// Its number in the log.
    pub(super) position: u64,
    offset: u64,
}

/// The peer speaks of frames that it was never sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Diverged;

/// A Call that waited longer than this is written with its remaining time as it is then.
const LATE: Duration = Duration::from_millis(5);
/// The first space for unsent frames: one of a quiet session, for very many such may log in at once. One that uses it up before
/// the peer has acknowledged what is in it gets four times as much, up to a bound; then it is used again and again, without
/// allocating. With 8 KiB as the bound batches of frames of 1 KiB outgrew it every time (1.04 times the calls with 32).
const TAIL_BYTES: u32 = 128;
const TAIL_BYTES_MAX: u32 = 32 << 10;
/// With less left, an empty tail gets new space: fields of a frame, and a small body.
const FRAME_BYTES: usize = 128;
/// Below this, copying a shared body costs less than another piece in each write.
const COPIED_BYTES_MAX: usize = 512;
/// What a call keeps free for its own cancel: the frame and its overhead.
pub(super) const CANCEL_RESERVE_BYTES: usize = HEADER_BYTES + 8 + Limits::FRAME_OVERHEAD_BYTES;

impl Log {
    pub(super) fn new(bytes_max: usize) -> Self {
        Self {
            segments: VecDeque::new(),
            segments_sent: 0,
            closed: None,
            tail: Stretch::default(),
            next: 0,
            sent_to: 0,
            acked: 0,
            bytes: 0,
            cancels_reserved: 0,
            bytes_max,
            detached: None,
            oldest_unsent: None,
            voids: 0,
            tail_bytes: 0,
        }
    }

    /// The position that the next frame will get.
    pub(super) const fn next(&self) -> u64 {
        self.next
    }

    /// Whether the frame at a position has been handed to the writer.
    pub(super) const fn is_sent(&self, position: u64) -> bool {
        position < self.sent_to
    }

    /// Whether everything before a position has been handed to the writer.
    pub(super) const fn is_sent_up_to(&self, position: u64) -> bool {
        position <= self.sent_to
    }

    pub(super) const fn has_unsent(&self) -> bool {
        self.sent_to < self.next
    }

    pub(super) const fn has_unacked(&self) -> bool {
        self.acked < self.sent_to
    }

    /// Frames the peer has taken.
    pub(super) const fn acked(&self) -> u64 {
        self.acked
    }

    /// Bytes retained, with overhead and reserves.
    pub(super) const fn bytes(&self) -> usize {
        self.bytes + self.reserved()
    }

    const fn reserved(&self) -> usize {
        self.cancels_reserved as usize * CANCEL_RESERVE_BYTES
    }

    /// Whether a frame of that many bytes fits.
    #[inline]
    pub(super) fn has_room(&self, frame_bytes: usize) -> bool {
        let (bytes_max, next_max) = match &self.detached {
            Some(bounds) => (bounds.bytes_max, bounds.next_max),
            None => (self.bytes_max, u64::MAX),
        };
        self.next < next_max && self.bytes() + frame_bytes + Limits::FRAME_OVERHEAD_BYTES <= bytes_max
    }

    /// Whether a call of that many bytes fits, with the room for its cancel. The cancels of calls in flight never
    /// take more than half: the rest is for replies, which calls of the other end may be waiting for.
    #[inline]
    pub(super) fn has_room_for_call(&self, frame_bytes: usize) -> bool {
        self.has_room(frame_bytes + CANCEL_RESERVE_BYTES)
            && self.reserved() + CANCEL_RESERVE_BYTES <= self.bytes_max / 2
    }

    /// Whether a reply of that many bytes fits. An empty log takes any: else one could wait for ever.
    pub(super) fn has_room_for_reply(&self, frame_bytes: usize) -> bool {
        self.bytes == 0 || self.has_room(frame_bytes)
    }

    pub(super) const fn reserve(&mut self) {
        self.cancels_reserved += 1;
    }

    pub(super) const fn release(&mut self) {
        self.cancels_reserved = self.cancels_reserved.saturating_sub(1);
    }

    /// Appends a frame. Room is the caller's to check: some frames have theirs reserved.
    #[inline]
    pub(super) fn append(&mut self, frame: &Frame<'_>, now: Instant) -> Place {
        self.make_space();
        let before = self.tail.head.len();
        frame.put(&mut self.tail.head);
        let wire_bytes = self.tail.head.len() - before;
        self.count(before, wire_bytes, now)
    }

    /// Appends the frame of a body, which is copied unless it is shared and large.
    #[inline]
    pub(super) fn append_with<'a>(
        &mut self,
        body: Message<'a>,
        frame: impl FnOnce(&'a [u8]) -> Frame<'a>,
        now: Instant,
    ) -> Place {
        match body {
            Message::Shared(shared) if shared.len() > COPIED_BYTES_MAX => {
                self.append_shared(&frame(&[]), shared.clone(), now)
            }
            copied => self.append(&frame(copied.bytes()), now),
        }
    }

    /// Appends a frame whose body is elsewhere, without copying it.
    pub(super) fn append_shared(&mut self, frame: &Frame<'_>, body: Bytes, now: Instant) -> Place {
        self.make_space();
        let before = self.tail.head.len();
        frame.put_before(&mut self.tail.head, body.len());
        let wire_bytes = self.tail.head.len() - before + body.len();
        let place = self.count(before, wire_bytes, now);
        let base = self.tail.base + self.tail.head.len() as u64;
        let head = self.tail.head.split();
        let frames = std::mem::take(&mut self.tail.frames);
        let stretch = Stretch { base: self.tail.base, frames, head };
        self.closed.get_or_insert_default().push_back((stretch, body));
        self.tail.base = base;
        place
    }

    #[inline]
    fn make_space(&mut self) {
        let head = &mut self.tail.head;
        if head.is_empty() && head.capacity() < FRAME_BYTES {
            // Grows only where the space that there was is still held by what is unacknowledged.
            self.tail_bytes = (self.tail_bytes * 4).clamp(TAIL_BYTES, TAIL_BYTES_MAX);
            head.reserve(self.tail_bytes as usize);
        }
    }

    /// Space behind the log's for frames that are not logged, if there is any to spare: to be split off at once.
    pub(super) fn spare(&mut self) -> Option<&mut BytesMut> {
        let head = &mut self.tail.head;
        (head.is_empty() && head.capacity() >= FRAME_BYTES).then_some(head)
    }

    #[inline]
    fn count(&mut self, before: usize, wire_bytes: usize, now: Instant) -> Place {
        let place = Place { position: self.next, offset: self.tail.base + before as u64 };
        self.next += 1;
        self.tail.frames += 1;
        self.bytes += wire_bytes + Limits::FRAME_OVERHEAD_BYTES;
        self.oldest_unsent.get_or_insert(now);
        place
    }

    /// Withdraws an unsent frame: it keeps its position as a Void (P-36).
    pub(super) fn void(&mut self, place: Place) {
        debug_assert!(!self.is_sent(place.position), "only unsent frames can be withdrawn");
        let mut unsent_again = self.segments.iter_mut().skip(self.segments_sent as usize);
        if let Some(segment) = unsent_again.find(|segment| place.position < segment.end) {
            return segment.void(place.position);
        }
        let closed = self.closed.iter_mut().flat_map(|closed| closed.iter_mut());
        let stretch = closed
            .map(|(stretch, _)| stretch)
            .find(|stretch| place.offset < stretch.base + stretch.head.len() as u64)
            .unwrap_or(&mut self.tail);
        let at = place.offset.saturating_sub(stretch.base) as usize + Fields::KIND;
        if let Some(kind) = stretch.head.get_mut(at) {
            *kind = Kind::Void as u8;
            self.voids += 1;
        }
    }

    /// Hands the next unsent frames to the writer. `remaining_ms` says what is left of a call's deadline, for
    /// calls that waited here.
    pub(super) fn take(
        &mut self,
        now: Instant,
        remaining_ms: impl Fn(CallId) -> Option<u32>,
        out: &mut Batch,
    ) {
        let late = self.oldest_unsent.is_some_and(|since| now.saturating_duration_since(since) >= LATE);
        let mut taken = 0;
        while taken < BATCH_BYTES {
            let overtakes = cfg!(mutant = "3") && self.tail.frames > 0;
            if let Some(segment) = self.segments.get_mut(self.segments_sent as usize).filter(|_| !overtakes) {
                if late {
                    segment.refresh(&remaining_ms);
                }
                self.sent_to = segment.end;
                taken += segment.put(out);
                self.segments_sent += 1;
                continue;
            }
            let Some((mut stretch, mut body)) = self.take_stretch() else { break };
            let bytes = stretch.head.len() + body.as_ref().map_or(0, Bytes::len);
            let charged = bytes + stretch.frames as usize * Limits::FRAME_OVERHEAD_BYTES;
            if self.voids > 0 {
                stretch.drop_voids(&mut body, &mut self.voids);
            }
            if late {
                stretch.refresh(&remaining_ms);
            }
            self.sent_to += u64::from(stretch.frames);
            let (frames, head) = (stretch.frames, stretch.head.freeze());
            let segment = Segment { end: self.sent_to, frames, charged, head, body };
            taken += segment.put(out);
            if self.segments.len() == self.segments.capacity() {
                // One, four, sixteen: of a quiet session one is kept, and that not for long.
                self.segments.reserve_exact((self.segments.len() * 3).max(1));
            }
            if cfg!(mutant = "3") {
                self.segments.insert(self.segments_sent as usize, segment);
            } else {
                self.segments.push_back(segment);
            }
            self.segments_sent += 1;
        }
        if !self.has_unsent() {
            self.oldest_unsent = None;
        }
    }

    /// The oldest unsent stretch, or the front of it, cut at a frame, where it is long.
    fn take_stretch(&mut self) -> Option<(Stretch, Option<Bytes>)> {
        if let Some(closed) = &mut self.closed
            && let Some((first, _)) = closed.front_mut()
        {
            if first.head.len() > BATCH_BYTES {
                // The last frame stays with its body.
                return Some((first.cut(first.frames - 1), None));
            }
            return closed.pop_front().map(|(stretch, body)| (stretch, Some(body)));
        }
        (self.tail.frames > 0).then(|| (self.tail.cut(self.tail.frames), None))
    }

    /// The peer has taken every frame before `position`. Lower positions than before are ignored.
    pub(super) fn ack(&mut self, position: u64) -> Result<bool, Diverged> {
        if position > self.sent_to && !cfg!(mutant = "10") {
            return Err(Diverged);
        }
        if cfg!(mutant = "2") && self.replaying() > 0 {
            (self.sent_to, self.segments_sent) = (self.ever_sent_to(), self.segments.len() as u32);
        }
        if position <= self.acked {
            return Ok(false);
        }
        self.acked = position;
        while self.segments.front().is_some_and(|segment| segment.end <= position) {
            let charged = self.segments.pop_front().map_or(0, |segment| segment.charged);
            self.bytes = self.bytes.saturating_sub(charged);
            self.segments_sent = self.segments_sent.saturating_sub(1);
        }
        if self.segments.is_empty() && !self.has_unsent() {
            self.bytes = 0;
            // From its beginning again, unless a writer still holds some of it.
            let _ = self.tail.head.try_reclaim(self.tail_bytes as usize);
        }
        Ok(true)
    }

    /// The connection is gone. From now on little may be added (L26): `bytes_more`, in `frames_more` frames.
    pub(super) fn detach(&mut self, bytes_more: usize, frames_more: u64) {
        let bytes_max = self.bytes().min(self.bytes_max) + bytes_more;
        self.detached = Some(Box::new(Bounds { bytes_max, next_max: self.next + frames_more }));
    }

    /// The session goes on over another connection, and the peer has every frame before `position`: what was sent
    /// beyond it is to be sent again, and is as unsent as it ever was.
    pub(super) fn resume(&mut self, position: u64, now: Instant) -> Result<(), Diverged> {
        if position < self.acked {
            // The peer has forgotten what it confirmed: it cannot be told again, for it is gone.
            return Err(Diverged);
        }
        self.ack(position)?;
        self.detached = None;
        (self.sent_to, self.segments_sent) = (position, 0);
        for segment in &mut self.segments {
            let taken = segment.end - u64::from(segment.frames).min(segment.end);
            let charged_before = segment.charged;
            segment.skip(position.saturating_sub(taken));
            self.bytes = self.bytes.saturating_sub(charged_before - segment.charged);
            if cfg!(mutant = "4") && segment.head.get(Fields::KIND) == Some(&(Kind::Result as u8)) {
                segment.void(segment.end - u64::from(segment.frames));
            }
        }
        if self.has_unsent() {
            // Late by the time it took to come back, at least.
            let late = now.checked_sub(LATE).unwrap_or(now);
            self.oldest_unsent = Some(self.oldest_unsent.map_or(late, |since| since.min(late)));
        }
        Ok(())
    }

    /// Frames that are to be sent again.
    pub(super) fn replaying(&self) -> u64 {
        self.ever_sent_to().saturating_sub(self.sent_to)
    }

    /// The position behind the last frame that was ever sent.
    fn ever_sent_to(&self) -> u64 {
        self.segments.back().map_or(self.sent_to, |segment| segment.end)
    }

    /// The session is over: nothing will be sent or acknowledged any more.
    pub(super) fn clear(&mut self) {
        *self = Self { next: self.next, sent_to: self.next, acked: self.next, ..Self::new(self.bytes_max) };
    }

    /// Gives memory back, if nothing is retained.
    pub(super) fn shrink(&mut self) {
        if self.acked == self.next {
            (self.tail.head, self.tail_bytes) = (BytesMut::new(), 0);
            (self.segments, self.closed) = (VecDeque::new(), None);
        }
    }
}

#[cfg(test)]
mod tests;
