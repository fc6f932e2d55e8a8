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

/// What is remembered of a session whose handlers were slow: of most there is nothing.
#[derive(Debug, Default)]
pub(crate) struct SlowHandlers(Option<Box<Found>>);

#[derive(Debug, Default)]
struct Found {
    /// Each is timed until then.
    suspected_until: Option<Instant>,
    warned_at: Option<Instant>,
}

/// What handlers take that run one after the other.
#[derive(Debug)]
pub(crate) struct Timing {
    /// When they began; while each is timed, the one.
    began: Instant,
    /// How many have run since, and what the last was for.
    ran: u32,
    last: Option<RouteId>,
}

impl Timing {
    /// Handlers are about to run.
    pub(crate) const fn new(now: Instant) -> Self {
        Self { began: now, ran: 0, last: None }
    }

    /// Others are about to run.
    pub(crate) const fn begin(&mut self, now: Instant) {
        (self.began, self.ran) = (now, 0);
    }

    /// Whether any has run since.
    pub(crate) const fn has_run(&self) -> bool {
        self.ran > 0
    }

    /// One has run.
    #[inline]
    pub(crate) fn ran(&mut self, route: RouteId, slow: &mut SlowHandlers, shared: &Shared) {
        (self.ran, self.last) = (self.ran + 1, Some(route));
        if let Some(until) = slow.suspected_until() {
            let ended = now();
            slow.look(self, shared, ended);
            slow.suspect(Some(until).filter(|until| ended < *until));
            self.begin(ended);
        }
    }

    /// All have run that came together.
    pub(crate) fn end(&mut self, slow: &mut SlowHandlers, shared: &Shared, ended: Instant) {
        if slow.look(self, shared, ended) && self.ran > 1 {
            slow.suspect(Some(ended + SUSPECTED));
        }
        self.ran = 0;
    }
}

impl SlowHandlers {
    #[inline]
    fn suspected_until(&self) -> Option<Instant> {
        self.0.as_ref().and_then(|found| found.suspected_until)
    }

    fn suspect(&mut self, until: Option<Instant>) {
        self.0.get_or_insert_default().suspected_until = until;
    }

    /// Whether those that have run took too long; if so, says it, and which it was if it was one.
    fn look(&mut self, timing: &Timing, shared: &Shared, ended: Instant) -> bool {
        let held = ended.saturating_duration_since(timing.began);
        let is_slow = timing.ran > 0 && held >= SLOW;
        if is_slow {
            self.warn(timing, held, shared, ended);
        }
        is_slow
    }

    fn warn(&mut self, timing: &Timing, held: Duration, shared: &Shared, ended: Instant) {
        let found = self.0.get_or_insert_default();
        if found.warned_at.is_some_and(|at| ended - at < WARN_EVERY) {
            return;
        }
        found.warned_at = Some(ended);
        let held_ms = held.as_millis() as u64;
        let entry = timing.last.filter(|_| timing.ran == 1).and_then(|route| shared.router.find(route));
        if let Some(entry) = entry {
            warn!(target: "farcall", uid = %shared.uid, session = %shared.id, route = %entry.name, place = %entry.place, held_ms, "a handler held the connection's task");
        } else {
            warn!(target: "farcall", uid = %shared.uid, session = %shared.id, handlers = timing.ran, held_ms, "handlers held the connection's task; if one does so again, it is named");
        }
    }
}
