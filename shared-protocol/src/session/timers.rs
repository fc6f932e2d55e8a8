//! What happens by itself: every reason to wake is a variant of [`Timer`].

use std::time::Instant;

use super::{Event, Session, Stop};
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
    /// When something happens next by itself, and what. `None` when closed.
    pub fn next_timeout(&self) -> Option<(Instant, Timer)> {
        if self.closed.is_some() {
            return None;
        }
        let waiting = self.waiting.next_deadline();
        let outgoing = self.outgoing.next_deadline();
        [
            (self.inbound.ack_at.filter(|_| !self.liveness.is_blocked()), Timer::Ack),
            (self.is_attached().then(|| self.liveness.next()).flatten(), Timer::Liveness),
            (self.window_ends(), Timer::Window),
            (outgoing.into_iter().chain(waiting).min(), Timer::OutgoingDeadline),
            (self.incoming.next_deadline(), Timer::IncomingDeadline),
        ]
        .into_iter()
        .filter_map(|(at, timer)| Some((at?, timer)))
        .min_by_key(|(at, _)| *at)
    }

    /// Lets happen what is due. Harmless when nothing is.
    ///
    /// # Errors
    /// The peer must be given up: [`Session::give_up`] with the reason.
    pub fn handle_timeout(
        &mut self,
        now: Instant,
        events: &mut impl Extend<Event<'static, W>>,
    ) -> Result<(), CloseReason> {
        if self.closed.is_some() {
            return Ok(());
        }
        if let Some(code) = self.liveness.verdict(now).filter(|_| self.is_attached()) {
            return Err(CloseReason::from(code));
        }
        if let Some(reason) = self.overdue(now) {
            return Err(reason);
        }
        let log = &self.log;
        for (told, withdrawal) in self.outgoing.expire(now, |position| log.is_sent(position)) {
            events.extend(Event::of(told));
            self.withdraw(withdrawal, now);
        }
        events.extend(self.waiting.expire(now).into_iter().map(Event::Wake));
        self.room_freed(now, events);
        let expired = self.incoming.expire(now);
        events.extend(expired.into_iter().map(|id| Event::Stop { id, why: Stop::Expired }));
        Ok(())
    }
}
