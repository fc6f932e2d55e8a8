//! Calls and messages that wait for a handler slot, in arrival order.

use std::collections::VecDeque;

use farcall_protocol::CallId;

use super::Arrived;

/// What waits. Those of one session start in arrival order, so once one waits, everything behind it does; only calls nested in
/// our own pass.
#[derive(Debug, Default)]
pub(super) struct Queue {
    waiting: VecDeque<Queued>,
    bytes: usize,
}

#[derive(Debug)]
struct Queued {
    arrived: Arrived,
    body: Vec<u8>,
}

impl Queue {
    pub(super) fn push(&mut self, arrived: Arrived, body: &[u8]) {
        self.bytes += body.len();
        self.waiting.push_back(Queued { arrived, body: body.to_vec() });
    }

    pub(super) fn pop(&mut self) -> Option<(Arrived, Vec<u8>)> {
        let Queued { arrived, body } = self.waiting.pop_front()?;
        self.bytes -= body.len();
        Some((arrived, body))
    }

    /// Takes a call out of the middle. False if it does not wait.
    pub(super) fn withdraw(&mut self, id: CallId) -> bool {
        let at = self.waiting.iter().position(|queued| queued.arrived.call == Some(id));
        let withdrawn = at.and_then(|at| self.waiting.remove(at));
        self.bytes -= withdrawn.as_ref().map_or(0, |queued| queued.body.len());
        withdrawn.is_some()
    }

    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Bytes of the bodies that wait.
    pub(super) const fn bytes(&self) -> usize {
        self.bytes
    }
}
