//! Handlers that hold their connection's task too long, found and named. To look at the clock after each handler costs 7 % of
//! a message's instructions; so it is looked at once for all that came together, and after each only while one of them is suspected.

use std::time::{Duration, Instant};

use farcall_protocol::RouteId;
use tracing::warn;

use crate::shared::{Shared, now};

/// A handler that holds the connection's task longer than this is named in a warning.
const SLOW: Duration = Duration::from_millis(10);
/// At most one warning a session in this time.
const WARN_EVERY: Duration = Duration::from_secs(1);
/// How long each handler is timed after several together were slow.
const SUSPECTED: Duration = Duration::from_secs(10);

/// What one session's handlers take.
#[derive(Debug, Default)]
pub(crate) struct SlowHandlers {
    /// When those that are being run began; while each is timed, the one.
    began: Option<Instant>,
    /// How many have run since, and what the last was for.
    ran: u32,
    last: Option<RouteId>,
    /// Each is timed until then.
    suspected_until: Option<Instant>,
    warned_at: Option<Instant>,
}

impl SlowHandlers {
    /// Handlers are about to run.
    pub(crate) const fn begin(&mut self, now: Instant) {
        (self.began, self.ran) = (Some(now), 0);
    }

    /// Whether any has run since.
    pub(crate) const fn has_run(&self) -> bool {
        self.ran > 0
    }

    /// One has run.
    #[inline]
    pub(crate) fn ran(&mut self, shared: &Shared, route: RouteId) {
        (self.ran, self.last) = (self.ran + 1, Some(route));
        if let Some(until) = self.suspected_until {
            let ended = now();
            self.look(shared, ended);
            self.suspected_until = Some(until).filter(|until| ended < *until);
            self.begin(ended);
        }
    }

    /// All have run that came together.
    pub(crate) fn end(&mut self, shared: &Shared, ended: Instant) {
        if self.look(shared, ended) && self.ran > 1 {
            self.suspected_until = Some(ended + SUSPECTED);
        }
        self.ran = 0;
    }

    /// Whether those that have run took too long; if so, says it, and which it was if it was one.
    fn look(&mut self, shared: &Shared, ended: Instant) -> bool {
        let held = self.began.map_or(Duration::ZERO, |began| ended.saturating_duration_since(began));
        let is_slow = self.ran > 0 && held >= SLOW;
        if is_slow && self.warned_at.is_none_or(|at| ended - at >= WARN_EVERY) {
            self.warned_at = Some(ended);
            let held_ms = held.as_millis() as u64;
            let entry = self.last.filter(|_| self.ran == 1).and_then(|route| shared.router.find(route));
            if let Some(entry) = entry {
                warn!(target: "farcall", uid = %shared.uid, session = %shared.id, route = %entry.name, place = %entry.place, held_ms, "a handler held the connection's task");
            } else {
                warn!(target: "farcall", uid = %shared.uid, session = %shared.id, handlers = self.ran, held_ms, "handlers held the connection's task; if one does so again, it is named");
            }
        }
        is_slow
    }
}
