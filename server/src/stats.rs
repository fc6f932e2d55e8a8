//! What a server has done and holds, as plain numbers.

use std::sync::atomic::{AtomicU64, Ordering};

use farcall_protocol::CloseCode;

use crate::server::Inner;

/// A server at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stats {
    /// Sessions.
    pub sessions: u64,
    /// Of them, those without a connection, which wait for their players to come back.
    pub detached: u64,
    /// Sessions given back to players since the start.
    pub resumed: u64,
    /// Players with at least one session, or at the door.
    pub players: u64,
    /// Groups with a member or a handle.
    pub groups: u64,
    /// Connections that have not logged in.
    pub logins_pending: u64,
    /// Connections taken since the start.
    pub accepted: u64,
    /// Of them, those that did not become a session.
    pub logins_failed: u64,
    /// Errors of the listener.
    pub accept_errors: u64,
    /// Calls to players that have not ended, of the sessions there are now.
    pub calls_to_players: u64,
    /// Calls of players that have not been answered.
    pub calls_of_players: u64,
    /// Bytes held for players.
    pub bytes_held: u64,
    /// Sessions closed since the start, by reason; reasons that never happened are left out.
    pub closed: Vec<(CloseCode, u64)>,
}

/// What is counted as it happens.
#[derive(Debug)]
pub(crate) struct Counters {
    pub(crate) sessions: AtomicU64,
    pub(crate) accepted: AtomicU64,
    pub(crate) logins_failed: AtomicU64,
    pub(crate) accept_errors: AtomicU64,
    pub(crate) resumed: AtomicU64,
    closed: Vec<AtomicU64>,
}

impl Counters {
    pub(crate) fn new() -> Self {
        Self {
            sessions: AtomicU64::new(0),
            accepted: AtomicU64::new(0),
            logins_failed: AtomicU64::new(0),
            accept_errors: AtomicU64::new(0),
            resumed: AtomicU64::new(0),
            closed: CloseCode::ALL.iter().map(|_| AtomicU64::new(0)).collect(),
        }
    }

    pub(crate) fn closed(&self, code: CloseCode) {
        let at = CloseCode::ALL.iter().position(|&known| known == code);
        if let Some(counter) = at.and_then(|at| self.closed.get(at)) {
            counter.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Stats {
    pub(crate) fn of(server: &Inner) -> Self {
        let counters = &server.counters;
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let mut stats = Self {
            sessions: read(&counters.sessions),
            resumed: read(&counters.resumed),
            players: server.players.uids() as u64,
            groups: server.groups.len() as u64,
            logins_pending: (server.config.logins_pending_max - server.logins_pending.available_permits())
                as u64,
            accepted: read(&counters.accepted),
            logins_failed: read(&counters.logins_failed),
            accept_errors: read(&counters.accept_errors),
            closed: CloseCode::ALL.iter().copied().zip(counters.closed.iter().map(read)).collect(),
            ..Self::default()
        };
        stats.closed.retain(|(_, count)| *count > 0);
        server.players.each(|seat| {
            let session = seat.session();
            stats.detached += u64::from(session.is_open() && !session.is_attached());
            stats.calls_to_players += u64::from(session.calls_outgoing());
            stats.calls_of_players += u64::from(session.calls_incoming());
            stats.bytes_held += session.bytes_held() as u64;
        });
        stats
    }
}
