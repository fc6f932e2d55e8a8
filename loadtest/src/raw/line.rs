//! What the callers of one raw connection share: queued bytes and the calls in flight. Behind one short mutex;
//! touches no socket and wakes nobody by itself.

use std::task::Waker;

use super::frame::{self, Inbox};
use crate::failure::Failure;

/// One connection's queue and its calls in flight.
#[derive(Debug, Default)]
pub(super) struct Line {
    /// Frames that wait for the next write. Bounded by the callers, each of whom waits for its answer, and by the rounds
    /// that a pusher may be ahead.
    pub(super) out: Vec<u8>,
    /// The driver was told of what is queued; telling it again would only cost a wake.
    pub(super) told: bool,
    /// Why nothing goes through any more.
    pub(super) lost: Option<Failure>,
    /// Indexed by call id. Slots are used again, so that their reply buffers are too.
    slots: Vec<Slot>,
    free: Vec<u32>,
}

/// One call in flight.
#[derive(Debug)]
struct Slot {
    state: State,
    reply: Vec<u8>,
}

#[derive(Debug)]
enum State {
    Free,
    Waiting(Waker),
    Answered,
    /// Its caller left; the id stays taken until the answer has come, which would else reach the next caller.
    Abandoned,
}

impl Line {
    /// No call is in flight, nor answered and not yet consumed: the socket is idle and the next caller alone.
    pub(super) fn is_idle(&self) -> bool {
        self.free.len() == self.slots.len()
    }

    /// Queues a call and gives its id.
    pub(super) fn issue(&mut self, body: &[u8], waker: &Waker) -> Result<u32, Failure> {
        let next = self.slots.len() as u32;
        let id = self.free.last().copied().unwrap_or(next);
        frame::put(&mut self.out, id, body)?;
        let state = State::Waiting(waker.clone());
        if id == next {
            self.slots.push(Slot { state, reply: Vec::new() });
        } else {
            self.free.pop();
            self.slots[id as usize].state = state;
        }
        Ok(id)
    }

    /// Queues an encoded frame that wants no answer, and says whether the driver must be told. What is queued is bounded
    /// by whoever pushes: see [`Server::push`](crate::Server::push).
    pub(super) fn push(&mut self, frame: &[u8]) -> Result<bool, Failure> {
        if let Some(why) = &self.lost {
            return Err(why.clone());
        }
        self.out.extend_from_slice(frame);
        Ok(!std::mem::replace(&mut self.told, true))
    }

    /// The answer to `id`, checked against what was sent; `None` while it is on its way.
    pub(super) fn collect(&mut self, id: u32, body: &[u8], waker: &Waker) -> Option<Result<usize, Failure>> {
        let slot = &mut self.slots[id as usize];
        match &mut slot.state {
            State::Waiting(registered) => {
                registered.clone_from(waker);
                None
            }
            _ => {
                let reply = if slot.reply == body { Ok(body.len()) } else { Err(Failure::WrongReply) };
                self.release(id);
                Some(reply)
            }
        }
    }

    /// The caller of `id` went away.
    pub(super) fn abandon(&mut self, id: u32) {
        match self.slots[id as usize].state {
            State::Waiting(_) => self.slots[id as usize].state = State::Abandoned,
            _ => self.release(id),
        }
    }

    /// Takes every whole answer out of `inbox`; whom to wake after unlocking goes to `wakers`.
    pub(super) fn deliver(&mut self, inbox: &mut Inbox, wakers: &mut Vec<Waker>) -> Result<(), Failure> {
        while let Some((id, body)) = inbox.next()? {
            let slot = self.slots.get_mut(id as usize).ok_or(Failure::Malformed)?;
            match std::mem::replace(&mut slot.state, State::Answered) {
                State::Waiting(waker) => {
                    slot.reply.clear();
                    slot.reply.extend_from_slice(body);
                    wakers.push(waker);
                }
                State::Abandoned => self.release(id),
                State::Free | State::Answered => return Err(Failure::Malformed),
            }
        }
        Ok(())
    }

    /// Nothing goes through any more: everyone who waits is to be woken and will find why.
    pub(super) fn lose(&mut self, why: Failure) -> Vec<Waker> {
        self.lost.get_or_insert(why);
        let waiting = |slot: &Slot| match &slot.state {
            State::Waiting(waker) => Some(waker.clone()),
            _ => None,
        };
        self.slots.iter().filter_map(waiting).collect()
    }

    fn release(&mut self, id: u32) {
        self.slots[id as usize].state = State::Free;
        self.free.push(id);
    }
}
