//! Events that came together, while they are handled: the answers that are ready at once, sent together under one lock, and
//! how long their handlers take. Space for one belongs to a thread, not to a session: between batches it holds nothing.

use std::cell::Cell;
use std::ops::Range;
use std::time::Instant;

use bytes::Bytes;
use farcall_protocol::{CallError, CallId};

use super::Handling;
use crate::encoded::LARGE_BODY_BYTES;
use crate::router::Ended;
use crate::shared::Shared;
use crate::slow::Timing;

/// What comes of events that came together.
#[derive(Debug)]
pub(super) struct Batch {
    /// Whose answer each is, how its handler ended, and where its body is.
    replies: Vec<(CallId, Ended, ReplyBody)>,
    /// The bodies of most of them, one behind the other: handlers write here.
    pub(super) bytes: Vec<u8>,
    pub(super) timing: Timing,
    /// When the events came.
    came_at: Instant,
}

/// The body of an answer.
#[derive(Debug)]
enum ReplyBody {
    /// Among the bytes of all that are sent together.
    Among(Range<usize>),
    /// A value by itself: of so many bytes that to copy them costs more than another piece in a write.
    Large(Bytes),
}

/// Space for answers' bytes that a thread keeps for its next batch.
const BYTES_KEPT: usize = 64 << 10;

thread_local! {
    static SPACE: Cell<Option<Box<Batch>>> = const { Cell::new(None) };
}

impl Batch {
    /// An empty one, for events that came at this time. A handler may run another session's on the same thread: that one gets
    /// space of its own.
    #[inline]
    pub(super) fn begin(now: Instant) -> Box<Self> {
        match SPACE.take() {
            Some(mut batch) => {
                batch.came_at = now;
                batch.timing.begin(now);
                batch
            }
            None => Box::new(Self {
                replies: Vec::new(),
                bytes: Vec::new(),
                timing: Timing::new(now),
                came_at: now,
            }),
        }
    }

    /// When the events came.
    #[inline]
    pub(super) const fn came_at(&self) -> Instant {
        self.came_at
    }

    /// A handler has ended that wrote behind `from`.
    #[inline]
    pub(super) fn done(
        &mut self,
        shared: &Shared,
        call: Option<CallId>,
        ended: Ended,
        from: usize,
        handling: &Handling,
    ) {
        handling.finished(shared, ended.clone().map_err(|error| error.map_handler(|()| &[][..])));
        let Some(id) = call else { return self.bytes.truncate(from) };
        let body = match ended {
            Ok(()) => self.take_body(from),
            Err(_) => ReplyBody::Among(from..self.bytes.len()),
        };
        self.replies.push((id, ended, body));
    }

    /// Nothing is run for it. A message has nobody who waits for more.
    pub(super) fn refuse(&mut self, call: Option<CallId>, why: CallError<()>) {
        if let Some(id) = call {
            let at = self.bytes.len();
            self.replies.push((id, Err(why), ReplyBody::Among(at..at)));
        }
    }

    /// What a handler has written behind all others.
    #[inline]
    fn take_body(&mut self, from: usize) -> ReplyBody {
        let to = self.bytes.len();
        if to - from < LARGE_BODY_BYTES {
            return ReplyBody::Among(from..to);
        }
        // The first of a batch is moved, and leaves the next in first place again.
        let large = if from == 0 { std::mem::take(&mut self.bytes) } else { self.bytes.split_off(from) };
        ReplyBody::Large(large.into())
    }

    /// Whether there is anything to answer.
    pub(super) fn has_replies(&self) -> bool {
        !self.replies.is_empty()
    }

    /// Hands the answers over, under one lock.
    pub(super) fn send(&mut self, shared: &Shared, at: Instant) {
        let Self { replies, bytes, .. } = self;
        if replies.is_empty() {
            return;
        }
        shared.act(|session| {
            for (id, ended, body) in replies.drain(..) {
                match (ended, body) {
                    (_, ReplyBody::Large(value)) => session.reply_shared(id, value, at),
                    (Ok(()), ReplyBody::Among(range)) => session.reply(id, Ok(&bytes[range]), at),
                    (Err(error), ReplyBody::Among(range)) => {
                        session.reply(id, Err(error.map_handler(|()| &bytes[range])), at)
                    }
                };
            }
        });
    }

    /// Gives the space back to its thread.
    pub(super) fn give_back(mut self: Box<Self>) {
        self.bytes.clear();
        if self.bytes.capacity() > BYTES_KEPT {
            self.bytes = Vec::new();
        }
        SPACE.set(Some(self));
    }
}
