//! What is kept of sessions that are over, for clients that come back too late: why, and how much had arrived of what
//! they sent (P-64). Bounded in number and time; told only to who shows a token of the session (L41).

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use dashmap::DashMap;
use farcall_link::Tombstone;
use farcall_protocol::SessionId;
use tokio::time::Instant;

/// The tombstones of one server.
#[derive(Debug, Default)]
pub(crate) struct Graves {
    by_session: DashMap<SessionId, Arc<Tombstone>>,
    /// Oldest first.
    order: Mutex<VecDeque<(Instant, SessionId)>>,
}

/// L41. A quarter of a kilobyte each.
const GRAVES_MAX: usize = 65_536;
const KEPT: Duration = Duration::from_secs(600);

impl Graves {
    pub(crate) fn bury(&self, session: SessionId, tombstone: Tombstone) {
        self.clear(GRAVES_MAX - 1);
        let mut order = self.order.lock().unwrap_or_else(PoisonError::into_inner);
        order.push_back((Instant::now(), session));
        self.by_session.insert(session, Arc::new(tombstone));
    }

    /// Forgets those that have been kept long enough.
    pub(crate) fn forget_old(&self) {
        self.clear(GRAVES_MAX);
    }

    fn clear(&self, max: usize) {
        let now = Instant::now();
        let mut order = self.order.lock().unwrap_or_else(PoisonError::into_inner);
        while order.front().is_some_and(|(at, _)| order.len() > max || now - *at >= KEPT) {
            if let Some((_, oldest)) = order.pop_front() {
                self.by_session.remove(&oldest);
            }
        }
    }

    pub(crate) fn find(&self, session: SessionId) -> Option<Arc<Tombstone>> {
        self.by_session.get(&session).map(|found| found.clone())
    }
}
