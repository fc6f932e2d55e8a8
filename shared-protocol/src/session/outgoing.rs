//! The calls this end has made: slots and generations, who waits for each, and when each gives up.
//! Writes no frames; the session does, from what the methods here return.

use std::collections::BTreeMap;
use std::time::Instant;

use smallvec::SmallVec;

use super::log::Place;
use super::{Body, Outcome};
use crate::error::{CallError, NotExecuted};
use crate::ids::CallId;
use crate::limits::Announced;
use crate::wire::Ending;

/// The table of calls made. `W` is what the user of the session is woken by.
#[derive(Debug)]
pub(super) struct Outgoing<W> {
    slots: Vec<Slot<W>>,
    /// Slots that may be reused, the most recently used on top: it is still in the cache.
    free: Vec<u32>,
    /// Outcomes nobody has looked at yet, of calls whose slots were needed again: what the peer allows is a
    /// number of calls in flight, however slowly their callers look.
    set_aside: BTreeMap<CallId, Outcome>,
    /// Where the search for a slot to reuse goes on.
    search_from: usize,
    /// Calls of depth 0 without their terminal frame: what the peer's permits count.
    permits_used: u32,
    in_flight: u32,
}

#[derive(Debug)]
struct Slot<W> {
    generation: u32,
    /// The terminal frame is still to come: the slot must not be reused.
    on_wire: bool,
    depth: u8,
    deadline: Instant,
    place: Place,
    local: Local<W>,
}

/// What this end still wants of a call.
#[derive(Debug)]
enum Local<W> {
    /// Somebody polls it and is woken by `W`.
    Polled(Option<W>),
    /// `W` is handed back with the outcome.
    Detached(W),
    /// It has ended and nobody has looked yet.
    Ended(Outcome),
    /// Nothing.
    Gone,
}

/// What ending a call requires of the session.
#[derive(Debug)]
pub(super) enum Told<W> {
    /// Somebody to wake.
    Wake(W),
    /// Somebody to hand the outcome to.
    Hand(W, Outcome),
    /// Nobody.
    Nobody,
}

/// What giving up a call requires on the wire.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Withdrawal {
    /// Its frame is unsent: void it.
    Void(Place),
    /// The peer has it: cancel it.
    Cancel(CallId),
    /// It is not on the wire any more.
    Nothing,
}

impl<W> Outgoing<W> {
    pub(super) fn new() -> Self {
        Self {
            slots: Vec::new(),
            free: Vec::new(),
            set_aside: BTreeMap::new(),
            search_from: 0,
            permits_used: 0,
            in_flight: 0,
        }
    }

    /// Whether the peer takes another call.
    pub(super) const fn has_permit(&self, peer: &Announced, nested: bool) -> bool {
        self.in_flight < peer.slots_max && (nested || self.permits_used < peer.calls_in_flight_max)
    }

    pub(super) const fn in_flight(&self) -> u32 {
        self.in_flight
    }

    /// Calls whose slots are not yet free again, for whatever reason.
    pub(super) fn slots_used(&self) -> usize {
        self.slots.len() - self.free.len() + self.set_aside.len()
    }

    /// Takes a slot below `slots_max`; there is one, for fewer calls are in flight ([`Outgoing::has_permit`]).
    /// The frame is written by `log`, which is given the call's number.
    pub(super) fn start(
        &mut self,
        slots_max: u32,
        depth: u8,
        deadline: Instant,
        log: impl FnOnce(CallId) -> Place,
    ) -> CallId {
        let index = self.slot_to_use(slots_max);
        let generation = self.slots.get(index as usize).map_or(0, |slot| slot.generation.wrapping_add(1));
        let id = CallId { slot: index, generation };
        let slot =
            Slot { generation, on_wire: true, depth, deadline, place: log(id), local: Local::Polled(None) };
        match self.slots.get_mut(index as usize) {
            Some(place) => *place = slot,
            None => self.slots.push(slot),
        }
        self.in_flight += 1;
        self.permits_used += u32::from(depth == 0);
        id
    }

    fn slot_to_use(&mut self, slots_max: u32) -> u32 {
        if let Some(index) = self.free.pop() {
            return index;
        }
        let next = self.slots.len() as u32;
        if next < slots_max { next } else { self.set_one_aside().unwrap_or(next) }
    }

    /// Frees the slot of a call that has ended and waits to be looked at, by keeping its outcome elsewhere.
    fn set_one_aside(&mut self) -> Option<u32> {
        let len = self.slots.len();
        let index = (0..len).map(|step| (self.search_from + step) % len).find(|&index| {
            let slot = &self.slots[index];
            !slot.on_wire && matches!(slot.local, Local::Ended(_))
        })?;
        self.search_from = index + 1;
        let slot = &mut self.slots[index];
        let id = CallId { slot: index as u32, generation: slot.generation };
        if let Local::Ended(outcome) = std::mem::replace(&mut slot.local, Local::Gone) {
            self.set_aside.insert(id, outcome);
        }
        Some(id.slot)
    }

    fn slot(&mut self, id: CallId) -> Option<&mut Slot<W>> {
        self.slots.get_mut(id.slot as usize).filter(|slot| slot.generation == id.generation)
    }

    /// The depth of a call whose answer is still to come.
    pub(super) fn depth_of(&self, id: CallId) -> Option<u8> {
        let slot = self.slots.get(id.slot as usize)?;
        (slot.generation == id.generation && slot.on_wire).then_some(slot.depth)
    }

    /// The deadline of a call whose answer is still to come.
    pub(super) fn deadline_of(&self, id: CallId) -> Option<Instant> {
        let slot = self.slots.get(id.slot as usize)?;
        (slot.generation == id.generation && slot.on_wire).then_some(slot.deadline)
    }

    /// The outcome, if there is one; else `waiter` is kept and an earlier one dropped.
    pub(super) fn poll(&mut self, id: CallId, waiter: impl FnOnce() -> W) -> Option<Outcome> {
        if let Some(Slot { local: Local::Polled(place), .. }) = self.slot(id) {
            *place = Some(waiter());
            return None;
        }
        Some(self.poll_ended(id))
    }

    /// From now on `waiter` is handed back with the outcome. If it has ended already, both come back at once.
    pub(super) fn detach(&mut self, id: CallId, waiter: W) -> Option<(W, Outcome)> {
        match self.slot(id) {
            Some(slot) if matches!(slot.local, Local::Polled(_)) => {
                slot.local = Local::Detached(waiter);
                None
            }
            _ => {
                let outcome = self.poll_ended(id);
                Some((waiter, outcome))
            }
        }
    }

    /// The outcome of a call that is not waited for (any more); a stranger's or one taken before is `Cancelled`.
    fn poll_ended(&mut self, id: CallId) -> Outcome {
        let Some(slot) = self.slot(id) else {
            return self.set_aside.remove(&id).unwrap_or(Err(CallError::Cancelled));
        };
        match std::mem::replace(&mut slot.local, Local::Gone) {
            Local::Ended(outcome) => {
                self.recycle(id.slot);
                outcome
            }
            other => {
                slot.local = other;
                Err(CallError::Cancelled)
            }
        }
    }

    /// Its terminal frame has come. `None` if the peer has no such call: it is wrong. The flag says that the
    /// call was still wanted: it has not been cancelled.
    pub(super) fn terminal(
        &mut self,
        id: CallId,
        ending: Ending<'_>,
        is_sent: impl Fn(u64) -> bool,
    ) -> Option<(Told<W>, bool)> {
        let slot = self.slot(id).filter(|slot| slot.on_wire && is_sent(slot.place.position))?;
        slot.on_wire = false;
        let wanted = matches!(slot.local, Local::Polled(_) | Local::Detached(_));
        let told = match std::mem::replace(&mut slot.local, Local::Gone) {
            Local::Polled(waiter) => {
                slot.local = Local::Ended(owned(ending));
                waiter.map_or(Told::Nobody, Told::Wake)
            }
            Local::Detached(waiter) => Told::Hand(waiter, owned(ending)),
            // It ended here before (deadline), and that is what its caller has been or will be told.
            ended @ Local::Ended(_) => {
                slot.local = ended;
                Told::Nobody
            }
            Local::Gone => Told::Nobody,
        };
        self.off_wire(id.slot);
        Some((told, wanted))
    }

    /// Nobody wants the answer any more.
    pub(super) fn abandon(&mut self, id: CallId, is_sent: impl Fn(u64) -> bool) -> Withdrawal {
        let Some(slot) = self.slot(id) else {
            self.set_aside.remove(&id);
            return Withdrawal::Nothing;
        };
        match std::mem::replace(&mut slot.local, Local::Gone) {
            Local::Polled(_) | Local::Detached(_) => self.withdraw(id, is_sent),
            // Withdrawn already where it ended by its deadline; else only its outcome was left here.
            Local::Ended(_) => {
                self.recycle(id.slot);
                Withdrawal::Nothing
            }
            // Given up or looked at before: its slot may be free already, and must not be freed twice.
            Local::Gone => Withdrawal::Nothing,
        }
    }

    fn withdraw(&mut self, id: CallId, is_sent: impl Fn(u64) -> bool) -> Withdrawal {
        let place = self.slots[id.slot as usize].place;
        if is_sent(place.position) {
            return Withdrawal::Cancel(id);
        }
        // It was never written, so no terminal frame will come: the slot is free as soon as it is looked at.
        self.slots[id.slot as usize].on_wire = false;
        self.off_wire(id.slot);
        Withdrawal::Void(place)
    }

    /// Ends every call whose deadline has passed.
    pub(super) fn expire(
        &mut self,
        now: Instant,
        is_sent: impl Fn(u64) -> bool + Copy,
    ) -> SmallVec<[(Told<W>, Withdrawal); 2]> {
        let mut expired = SmallVec::new();
        for index in 0..self.slots.len() {
            let slot = &self.slots[index];
            if !slot.has_deadline() || now < slot.deadline {
                continue;
            }
            let sent = is_sent(slot.place.position);
            let error = if sent {
                CallError::DeadlineExceeded
            } else {
                CallError::NotExecuted(NotExecuted::NeverSent)
            };
            let id = CallId { slot: index as u32, generation: slot.generation };
            let told = self.end_here(index, error);
            expired.push((told, self.withdraw(id, is_sent)));
        }
        expired
    }

    /// Ends everything: the session is over. Unsent calls are to be voided, for their callers are told so.
    pub(super) fn end_all(&mut self, is_sent: impl Fn(u64) -> bool) -> Vec<(Told<W>, Withdrawal)> {
        let mut ended = Vec::new();
        for index in 0..self.slots.len() {
            let slot = &self.slots[index];
            if !slot.on_wire {
                continue;
            }
            let (error, withdrawal) = if is_sent(slot.place.position) {
                (CallError::Indeterminate, Withdrawal::Nothing)
            } else {
                (CallError::NotExecuted(NotExecuted::NeverSent), Withdrawal::Void(slot.place))
            };
            ended.push((self.end_here(index, error), withdrawal));
            self.slots[index].on_wire = false;
            self.off_wire(index as u32);
        }
        ended
    }

    /// Tells a call's waiter an ending that this end decided.
    fn end_here(&mut self, index: usize, error: CallError<Body>) -> Told<W> {
        let slot = &mut self.slots[index];
        match std::mem::replace(&mut slot.local, Local::Gone) {
            Local::Polled(waiter) => {
                slot.local = Local::Ended(Err(error));
                waiter.map_or(Told::Nobody, Told::Wake)
            }
            Local::Detached(waiter) => Told::Hand(waiter, Err(error)),
            other => {
                slot.local = other;
                Told::Nobody
            }
        }
    }

    fn off_wire(&mut self, index: u32) {
        self.in_flight -= 1;
        self.permits_used -= u32::from(self.slots[index as usize].depth == 0);
        self.recycle(index);
    }

    /// Frees a slot that neither the wire nor anybody here needs.
    fn recycle(&mut self, index: u32) {
        let slot = &self.slots[index as usize];
        if !slot.on_wire && matches!(slot.local, Local::Gone) {
            self.free.push(index);
        }
    }

    /// The first deadline of a call whose caller still waits. Looks at every slot.
    pub(super) fn next_deadline(&self) -> Option<Instant> {
        self.slots.iter().filter(|slot| slot.has_deadline()).map(|slot| slot.deadline).min()
    }
}

impl<W> Slot<W> {
    /// Whether it is to be ended here when its time is up.
    const fn has_deadline(&self) -> bool {
        self.on_wire && !matches!(self.local, Local::Ended(_) | Local::Gone)
    }
}

fn owned(ending: Ending<'_>) -> Outcome {
    ending.map(Body::from_slice).map_err(|error| error.map_handler(Body::from_slice))
}
