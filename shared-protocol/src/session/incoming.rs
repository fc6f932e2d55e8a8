//! The calls the peer has made: one entry a slot, from the Call frame until its terminal frame is in the log.
//! Writes no frames and runs no handlers.

use std::collections::VecDeque;
use std::time::Instant;

use smallvec::SmallVec;

use super::Body;
use crate::close::CloseCode;
use crate::error::CallError;
use crate::ids::CallId;

/// The table of calls taken.
#[derive(Debug)]
pub(super) struct Incoming {
    slots: Vec<Slot>,
    slots_max: u32,
    /// Calls of depth 0 whose terminal frame is not logged yet.
    permits_used: u32,
    in_flight: u32,
    /// Finished calls whose reply found no room in the log; each keeps its slot until it does.
    parked: VecDeque<Parked>,
}

#[derive(Debug, Clone, Copy)]
struct Slot {
    generation: u32,
    call: Option<Running>,
}

#[derive(Debug, Clone, Copy)]
struct Running {
    depth: u8,
    nested: bool,
    deadline: Instant,
    stop: Option<Stop>,
    parked: bool,
}

/// Why a handler is to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// The caller no longer wants the answer.
    Cancelled,
    /// Its deadline has passed.
    Expired,
}

/// A finished call waiting for room.
#[derive(Debug)]
pub(super) struct Parked {
    pub(super) id: CallId,
    pub(super) ending: Result<Body, CallError<Body>>,
}

impl Incoming {
    pub(super) const fn new(slots_max: u32) -> Self {
        Self { slots: Vec::new(), slots_max, permits_used: 0, in_flight: 0, parked: VecDeque::new() }
    }

    /// Takes a call. The error is the peer's: it closes the session.
    #[inline]
    pub(super) fn start(
        &mut self,
        id: CallId,
        depth: u8,
        nested: bool,
        deadline: Instant,
    ) -> Result<(), CloseCode> {
        if id.slot >= self.slots_max {
            return Err(CloseCode::SlotOutOfRange);
        }
        let index = id.slot as usize;
        if index >= self.slots.len() {
            // Slots are used from the lowest: at most `slots_max` entries of some 40 bytes. The first comes alone: most
            // clients make one call at a time.
            if self.slots.capacity() == 0 {
                self.slots.reserve_exact(index + 1);
            }
            self.slots.resize(index + 1, Slot { generation: 0, call: None });
        }
        let slot = &mut self.slots[index];
        if slot.call.is_some() {
            return Err(CloseCode::SlotInUse);
        }
        *slot = Slot {
            generation: id.generation,
            call: Some(Running { depth, nested, deadline, stop: None, parked: false }),
        };
        self.in_flight += 1;
        self.permits_used += u32::from(!nested);
        Ok(())
    }

    #[inline]
    fn running(&mut self, id: CallId) -> Option<&mut Running> {
        self.slots
            .get_mut(id.slot as usize)
            .filter(|slot| slot.generation == id.generation)
            .and_then(|slot| slot.call.as_mut())
    }

    /// Of a call that still owes its terminal frame.
    pub(super) fn depth_and_deadline_of(&self, id: CallId) -> Option<(u8, Instant)> {
        let slot = self.slots.get(id.slot as usize).filter(|slot| slot.generation == id.generation)?;
        slot.call.map(|call| (call.depth, call.deadline))
    }

    /// A Cancel has come. True if a handler is to stop.
    pub(super) fn cancel(&mut self, id: CallId) -> bool {
        self.running(id).is_some_and(|call| {
            let first = call.stop.is_none() && !call.parked;
            call.stop = call.stop.or(Some(Stop::Cancelled));
            first
        })
    }

    /// How a handler that was stopped has ended.
    #[inline]
    pub(super) fn stopped(&mut self, id: CallId) -> Option<Stop> {
        self.running(id).and_then(|call| call.stop)
    }

    /// Whether the call is to be answered and has not been stopped.
    pub(super) fn is_wanted(&self, id: CallId) -> bool {
        let slot = self.slots.get(id.slot as usize).filter(|slot| slot.generation == id.generation);
        slot.and_then(|slot| slot.call).is_some_and(|call| !call.parked && call.stop.is_none())
    }

    /// Whether the call still owes its terminal frame and has not been given one.
    #[inline]
    pub(super) fn is_open(&mut self, id: CallId) -> bool {
        self.running(id).is_some_and(|call| !call.parked)
    }

    /// Gives memory back, if no call is being handled. Slots without one say nothing: who asks for them is told as much.
    pub(super) fn shrink(&mut self) {
        if self.in_flight == 0 {
            self.slots = Vec::new();
        }
    }

    /// Its terminal frame is in the log: the slot is free.
    #[inline]
    pub(super) fn finish(&mut self, id: CallId) {
        let Some(slot) = self.slots.get_mut(id.slot as usize).filter(|slot| slot.generation == id.generation)
        else {
            return;
        };
        if let Some(call) = slot.call.take() {
            self.in_flight -= 1;
            self.permits_used -= u32::from(!call.nested);
        }
    }

    /// Keeps a finished call until its reply fits.
    pub(super) fn park(&mut self, parked: Parked) {
        if let Some(call) = self.running(parked.id) {
            call.parked = true;
            self.parked.push_back(parked);
        }
    }

    pub(super) fn has_parked(&self) -> bool {
        !self.parked.is_empty()
    }

    pub(super) fn parked(&mut self) -> &mut VecDeque<Parked> {
        &mut self.parked
    }

    pub(super) const fn permits_used(&self) -> u32 {
        self.permits_used
    }

    pub(super) const fn in_flight(&self) -> u32 {
        self.in_flight
    }

    /// Handlers whose deadline has passed.
    pub(super) fn expire(&mut self, now: Instant) -> SmallVec<[CallId; 2]> {
        let mut expired = SmallVec::new();
        for (index, slot) in self.slots.iter_mut().enumerate() {
            if let Some(call) = slot.call.as_mut().filter(|call| call.has_deadline() && now >= call.deadline)
            {
                call.stop = Some(Stop::Expired);
                expired.push(CallId { slot: index as u32, generation: slot.generation });
            }
        }
        expired
    }

    /// Every call that has not been answered: the session is over, their handlers are to stop.
    pub(super) fn end_all(&mut self) -> Vec<CallId> {
        self.parked.clear();
        (self.in_flight, self.permits_used) = (0, 0);
        let slots = self.slots.iter_mut().enumerate();
        slots
            .filter_map(|(index, slot)| {
                slot.call.take().filter(|call| !call.parked)?;
                Some(CallId { slot: index as u32, generation: slot.generation })
            })
            .collect()
    }

    /// The first deadline of a call that runs and has not been stopped. Looks at every slot.
    pub(super) fn next_deadline(&self) -> Option<Instant> {
        let calls = self.slots.iter().filter_map(|slot| slot.call.as_ref());
        calls.filter(|call| call.has_deadline()).map(|call| call.deadline).min()
    }
}

impl Running {
    /// Whether it is to be stopped when its time is up.
    const fn has_deadline(&self) -> bool {
        self.stop.is_none() && !self.parked
    }
}
