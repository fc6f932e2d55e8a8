//! Counts what happened, for the header of the view and for the summary at the end.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use serde::Serialize;
use tracing::warn;

use crate::numbers::Faults;

/// Totals of this process, counted from anywhere.
#[derive(Debug, Default)]
pub struct Tally {
    ready_checks_asked: AtomicU64,
    ready_checks_answered: AtomicU64,
    calls_to_server: AtomicU64,
    calls_to_players: AtomicU64,
    snapshots_received: AtomicU64,
    whispers_answered: AtomicU64,
    matches_played: AtomicU64,
    errors: AtomicU64,
    cuts: AtomicU64,
    resumes: AtomicU64,
    lost: AtomicU64,
    repeated: AtomicU64,
}

/// The totals at the end; what `--json` prints.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Players that this process ran or, on a server alone, that came.
    pub players: u64,
    /// Matches this process has seen to their end.
    pub matches_played: u64,
    /// Ready checks that the server made.
    pub ready_checks_asked: u64,
    /// Those that were answered in time; the others left their player out.
    pub ready_checks_answered: u64,
    /// Awaited calls of players.
    pub calls_to_server: u64,
    /// Awaited calls of the server.
    pub calls_to_players: u64,
    /// Snapshots that reached a player.
    pub snapshots_received: u64,
    /// Whispers that came back with the other player's answer.
    pub whispers_answered: u64,
    /// Whatever went wrong and should not have.
    pub errors: u64,
    /// Links that this process has cut on purpose.
    pub cuts: u64,
    /// Of them, those after which the session went on; on a server alone, all sessions that came back.
    pub resumes: u64,
    /// Numbered messages that never arrived.
    pub lost: u64,
    /// Numbered messages that arrived again.
    pub repeated: u64,
}

impl Tally {
    /// The server asked one player whether it is ready.
    pub fn ready_check(&self, was_answered: bool) {
        self.ready_checks_asked.fetch_add(1, Relaxed);
        self.ready_checks_answered.fetch_add(u64::from(was_answered), Relaxed);
    }

    /// A player's call has ended.
    pub fn call_to_server(&self) {
        self.calls_to_server.fetch_add(1, Relaxed);
    }

    /// A call of the server has ended.
    pub fn call_to_player(&self) {
        self.calls_to_players.fetch_add(1, Relaxed);
    }

    /// A snapshot has reached a player.
    pub fn snapshot(&self) {
        self.snapshots_received.fetch_add(1, Relaxed);
    }

    /// A whisper has come back.
    pub fn whisper(&self, was_answered: bool) {
        self.whispers_answered.fetch_add(u64::from(was_answered), Relaxed);
    }

    /// A match has ended.
    pub fn game(&self) {
        self.matches_played.fetch_add(1, Relaxed);
    }

    /// A link has been cut on purpose.
    pub fn cut(&self) {
        self.cuts.fetch_add(1, Relaxed);
    }

    /// The session of that link has gone on.
    pub fn resume(&self) {
        self.resumes.fetch_add(1, Relaxed);
    }

    /// What numbered messages have shown.
    pub fn faults(&self, Faults { lost, repeated }: Faults) {
        self.lost.fetch_add(lost, Relaxed);
        self.repeated.fetch_add(repeated, Relaxed);
    }

    /// Something went wrong that should not have.
    pub fn error(&self, what: &str) {
        warn!(what, "unexpected");
        self.errors.fetch_add(1, Relaxed);
    }

    /// The totals so far.
    pub fn summary(&self, players: usize) -> Summary {
        Summary {
            players: players as u64,
            matches_played: self.matches_played.load(Relaxed),
            ready_checks_asked: self.ready_checks_asked.load(Relaxed),
            ready_checks_answered: self.ready_checks_answered.load(Relaxed),
            calls_to_server: self.calls_to_server.load(Relaxed),
            calls_to_players: self.calls_to_players.load(Relaxed),
            snapshots_received: self.snapshots_received.load(Relaxed),
            whispers_answered: self.whispers_answered.load(Relaxed),
            errors: self.errors.load(Relaxed),
            cuts: self.cuts.load(Relaxed),
            resumes: self.resumes.load(Relaxed),
            lost: self.lost.load(Relaxed),
            repeated: self.repeated.load(Relaxed),
        }
    }
}
