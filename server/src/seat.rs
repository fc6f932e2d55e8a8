//! One session's place at the server: its player, its groups, and the moment when nothing of it is left.

use std::sync::{Arc, Mutex, PoisonError};

use farcall_link::{Anchor, SessionHandle};
use farcall_protocol::codec::Codec;
use farcall_protocol::{CloseCode, CloseReason, SessionId};
use tokio::sync::SetOnce;

use crate::Player;
use crate::admission::SessionData;
use crate::group::Room;

/// A session from its welcome until its `closed` hook has returned.
#[derive(Debug)]
pub(crate) struct Seat {
    session: Anchor,
    /// `None` once the session has left them all: it joins no more.
    groups: Mutex<Option<Vec<Arc<Room>>>>,
    /// Set when handlers, connection and hook are done.
    pub(crate) gone: SetOnce<()>,
}

impl Seat {
    pub(crate) fn new(session: Anchor) -> Self {
        Self { session, groups: Mutex::new(Some(Vec::new())), gone: SetOnce::new() }
    }

    pub(crate) const fn session(&self) -> SessionHandle<'_> {
        self.session.session()
    }

    pub(crate) fn player(&self) -> Player {
        self.session().owned()
    }

    /// What the session carries.
    pub(crate) fn data(&self) -> &SessionData {
        self.session.data()
    }

    pub(crate) fn id(&self) -> SessionId {
        self.session().id()
    }

    pub(crate) fn codec(&self) -> Codec {
        self.session().codec()
    }

    pub(crate) fn is_open(&self) -> bool {
        self.session().is_open()
    }

    pub(crate) fn close(&self, code: CloseCode, message: &str) {
        self.session().close(CloseReason::ours(code, message));
    }

    /// Notes a group, so that it can be left at the end. False if the end has come, or there are too many.
    pub(crate) fn joins(&self, room: &Arc<Room>) -> bool {
        let mut groups = self.groups.lock().unwrap_or_else(PoisonError::into_inner);
        match &mut *groups {
            Some(groups) if groups.len() < GROUPS_MAX => {
                groups.push(room.clone());
                true
            }
            _ => false,
        }
    }

    pub(crate) fn leaves(&self, room: &Arc<Room>) {
        let mut groups = self.groups.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(groups) = &mut *groups {
            groups.retain(|kept| !Arc::ptr_eq(kept, room));
        }
    }

    /// Whether the session has left its groups for good.
    pub(crate) fn has_left(&self) -> bool {
        self.groups.lock().unwrap_or_else(PoisonError::into_inner).is_none()
    }

    /// Leaves every group. The rooms' own locks are taken after this one is released.
    pub(crate) fn leave_all(&self) {
        let groups = self.groups.lock().unwrap_or_else(PoisonError::into_inner).take();
        groups.into_iter().flatten().for_each(|room| room.drop_member(self.id()));
    }
}

/// Groups one session may be in (L33).
const GROUPS_MAX: usize = 128;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seat_is_small() {
        // One for every player, idle or not, beside what `farcall-link` bounds in its `sizes`.
        assert!(size_of::<Seat>() <= 80, "{} bytes", size_of::<Seat>());
    }
}
