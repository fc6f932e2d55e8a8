//! What a handler may know about the call it answers, and how calls made within it find out that they are.

use std::cell::Cell;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Instant;

use farcall_protocol::{CallId, ServedBy, SessionId, TraceId, Uid};

use crate::link::Address;
use crate::peer::Peer;
use crate::router::{Invocation, Need, Parameter};
use crate::shared::Shared;

/// The call that a handler is answering. Copied into calls made within it: they carry it as their parent, get at
/// most its deadline, and belong to its trace.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Current {
    pub(crate) session: SessionId,
    /// `None` for a message: nobody waits for it.
    pub(crate) call: Option<CallId>,
    pub(crate) deadline: Instant,
    pub(crate) trace: Option<TraceId>,
}

thread_local! {
    static CURRENT: Cell<Option<Current>> = const { Cell::new(None) };
}

impl Current {
    /// The call in whose handler this runs, if it runs in one.
    #[inline]
    pub(crate) fn get() -> Option<Self> {
        CURRENT.get()
    }

    /// Runs something as part of this call. Around every poll of a handler, not around its life: a thread polls
    /// many.
    #[inline]
    pub(crate) fn scope<R>(self, run: impl FnOnce() -> R) -> R {
        struct Restore(Option<Current>);
        impl Drop for Restore {
            fn drop(&mut self) {
                CURRENT.set(self.0);
            }
        }
        let _restore = Restore(CURRENT.replace(Some(self)));
        run()
    }
}

/// A handler's call: who makes it, until when it is wanted, and the way back to its caller.
///
/// Take it as a parameter before the wire's arguments: `fn hit(ctx: Context, target: Uid) -> bool`.
#[derive(Debug)]
pub struct Context<S: ServedBy> {
    shared: Arc<Shared>,
    current: Current,
    _peer_serves: PhantomData<S>,
}

impl<S: ServedBy> Clone for Context<S> {
    fn clone(&self) -> Self {
        Self { shared: self.shared.clone(), current: self.current, _peer_serves: PhantomData }
    }
}

impl<S: ServedBy> Context<S> {
    /// The session's player: on a server the caller, on a client itself.
    pub fn uid(&self) -> &Uid {
        &self.shared.uid
    }

    /// The session's public name.
    pub fn session_id(&self) -> SessionId {
        self.shared.id
    }

    /// The peer, to be called back. Calls on it are made within this one, also from another task.
    pub fn peer(&self) -> Peer<S> {
        Peer::within(self.shared.clone(), Some(self.current))
    }

    /// When the caller gives up. For a message, when it would have been given up as a call.
    pub fn deadline(&self) -> Instant {
        self.current.deadline
    }

    /// Where the peer is.
    pub fn address(&self) -> Address {
        self.shared.address()
    }

    /// What this call belongs to, where calls are traced.
    pub fn trace(&self) -> Option<TraceId> {
        self.current.trace
    }
}

impl<S: ServedBy> Parameter for Context<S> {
    const NEED: Option<Need> = None;

    fn take(call: &Invocation<'_>) -> Self {
        Self { shared: call.shared().clone(), current: call.current(), _peer_serves: PhantomData }
    }
}
