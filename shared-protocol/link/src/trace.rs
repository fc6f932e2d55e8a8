//! Calls as log lines: `ann → Lobby.enqueue 42 B ok 0.8 ms`, under the target `farcall`. Off, each costs a branch.
//! Session events are logged where they happen; this module only words calls.

use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use farcall_protocol::{CallError, Notified, Side, TraceId};
use tracing::{Level, debug, enabled, error};

use crate::context::Current;
use crate::randomness;
use crate::shared::{Shared, now};

/// The target of every line.
pub(crate) const TARGET: &str = "farcall";

/// A route's name, from a contract or by hand.
#[derive(Debug, Clone)]
pub(crate) enum CallName {
    Static(&'static str),
    Owned(Arc<str>),
}

impl fmt::Display for CallName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Static(name) => name,
            Self::Owned(name) => name,
        })
    }
}

/// When a call began, if calls are logged.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Started(Instant);

impl Started {
    #[inline]
    pub(crate) fn now() -> Option<Self> {
        are_calls_logged().then(|| Self(now()))
    }

    fn elapsed_ms(self) -> f64 {
        now().saturating_duration_since(self.0).as_secs_f64() * 1e3
    }
}

#[inline]
fn are_calls_logged() -> bool {
    enabled!(target: TARGET, Level::DEBUG)
}

/// The trace that a new call belongs to: its parent's, or a new one where calls are logged.
#[inline]
pub(crate) fn id_for(current: Option<Current>) -> Option<TraceId> {
    current.and_then(|current| current.trace).or_else(|| are_calls_logged().then(fresh_id))
}

fn fresh_id() -> TraceId {
    let mut bytes = [0; 8];
    // Without randomness calls cannot be told apart in the log, and go on all the same.
    let _ = randomness::fill(&mut bytes);
    TraceId(u64::from_le_bytes(bytes))
}

/// A call made here has ended.
pub(crate) fn made<T, E>(
    shared: &Shared,
    name: &CallName,
    bytes: usize,
    trace: Option<TraceId>,
    started: &Started,
    reply: &Result<T, CallError<E>>,
) {
    let ended = reply.as_ref().map(|_| ()).map_err(|error| error.as_ref().map_handler(|_| ()));
    line(shared, shared.side, name, bytes, trace, *started, ended);
}

/// A call of the peer has been handled here.
pub(crate) fn handled(
    shared: &Shared,
    name: &str,
    bytes: usize,
    trace: Option<TraceId>,
    started: Started,
    ended: Result<(), CallError<()>>,
) {
    line(shared, shared.side.other(), &name, bytes, trace, started, ended);
}

fn line(
    shared: &Shared,
    from: Side,
    name: &dyn fmt::Display,
    bytes: usize,
    trace: Option<TraceId>,
    started: Started,
    ended: Result<(), CallError<()>>,
) {
    let (player, ms) = (&shared.uid, started.elapsed_ms());
    let trace = trace.map_or(0, |TraceId(trace)| trace);
    let arrow = match from {
        Side::Client => format!("{player} → {name}"),
        Side::Server => format!("server → {player}: {name}"),
    };
    match ended {
        Ok(()) => {
            debug!(target: "farcall", uid = %player, session = %shared.id, trace = format_args!("{trace:016x}"), "{arrow} {bytes} B ok {ms:.1} ms");
        }
        // What the handler refused with is its and its caller's business.
        Err(CallError::Handler(())) => {
            debug!(target: "farcall", uid = %player, session = %shared.id, trace = format_args!("{trace:016x}"), "{arrow} {bytes} B refused {ms:.1} ms");
        }
        Err(error) => {
            debug!(target: "farcall", uid = %player, session = %shared.id, trace = format_args!("{trace:016x}"), "{arrow} {bytes} B {error} {ms:.1} ms");
        }
    }
}

/// What a call or message carries, at the most talkative level only. `words` runs only then.
#[inline]
pub(crate) fn arguments(shared: &Shared, from: Side, name: &str, words: impl FnOnce() -> String) {
    if enabled!(target: TARGET, Level::TRACE) {
        arguments_in_words(shared, from, name, &words());
    }
}

#[cold]
fn arguments_in_words(shared: &Shared, from: Side, name: &str, words: &str) {
    let player = &shared.uid;
    let arrow = match from {
        Side::Client => format!("{player} → {name}"),
        Side::Server => format!("server → {player}: {name}"),
    };
    tracing::trace!(target: "farcall", uid = %player, session = %shared.id, "{arrow}({words})");
}

/// A handler ended with an internal error: told here in full, to the peer only as the number returned.
pub(crate) fn internal(shared: &Shared, source: &(dyn std::error::Error + 'static)) -> u32 {
    let mut reference = [0; 4];
    let _ = randomness::fill(&mut reference);
    let reference = u32::from_le_bytes(reference);
    let mut chain = source.to_string();
    let mut cause = source.source();
    while let Some(deeper) = cause {
        chain.push_str(": ");
        chain.push_str(&deeper.to_string());
        cause = deeper.source();
    }
    error!(target: "farcall", uid = %shared.uid, session = %shared.id, reference = format_args!("{reference:08x}"), error = chain, "internal error in a handler");
    reference
}

/// A message was sent from here.
pub(crate) fn told(shared: &Shared, route: &str, sent: Notified) {
    if let Notified::Dropped(why) = sent {
        debug!(target: "farcall", uid = %shared.uid, session = %shared.id, route, %why, "message dropped");
    }
}
