//! A caller that is alone with its session writes to the idle connection by itself: to hand its bytes over to the driver's task
//! would cost it two more turns (0.79 of raw's calls became 0.83). Whatever is not so simple is left to the driver.

use std::time::Instant;

use farcall_protocol::session::{Batch, Session};

use crate::shared::{Core, Shared, Waiter, now};
use crate::transport::Shortcut;
use crate::writing::Writing;

/// What a lone caller needs to know of the connection and its driver. Behind the session's lock.
#[derive(Debug, Default)]
pub(crate) struct Alone {
    /// The way to the connection. Gone with it: what is written must not reach an older one than the session's (R5).
    way: Option<Shortcut>,
    /// The driver has bytes that the connection does not take.
    blocked: bool,
    /// What the connection did not take of a caller's bytes: before all else. In a box, for it is rare.
    left_over: Option<Box<Writing>>,
}

impl Alone {
    pub(crate) fn connect(&mut self, way: Option<Shortcut>) {
        self.way = way;
        self.left_over = None;
    }

    pub(crate) fn disconnect(&mut self) {
        self.connect(None);
    }

    pub(crate) const fn driver_sleeps(&mut self, blocked: bool) {
        self.blocked = blocked;
    }

    pub(crate) const fn has_left_over(&self) -> bool {
        self.left_over.is_some()
    }
}

impl Shared {
    /// Says something to the peer: writes it, if that is all there is to do, or wakes the driver.
    #[inline]
    pub(crate) fn speak<R>(&self, say: impl FnOnce(&mut Session<Waiter>, Instant) -> R) -> R {
        let now = now();
        let (result, driver) = {
            let mut core = self.lock();
            let wakes_at = core.session.wakes_at();
            let result = say(&mut core.session, now);
            let driver = if core.write_alone(wakes_at, now) { None } else { core.driver.take() };
            (result, driver)
        };
        if let Some(driver) = driver {
            driver.wake();
        }
        result
    }

    /// What the driver is to write next over a connection. `progress` says that it has written what it took before.
    pub(crate) fn take_output(&self, generation: u64, progress: bool, now: Instant, batch: &mut Batch) {
        let mut core = self.lock();
        if self.has_arrival(generation) && !cfg!(mutant = "5") {
            return;
        }
        if progress {
            core.session.wrote(true, false, now);
        }
        if let Some(mut left_over) = core.alone.left_over.take() {
            left_over.move_to(batch);
        }
        core.session.take_output(now, batch);
    }
}

impl Core {
    /// Writes what there is to write, if nobody else has a part in this session just now. False if there is anything left for the
    /// driver to do: also to wake earlier by itself than at `wakes_at`, as it means to while it sleeps.
    fn write_alone(&mut self, wakes_at: Option<Instant>, now: Instant) -> bool {
        // An answer that has come and was not looked at yet counts: its caller is about to call again, and calls that could
        // go together would go one by one (0.6 times the calls with 256 in flight).
        let is_alone = self.driver.is_some() && !self.alone.blocked && self.session.calls_unfinished() <= 1;
        let is_alone = is_alone && !self.alone.has_left_over();
        let Some(way) = self.alone.way.as_ref().filter(|_| is_alone) else { return false };
        let mut writing = Writing::default();
        self.session.take_output(now, &mut writing.pieces);
        // An error is the driver's to find, when it writes the same.
        let written = way.write(&writing).unwrap_or(0);
        writing.advance(written);
        if !writing.is_empty() {
            self.alone.left_over = Some(Box::new(writing));
            return false;
        }
        self.session.wrote(written > 0, false, now);
        self.session.wakes_at() == wakes_at
    }
}

#[cfg(test)]
mod tests;
