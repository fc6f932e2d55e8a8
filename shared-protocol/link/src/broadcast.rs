//! One message to many peers: encoded at most once for each codec that they speak, and for none that they do not.

use std::cell::OnceCell;

use bytes::Bytes;
use farcall_protocol::codec::Codec;
use farcall_protocol::session::Message as Outgoing;
use farcall_protocol::wire::Target;
use farcall_protocol::{Answer, Delivery, Dropped, NotExecuted, Notified, RouteDescriptor};
use serde::Serialize;

use crate::call::Call;
use crate::encoded::{Encoded, with_encoded};
use crate::peer::SessionHandle;
use crate::trace::{self, CallName};

/// A message on its way to any number of sessions.
///
/// Encoding runs the user's `Serialize`: whoever sends it under a lock calls [`prepare`](Self::prepare) before.
#[derive(Debug)]
pub struct Broadcast<'a, A> {
    route: &'static RouteDescriptor,
    scope: u64,
    arguments: &'a A,
    /// One body a codec; none where the codec cannot express the arguments.
    bodies: [OnceCell<Option<Bytes>>; Codec::ALL.len()],
}

impl<'a, A: Serialize> Broadcast<'a, A> {
    /// A message, not encoded yet. `scope` tells the latest values of one group from those of another.
    pub const fn new(route: &'static RouteDescriptor, scope: u64, arguments: &'a A) -> Self {
        Self { route, scope, arguments, bodies: [const { OnceCell::new() }; Codec::ALL.len()] }
    }

    /// Encodes it for this codec, unless that is done.
    pub fn prepare(&self, codec: Codec) {
        self.body(codec);
    }

    /// Whether it is encoded for this codec.
    pub fn is_ready(&self, codec: Codec) -> bool {
        self.bodies[codec.index()].get().is_some()
    }

    /// How its route is delivered.
    pub const fn delivery(&self) -> Delivery {
        self.route.delivery
    }

    /// Sends it to one peer: appends, and never waits.
    pub fn to(&self, session: SessionHandle<'_>) -> Notified {
        match self.body(session.codec()) {
            Some(body) => session.message(self.route, self.scope, Outgoing::Shared(body)),
            None => Notified::Dropped(Dropped::Unencodable),
        }
    }

    /// Makes a call of it on one peer.
    pub fn call<R: Answer>(&self, session: SessionHandle<'_>) -> Call<R> {
        let current = session.current();
        let (route, signature) = (self.route.id, self.route.signature);
        let target = Target { route, signature, trace: trace::id_for(current) };
        let body = self.body(session.codec()).map(Encoded::shared).ok_or(NotExecuted::Unencodable);
        Call::new(session.shared().clone(), CallName::Static(self.route.name), target, body, current)
    }

    fn body(&self, codec: Codec) -> Option<&Bytes> {
        let encode = || with_encoded(codec, self.arguments, |body| body.ok().map(Bytes::copy_from_slice));
        self.bodies[codec.index()].get_or_init(encode).as_ref()
    }
}
