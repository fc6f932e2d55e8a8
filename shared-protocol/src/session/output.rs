//! What goes to the writer: acknowledgements, pings and the like made from state; then the log; then latest
//! values whose time has come.

use std::time::Instant;

use bytes::{Bytes, BytesMut};
use smallvec::SmallVec;

use super::calls::remaining_ms;
use super::moment::Moment;
use super::{Inbound, Session};
use crate::ids::Side;
use crate::wire::Frame;

/// Pieces to be written one after the other.
pub type Batch = SmallVec<[Bytes; 4]>;

/// Above this a latest value's body is written from where it is instead of being copied.
const COPIED_BYTES_MAX: usize = 512;

impl<W> Session<W> {
    /// Whether [`Session::take_output`] would give anything now.
    pub fn has_output(&self, now: Instant) -> bool {
        if let Some(closed) = &self.closed {
            return closed.is_untold;
        }
        if !self.is_attached() {
            return false;
        }
        self.log.has_unsent()
            || self.control.pong.is_some()
            || self.droppable_bytes() > 0
            || self.inbound.is_ack_due(now)
            || self.liveness.is_ping_due(now)
            || self.latest.has_ready(|after| self.log.is_sent_up_to(after))
    }

    /// Takes the next pieces to write, at most about 64 KiB beyond the last frame's own size. What is taken
    /// counts as sent; take more only when it has been written.
    pub fn take_output(&mut self, now: Instant, batch: &mut Batch) {
        let before = batch.len();
        if self.closed.is_some() {
            self.take_farewell(now, batch);
        } else if self.is_attached() {
            self.take_frames(now, batch);
        }
        self.counts.bytes_out += batch[before..].iter().map(|piece| piece.len() as u64).sum::<u64>();
    }

    fn take_frames(&mut self, now: Instant, batch: &mut Batch) {
        let first = batch.len();
        let rides = self.log.has_unsent() && self.inbound.may_ride();
        self.take_log(now, batch);
        if let Some(unlogged) = self.take_unlogged(rides, now) {
            batch.insert(first, unlogged);
        }
        if let Some(waiting) = self.control.droppable.as_mut().filter(|waiting| !waiting.is_empty()) {
            batch.push(waiting.split().freeze());
        }
        self.take_latest(batch);
    }

    /// What goes before the log. Put together behind it, where it needs no space of its own.
    fn take_unlogged(&mut self, rides: bool, now: Instant) -> Option<Bytes> {
        let ping = self.liveness.take_ping(now);
        let pong = self.control.pong.take();
        let ack = rides || self.inbound.is_ack_due(now);
        if !ping && pong.is_none() && !ack {
            return None;
        }
        let time_us = self.time_us(now);
        let mut own = BytesMut::new();
        let head = self.log.spare().unwrap_or(&mut own);
        if ping {
            let rtt_us = self.liveness.rtt_us().map_or(0, |rtt| rtt.max(1));
            Frame::Ping { time_us, rtt_us }.put(head);
        }
        if let Some(echo_us) = pong {
            Frame::Pong { echo_us, time_us }.put(head);
        }
        if ack {
            self.inbound.put_ack(head);
        }
        Some(head.split().freeze())
    }

    fn take_log(&mut self, now: Instant, batch: &mut Batch) {
        if !self.log.has_unsent() {
            return;
        }
        let outgoing = &self.outgoing;
        let left = |id| outgoing.deadline_of(id).map(|deadline| remaining_ms(deadline, now));
        self.log.take(now, left, batch);
        self.await_ack(false, now);
    }

    fn take_latest(&mut self, batch: &mut Batch) {
        let log = &self.log;
        let mut copied = BytesMut::new();
        self.latest.take(
            |after| log.is_sent_up_to(after),
            |number, to, body| {
                if body.len() <= COPIED_BYTES_MAX {
                    Frame::Latest { number, to, body }.put(&mut copied);
                } else {
                    Frame::Latest { number, to, body: &[] }.put_before(&mut copied, body.len());
                    batch.push(copied.split().freeze());
                    batch.push(body.clone());
                }
            },
        );
        if !copied.is_empty() {
            batch.push(copied.freeze());
        }
    }

    /// The last words: after an orderly end what was logged before it, and always why.
    fn take_farewell(&mut self, now: Instant, batch: &mut Batch) {
        let Some(closed) = self.closed.as_mut().filter(|closed| closed.is_untold) else { return };
        closed.is_untold = false;
        if self.closes_orderly() {
            while self.log.has_unsent() {
                self.take_log(now, batch);
            }
        }
        let mut last = BytesMut::new();
        self.inbound.put_ack(&mut last);
        if let Some(reason) = self.closed() {
            Frame::Close { code: reason.code.number(), message: &reason.message }.put(&mut last);
        }
        batch.push(last.freeze());
        self.log.clear();
    }

    /// What became of the pieces taken: whether any byte was accepted, and whether any is left over.
    pub fn wrote(&mut self, progress: bool, pending: bool, now: Instant) {
        if pending {
            self.liveness.blocked(progress, self.origin.moment(now));
            self.wake_by(now + self.limits.write_stall_max);
        } else if self.liveness.is_blocked() {
            self.liveness.unblocked();
            // What could not be written is due again.
            self.look_at_times();
        }
    }

    /// Something waits to be acknowledged; `progress` if something else just was.
    pub(super) fn await_ack(&mut self, progress: bool, now: Instant) {
        if progress || !self.liveness.awaits_ack() {
            self.liveness.await_ack(self.origin.moment(now));
            self.wake_by(now + self.limits.ack_silence_max);
        }
    }

    /// This end's clock, as its pings say it.
    pub(super) fn time_us(&self, now: Instant) -> u64 {
        let read = match self.side {
            // The server's goes on with the clock that its welcome began.
            Side::Server => self.clock.now(now),
            Side::Client => self.origin.moment(now).since(Moment::ORIGIN),
        };
        u64::try_from(read.as_micros()).unwrap_or(u64::MAX)
    }
}

impl Inbound {
    fn put_ack(&mut self, out: &mut BytesMut) {
        self.told();
        Frame::Ack { position: self.position, latest: self.latest }.put(out);
    }
}
