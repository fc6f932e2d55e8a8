//! Callers waiting for a permit or for room in the log, in the order in which they came.
//! Wakes only the front one: whoever gets through wakes the next.

use std::collections::VecDeque;
use std::time::Instant;

/// A place in the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ticket(u64);

/// The queue.
#[derive(Debug)]
pub(super) struct Waiting<W> {
    queue: VecDeque<Entry<W>>,
    next: u64,
}

#[derive(Debug)]
struct Entry<W> {
    ticket: Ticket,
    deadline: Instant,
    waiter: Option<W>,
}

/// Callers of one session that may wait at once. They are this end's own, each with its call in hand; the bound
/// keeps a program that never slows down from queueing without end.
const CALLERS_MAX: usize = 65_536;

impl<W> Waiting<W> {
    pub(super) const fn new() -> Self {
        Self { queue: VecDeque::new(), next: 0 }
    }

    /// Whether this caller may go before everybody in the queue.
    pub(super) fn may_pass(&self, ticket: Option<Ticket>) -> bool {
        match (self.queue.front(), ticket) {
            (None, _) => true,
            (Some(front), Some(ticket)) => front.ticket == ticket,
            (Some(_), None) => false,
        }
    }

    /// Queues a caller. `None` when the queue is full.
    pub(super) fn join(&mut self, deadline: Instant) -> Option<Ticket> {
        if self.queue.len() >= CALLERS_MAX {
            return None;
        }
        let ticket = Ticket(self.next);
        self.next += 1;
        self.queue.push_back(Entry { ticket, deadline, waiter: None });
        Some(ticket)
    }

    /// Keeps what wakes a queued caller. False if it is no longer queued: its deadline has passed.
    pub(super) fn wait(&mut self, ticket: Ticket, waiter: W) -> bool {
        match self.queue.binary_search_by_key(&ticket, |entry| entry.ticket) {
            Ok(at) => {
                self.queue[at].waiter = Some(waiter);
                true
            }
            Err(_) => false,
        }
    }

    pub(super) fn is_queued(&self, ticket: Ticket) -> bool {
        self.queue.binary_search_by_key(&ticket, |entry| entry.ticket).is_ok()
    }

    /// A caller got through or gave up.
    pub(super) fn leave(&mut self, ticket: Ticket) {
        if let Ok(at) = self.queue.binary_search_by_key(&ticket, |entry| entry.ticket) {
            self.queue.remove(at);
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// Whom to wake when there may be room.
    pub(super) fn wake_front(&mut self) -> Option<W> {
        self.queue.front_mut().and_then(|entry| entry.waiter.take())
    }

    /// Removes those whose deadline has passed; they find themselves gone when they look.
    pub(super) fn expire(&mut self, now: Instant) -> Vec<W> {
        let mut woken = Vec::new();
        self.queue.retain_mut(|entry| {
            let keep = now < entry.deadline;
            if !keep {
                woken.extend(entry.waiter.take());
            }
            keep
        });
        woken
    }

    /// Everybody, at the session's end.
    pub(super) fn end_all(&mut self) -> Vec<W> {
        self.queue.drain(..).filter_map(|entry| entry.waiter).collect()
    }

    /// The first deadline. Looks at everybody.
    pub(super) fn next_deadline(&self) -> Option<Instant> {
        self.queue.iter().map(|entry| entry.deadline).min()
    }
}
