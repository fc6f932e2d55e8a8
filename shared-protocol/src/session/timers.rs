//! What happens by itself: every reason to wake is a variant of [`Timer`].

use std::time::Instant;

use super::{Event, Session, Sink, Stop};
use crate::close::CloseReason;

/// Why a session wants to be woken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Timer {
    /// An acknowledgement is due.
    Ack,
    /// A ping is due, or the peer has been silent, stalled or unfinished for too long.
    Liveness,
    /// A call made here, or a caller waiting to make one, gives up.
    OutgoingDeadline,
    /// A call of the peer has run out of time.
    IncomingDeadline,
    /// A detached session's time is up.
    Window,
}

impl<W> Session<W> {
    /// When [`Session::handle_timeout`] is to be called next: later than `now`, unless there is something due, and never later than
    /// [`Session::next_timeout`]. Looks at everything that has a time only when the last answer is over: what has is over before,
    /// as a rule, and then this is too early, once.
    #[inline]
    pub fn next_wake(&mut self, now: Instant) -> Option<Instant> {
        if self.wakes_at.is_some_and(|at| at <= now) {
            self.look_at_times();
        }
        debug_assert!(
            self.next_timeout().is_none_or(|(next, _)| self.wakes_at.is_some_and(|at| at <= next)),
            "{:?} is before {:?}",
            self.next_timeout(),
            self.wakes_at,
        );
        self.wakes_at
    }

    /// The same without looking: what [`Session::next_wake`] has answered, unless something earlier has come since.
    #[inline]
    pub const fn wakes_at(&self) -> Option<Instant> {
        self.wakes_at
    }

    /// Something may happen by itself from then on. To be told whenever a time is set, unless it replaces
    /// an earlier one.
    #[inline]
    pub(super) fn wake_by(&mut self, at: Instant) {
        if self.wakes_at.is_none_or(|known| at < known) {
            self.wakes_at = Some(at);
        }
    }

    /// Looks at everything that has a time.
    #[cold]
    pub(super) fn look_at_times(&mut self) {
        self.wakes_at = self.next_timeout().map(|(at, _)| at);
    }

    /// When something happens next by itself, and what. `None` when closed. Looks at every call.
    pub fn next_timeout(&self) -> Option<(Instant, Timer)> {
        if self.closed.is_some() {
            return None;
        }
        let mut first = None;
        let mut next = |at: Option<Instant>, timer| {
            if let Some(at) = at
                && first.is_none_or(|(earliest, _)| at < earliest)
            {
                first = Some((at, timer));
            }
        };
        if self.is_attached() {
            if !self.liveness.is_blocked() {
                next(self.inbound.ack_at, Timer::Ack);
            }
            next(self.liveness.next(&self.limits, self.origin), Timer::Liveness);
        } else {
            next(self.window_ends(), Timer::Window);
        }
        next(self.outgoing.next_deadline(), Timer::OutgoingDeadline);
        next(self.waiting.next_deadline(), Timer::OutgoingDeadline);
        next(self.incoming.next_deadline(), Timer::IncomingDeadline);
        first
    }

    /// Lets happen what is due. Harmless when nothing is.
    ///
    /// # Errors
    /// The peer must be given up: [`Session::give_up`] with the reason.
    pub fn handle_timeout(
        &mut self,
        now: Instant,
        events: &mut impl Sink<Event<'static, W>>,
    ) -> Result<(), CloseReason> {
        if self.closed.is_some() {
            return Ok(());
        }
        if let Some(code) =
            self.liveness.verdict(&self.limits, self.origin, now).filter(|_| self.is_attached())
        {
            return Err(CloseReason::from(code));
        }
        if let Some(reason) = self.overdue(now) {
            return Err(reason);
        }
        let log = &self.log;
        for (told, withdrawal) in self.outgoing.expire(now, |position| log.is_sent(position)) {
            events.put_all(Event::of(told));
            self.withdraw(withdrawal, now);
        }
        events.put_all(self.waiting.expire(now).into_iter().map(Event::Wake));
        self.room_freed(now, events);
        let expired = self.incoming.expire(now);
        events.put_all(expired.into_iter().map(|id| Event::Stop { id, why: Stop::Expired }));
        Ok(())
    }
}
