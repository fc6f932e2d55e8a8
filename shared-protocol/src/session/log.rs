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
    /// Sent, not acknowledged; oldest first.
    sent: VecDeque<Segment>,
    /// Sent once and unsent again, after a resume; oldest first, all before what was never sent.
    replay: VecDeque<Segment>,
    /// Unsent stretches that end with a shared body; oldest first, all before the tail.
    closed: VecDeque<Stretch>,
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
    /// Promised to frames that must always fit: each call's own cancel.
    reserved: usize,
    bytes_max: usize,
    /// While the session is detached: what may still be retained, and the position behind the last frame that may
    /// be logged (L26).
    detached: Option<(usize, u64)>,
    /// When the oldest unsent frame was logged.
    oldest_unsent: Option<Instant>,
    /// Unsent frames that have become void and still carry their bytes.
    voids: u32,
    /// The space that the tail was last given.
    tail_bytes: usize,
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
/// The first space for unsent frames: a few frames of a quiet session. One that uses it up before the peer has acknowledged
/// what is in it gets twice as much, up to a bound; then it is used again and again, without allocating. With 8 KiB as the bound
/// batches of frames of 1 KiB outgrew it every time (1.04 times the calls with 32).
const TAIL_BYTES: usize = 512;
const TAIL_BYTES_MAX: usize = 32 << 10;
/// With less left, an empty tail gets new space: fields of a frame, and a small body.
const FRAME_BYTES: usize = 128;
/// Below this, copying a shared body costs less than another piece in each write.
const COPIED_BYTES_MAX: usize = 512;
/// What a call keeps free for its own cancel: the frame and its overhead.
pub(super) const CANCEL_RESERVE_BYTES: usize = HEADER_BYTES + 8 + Limits::FRAME_OVERHEAD_BYTES;

impl Log {
    pub(super) fn new(bytes_max: usize) -> Self {
        Self {
            sent: VecDeque::new(),
            replay: VecDeque::new(),
            closed: VecDeque::new(),
            tail: Stretch::default(),
            next: 0,
            sent_to: 0,
            acked: 0,
            bytes: 0,
            reserved: 0,
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
        self.bytes + self.reserved
    }

    /// Whether a frame of that many bytes fits.
    #[inline]
    pub(super) fn has_room(&self, frame_bytes: usize) -> bool {
        let (bytes_max, next_max) = self.detached.unwrap_or((self.bytes_max, u64::MAX));
        self.next < next_max
            && self.bytes + self.reserved + frame_bytes + Limits::FRAME_OVERHEAD_BYTES <= bytes_max
    }

    /// Whether a call of that many bytes fits, with the room for its cancel. The cancels of calls in flight never
    /// take more than half: the rest is for replies, which calls of the other end may be waiting for.
    #[inline]
    pub(super) fn has_room_for_call(&self, frame_bytes: usize) -> bool {
        self.has_room(frame_bytes + CANCEL_RESERVE_BYTES)
            && self.reserved + CANCEL_RESERVE_BYTES <= self.bytes_max / 2
    }

    /// Whether a reply of that many bytes fits. An empty log takes any: else one could wait for ever.
    pub(super) fn has_room_for_reply(&self, frame_bytes: usize) -> bool {
        self.bytes == 0 || self.has_room(frame_bytes)
    }

    pub(super) const fn reserve(&mut self) {
        self.reserved += CANCEL_RESERVE_BYTES;
    }

    pub(super) const fn release(&mut self) {
        self.reserved = self.reserved.saturating_sub(CANCEL_RESERVE_BYTES);
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
        self.closed.push_back(Stretch { base: self.tail.base, frames, head, body: Some(body) });
        self.tail.base = base;
        place
    }

    #[inline]
    fn make_space(&mut self) {
        let head = &mut self.tail.head;
        if head.is_empty() && head.capacity() < FRAME_BYTES {
            // Grows only where the space that there was is still held by what is unacknowledged.
            self.tail_bytes = (self.tail_bytes * 2).clamp(TAIL_BYTES, TAIL_BYTES_MAX);
            head.reserve(self.tail_bytes);
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
        if let Some(segment) = self.replay.iter_mut().find(|segment| place.position < segment.end) {
            return segment.void(place.position);
        }
        let stretch = self
            .closed
            .iter_mut()
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
            let overtakes = cfg!(mutant = "3") && (self.tail.frames > 0 || !self.closed.is_empty());
            if !overtakes && let Some(mut segment) = self.replay.pop_front() {
                if late {
                    segment.refresh(&remaining_ms);
                }
                taken += segment.head.len() + segment.body.as_ref().map_or(0, Bytes::len);
                self.sent_to = segment.end;
                out.push(segment.head.clone());
                out.extend(segment.body.clone());
                self.sent.push_back(segment);
                continue;
            }
            let Some(mut stretch) = self.take_stretch() else { break };
            let charged = stretch.bytes() + stretch.frames as usize * Limits::FRAME_OVERHEAD_BYTES;
            if self.voids > 0 {
                stretch.drop_voids(&mut self.voids);
            }
            if late {
                stretch.refresh(&remaining_ms);
            }
            taken += stretch.bytes();
            self.sent_to += u64::from(stretch.frames);
            let (head, body) = (stretch.head.freeze(), stretch.body);
            out.push(head.clone());
            out.extend(body.clone());
            self.sent.push_back(Segment { end: self.sent_to, frames: stretch.frames, charged, head, body });
        }
        if !self.has_unsent() {
            self.oldest_unsent = None;
        }
    }

    /// The oldest unsent stretch, or the front of it, cut at a frame, where it is long.
    fn take_stretch(&mut self) -> Option<Stretch> {
        match self.closed.front_mut() {
            Some(long) if long.head.len() > BATCH_BYTES => Some(long.cut()),
            Some(_) => self.closed.pop_front(),
            None if self.tail.frames == 0 => None,
            None => Some(self.tail.cut()),
        }
    }

    /// The peer has taken every frame before `position`. Lower positions than before are ignored.
    pub(super) fn ack(&mut self, position: u64) -> Result<bool, Diverged> {
        if position > self.sent_to && !cfg!(mutant = "10") {
            return Err(Diverged);
        }
        if cfg!(mutant = "2")
            && let Some(last) = self.replay.pop_back()
        {
            (self.sent_to, self.replay) = (last.end, VecDeque::new());
        }
        if position <= self.acked {
            return Ok(false);
        }
        self.acked = position;
        while self.sent.front().is_some_and(|segment| segment.end <= position) {
            let charged = self.sent.pop_front().map_or(0, |segment| segment.charged);
            self.bytes = self.bytes.saturating_sub(charged);
        }
        if self.sent.is_empty() && !self.has_unsent() {
            self.bytes = 0;
            // From its beginning again, unless a writer still holds some of it.
            let _ = self.tail.head.try_reclaim(self.tail_bytes);
        }
        Ok(true)
    }

    /// The connection is gone. From now on little may be added (L26): `bytes_more`, in `frames_more` frames.
    pub(super) fn detach(&mut self, bytes_more: usize, frames_more: u64) {
        let bytes = (self.bytes + self.reserved).min(self.bytes_max) + bytes_more;
        self.detached = Some((bytes, self.next + frames_more));
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
        self.sent_to = position;
        while let Some(mut segment) = self.sent.pop_back() {
            let taken = segment.end - u64::from(segment.frames).min(segment.end);
            let charged_before = segment.charged;
            segment.skip(position.saturating_sub(taken));
            self.bytes = self.bytes.saturating_sub(charged_before - segment.charged);
            if cfg!(mutant = "4") && segment.head.get(Fields::KIND) == Some(&(Kind::Result as u8)) {
                segment.void(segment.end - u64::from(segment.frames));
            }
            self.replay.push_front(segment);
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
        self.replay.back().map_or(0, |segment| segment.end.saturating_sub(self.sent_to))
    }

    /// The session is over: nothing will be sent or acknowledged any more.
    pub(super) fn clear(&mut self) {
        *self = Self { next: self.next, sent_to: self.next, acked: self.next, ..Self::new(self.bytes_max) };
    }

    /// Gives memory back, if nothing is retained.
    pub(super) fn shrink(&mut self) {
        if self.acked == self.next {
            (self.tail.head, self.tail_bytes) = (BytesMut::new(), 0);
            (self.sent, self.replay, self.closed) = (VecDeque::new(), VecDeque::new(), VecDeque::new());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{RouteId, Signature};
    use crate::wire::{Split, Target, split};

    fn call(slot: u32, body: &[u8]) -> Frame<'_> {
        let to = Target { route: RouteId(1), signature: Signature(2), trace: None };
        Frame::Call { id: CallId { slot, generation: 0 }, to, remaining_ms: 1_000, parent: None, body }
    }

    fn written(log: &mut Log, now: Instant, left_ms: Option<u32>) -> Vec<u8> {
        let mut out = Batch::new();
        log.take(now, |_| left_ms, &mut out);
        out.concat()
    }

    fn kinds(mut bytes: &[u8]) -> Vec<(Kind, usize)> {
        let mut kinds = Vec::new();
        while let Ok(Split::Frame(raw)) = split(bytes, 1 << 20) {
            kinds.push((raw.kind, raw.payload.len()));
            bytes = &bytes[raw.wire_bytes..];
        }
        assert!(bytes.is_empty());
        kinds
    }

    #[test]
    fn bytes_are_kept_until_acknowledged_and_counted_in_full() {
        let now = Instant::now();
        let mut log = Log::new(1_000);
        log.append(&call(0, &[7; 100]), now);
        log.append_shared(&call(1, &[]), Bytes::from(vec![8; 500]), now);
        let charged = log.bytes();
        assert_eq!(charged, 2 * (34 + 64) + 600);
        assert!(!log.has_room(300));
        assert_eq!(written(&mut log, now, None).len(), charged - 128);
        assert_eq!(log.bytes(), charged);
        assert_eq!(log.ack(3), Err(Diverged));
        assert_eq!(log.ack(2), Ok(true));
        assert_eq!((log.bytes(), log.ack(1)), (0, Ok(false)));
    }

    #[test]
    fn a_withdrawn_frame_keeps_its_position_and_loses_its_bytes() {
        let now = Instant::now();
        let mut log = Log::new(10_000);
        log.append(&call(0, &[7; 10]), now);
        let place = log.append(&call(1, &[7; 100]), now);
        log.append_shared(&call(2, &[]), Bytes::from(vec![8; 5]), now);
        let late = log.append(&call(3, &[7; 100]), now);
        log.void(place);
        log.void(late);
        let bytes = written(&mut log, now, None);
        let void = (Kind::Void, 0);
        assert_eq!(kinds(&bytes), [(Kind::Call, 38), void, (Kind::Call, 33), void]);
        assert_eq!(log.ack(4), Ok(true));
    }

    #[test]
    fn a_withdrawn_frame_loses_the_body_that_it_has_elsewhere() {
        let now = Instant::now();
        let mut log = Log::new(10_000);
        log.append(&call(0, &[7; 10]), now);
        let place = log.append_shared(&call(1, &[]), Bytes::from(vec![8; 600]), now);
        log.append(&call(2, &[7; 10]), now);
        log.void(place);
        let bytes = written(&mut log, now, None);
        assert_eq!(kinds(&bytes), [(Kind::Call, 38), (Kind::Void, 0), (Kind::Call, 38)]);
        assert_eq!((log.ack(3), log.bytes()), (Ok(true), 0));
    }

    #[test]
    fn a_call_written_late_says_what_is_left_of_its_deadline() {
        let now = Instant::now();
        let mut log = Log::new(10_000);
        log.append(&call(0, b"x"), now);
        let bytes = written(&mut log, now + Duration::from_millis(900), Some(100));
        assert_eq!(bytes[Fields::CALL_REMAINING..Fields::CALL_REMAINING + 4], 100_u32.to_le_bytes());
    }

    #[test]
    fn a_long_tail_is_handed_over_in_batches_cut_at_frames() {
        let now = Instant::now();
        let mut log = Log::new(10 << 20);
        for slot in 0..100 {
            log.append(&call(slot, &[1; 4_000]), now);
        }
        let mut all = Vec::new();
        while log.has_unsent() {
            let batch = written(&mut log, now, None);
            assert!(batch.len() < BATCH_BYTES + 5_000);
            all.extend(batch);
        }
        assert_eq!(kinds(&all).len(), 100);
    }
}
