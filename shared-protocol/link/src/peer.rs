//! The handle to the other end of a session: what stubs are called on, and what they do.

use std::any::Any;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use farcall_protocol::codec::Codec;
use farcall_protocol::handshake::Claimed;
use farcall_protocol::session::{Counts, LatestKey, Message as Outgoing};
use farcall_protocol::wire::Target;
use farcall_protocol::{
    Answer, Caller, CloseReason, Delivery, Dropped, Message, NotExecuted, Notified, Raw, Reaches,
    RouteDescriptor, RouteError, RouteId, ServedBy, SessionId, Shape, Signature, Uid,
};
use serde::Serialize;

use crate::call::Call;
use crate::context::Current;
use crate::encoded::{Encoded, with_encoded};
use crate::link::Address;
use crate::resume::{SessionEvent, Tombstone};
use crate::shared::Shared;
use crate::trace::{self, CallName};

/// The other end of a session, which serves contracts marked `S`. Stubs are called on it; everything else is
/// behind [`session`](Self::session), so that no method here can shadow a stub.
#[derive(Debug)]
pub struct Peer<S: ServedBy> {
    shared: Arc<Shared>,
    /// Set on handles that a handler's context gave: their calls are made within that handler's call.
    within: Option<Current>,
    _serves: PhantomData<S>,
}

impl<S: ServedBy> Clone for Peer<S> {
    fn clone(&self) -> Self {
        Self::within(self.shared.clone(), self.within)
    }
}

impl<S: ServedBy> Peer<S> {
    pub(crate) const fn within(shared: Arc<Shared>, within: Option<Current>) -> Self {
        Self { shared, within, _serves: PhantomData }
    }

    /// Everything about the session that is not a call of a contract.
    pub fn session(&self) -> SessionHandle<'_> {
        SessionHandle { shared: &self.shared, within: self.within }
    }
}

impl<S: ServedBy> Reaches<S> for Peer<S> {}

impl<S: ServedBy> Caller for Peer<S> {
    type Call<R: Answer> = Call<R>;
    type Notified = Notified;

    fn call<A: Serialize, R: Answer>(&self, route: &'static RouteDescriptor, arguments: &A) -> Call<R> {
        let (id, signature) = (route.id, route.signature);
        self.session().start(CallName::Static(route.name), id, signature, arguments).showing(route)
    }

    fn notify<A: Serialize>(&self, route: &'static RouteDescriptor, arguments: &A) -> Notified {
        let codec = self.shared.codec;
        with_encoded(codec, arguments, |body| match body {
            Ok(body) => self.session().message(route, 0, Outgoing::Own(body)),
            Err(_) => Notified::Dropped(Dropped::Unencodable),
        })
    }
}

/// A session to keep by whoever makes no calls within another: less than a [`Peer`], and a peer whenever one is needed.
#[derive(Debug, Clone)]
pub struct Anchor {
    shared: Arc<Shared>,
}

impl Anchor {
    pub(crate) const fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// The session.
    pub const fn session(&self) -> SessionHandle<'_> {
        SessionHandle { shared: &self.shared, within: None }
    }

    /// The session's own value, as admission made it.
    pub fn data(&self) -> &Arc<dyn Any + Send + Sync> {
        &self.shared.data
    }
}

/// A session seen from one of its ends.
#[derive(Debug, Clone, Copy)]
pub struct SessionHandle<'a> {
    shared: &'a Arc<Shared>,
    within: Option<Current>,
}

impl SessionHandle<'_> {
    /// A peer of one's own, to keep. `S` is what the other end serves.
    pub fn owned<S: ServedBy>(&self) -> Peer<S> {
        debug_assert!(S::SIDE != self.shared.side, "a peer serves what this side does not");
        Peer::within(self.shared.clone(), None)
    }

    /// The session's player.
    pub fn uid(&self) -> &Uid {
        &self.shared.uid
    }

    /// The session's public name.
    pub fn id(&self) -> SessionId {
        self.shared.id
    }

    /// How bodies are encoded: chosen at the login.
    pub fn codec(&self) -> Codec {
        self.shared.codec
    }

    /// Where the peer is, or was last.
    pub fn address(&self) -> Address {
        self.shared.address()
    }

    /// Whether it has a connection. One that has not waits for the player to come back: it is present, what is sent to it
    /// is kept, and calls run out their deadlines.
    pub fn is_attached(&self) -> bool {
        self.shared.peek(farcall_protocol::session::Session::is_attached)
    }

    /// How long it has been without a connection, if it waits for one.
    pub fn away(&self) -> Option<Duration> {
        let now = crate::shared::now();
        self.shared.peek(|session| session.detached().map(|(since, _)| now.saturating_duration_since(since)))
    }

    /// How long the session may be without a connection; zero if it ends with its connection.
    pub fn resume_window(&self) -> Duration {
        self.shared.peek(farcall_protocol::session::Session::resume_window)
    }

    /// Whether a token that a client shows is, or was, one of this session's.
    pub fn knows_token(&self, claimed: &Claimed) -> bool {
        self.shared.knows_token(claimed)
    }

    /// What to keep of it for a client that comes back, once it is over and if one may.
    pub fn tombstone(&self) -> Option<Tombstone> {
        self.shared.tombstone()
    }

    /// What happens to the session next, after the first `seen` events, which is counted up; start from 0. `None` when it
    /// is over. Dropping the wait loses nothing; whoever asks too rarely misses the oldest.
    pub async fn next_event(self, seen: &mut u64) -> Option<SessionEvent> {
        self.shared.next_event(seen).await
    }

    /// Whether the session is not over.
    pub fn is_open(&self) -> bool {
        self.closed_reason().is_none()
    }

    /// Why the session is over, once it is.
    pub fn closed_reason(&self) -> Option<CloseReason> {
        self.shared.close_reason()
    }

    /// Waits until the session is over. Dropping the wait changes nothing.
    pub async fn closed(self) -> CloseReason {
        self.shared.closed().await
    }

    /// Waits until nothing of the session runs any more: its handlers have stopped, its connection is gone.
    pub async fn ended(self) {
        self.shared.ended().await;
    }

    /// Ends the session. What was sent before still goes out; every pending call ends.
    pub fn close(&self, reason: CloseReason) {
        self.shared.close(reason);
    }

    /// Waits until a message of that many bytes finds room in the session's log: the waiting form of a notify,
    /// which by itself never waits and is dropped as `Full`. Dropping the wait changes nothing.
    ///
    /// # Errors
    /// Why the session ended, if it did first.
    pub async fn room_for(self, bytes: usize) -> Result<(), CloseReason> {
        self.shared.room_for(bytes).await
    }

    /// What the session has done so far.
    pub fn counts(&self) -> Counts {
        self.shared.peek(farcall_protocol::session::Session::counts)
    }

    /// Bytes held for the peer: sent and not acknowledged, unsent, and latest values, with overhead.
    pub fn bytes_held(&self) -> usize {
        self.shared.peek(farcall_protocol::session::Session::bytes_held)
    }

    /// Calls made from here that have not ended at the peer.
    pub fn calls_outgoing(&self) -> u32 {
        self.shared.peek(farcall_protocol::session::Session::calls_outgoing)
    }

    /// Slots of calls made from here that are not free again.
    pub fn slots_used(&self) -> usize {
        self.shared.peek(farcall_protocol::session::Session::slots_used)
    }

    /// Calls of the peer that have not been answered.
    pub fn calls_incoming(&self) -> u32 {
        self.shared.peek(farcall_protocol::session::Session::calls_incoming)
    }

    /// The last measured round trip; only the server measures.
    pub fn rtt(&self) -> Option<Duration> {
        self.shared.peek(farcall_protocol::session::Session::rtt)
    }

    /// The server's clock, as time since an instant of its choice, and how far off it may be. Never runs
    /// backwards.
    pub fn server_now(&self) -> (Duration, Duration) {
        let now = crate::shared::now();
        self.shared.peek(|session| {
            let clock = session.server_clock();
            (clock.now(now), clock.error(now))
        })
    }

    /// Calls a route by its wire name, for tools and scripts: `peer.session().call::<_, String>("motd", ())`.
    /// `arguments` is a tuple of the route's arguments, or `()`.
    pub fn call<A: Message, R: Answer>(&self, route: &str, arguments: A) -> Call<R> {
        let name = CallName::Owned(Arc::from(route));
        self.start(name, RouteId::of(route), signature_of::<A, R>(), &arguments)
    }

    /// Calls a route with a body that the caller has encoded as the session's [`codec`](Self::codec) says; the
    /// answer comes as bytes, too. For tools and bridges. A self-describing codec needs no `signature`.
    pub fn call_raw(&self, route: &str, signature: Option<Signature>, body: &[u8]) -> Call<Raw> {
        let current = self.current();
        let signature = signature.unwrap_or(Signature(0));
        let target = Target { route: RouteId::of(route), signature, trace: trace::id_for(current) };
        let name = CallName::Owned(Arc::from(route));
        Call::new(self.shared.clone(), name, target, Ok(Encoded::copied(body)), current)
    }

    /// Sends a message with a body that the caller has encoded: see [`call_raw`](Self::call_raw).
    pub fn notify_raw(&self, route: &str, signature: Option<Signature>, body: &[u8]) -> Notified {
        let signature = signature.unwrap_or(Signature(0));
        let to = Target { route: RouteId::of(route), signature, trace: self.trace() };
        self.shared.with(|session, now| session.notify(to, Outgoing::Own(body), now))
    }

    /// Sends a message to a route by its wire name.
    pub fn notify<A: Message>(&self, route: &str, arguments: A) -> Notified {
        let signature = message_signature_of::<A>();
        let to = Target { route: RouteId::of(route), signature, trace: self.trace() };
        with_encoded(self.shared.codec, &arguments, |body| match body {
            Ok(body) => self.shared.with(|session, now| session.notify(to, Outgoing::Own(body), now)),
            Err(_) => Notified::Dropped(Dropped::Unencodable),
        })
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        self.shared
    }

    pub(crate) fn current(&self) -> Option<Current> {
        self.within.or_else(Current::get)
    }

    fn trace(&self) -> Option<farcall_protocol::TraceId> {
        trace::id_for(self.current())
    }

    fn start<A: Serialize, R: Answer>(
        &self,
        name: CallName,
        route: RouteId,
        signature: Signature,
        arguments: &A,
    ) -> Call<R> {
        let current = self.current();
        let target = Target { route, signature, trace: trace::id_for(current) };
        let body = Encoded::of(self.shared.codec, arguments).map_err(|_| NotExecuted::Unencodable);
        Call::new(self.shared.clone(), name, target, body, current)
    }

    pub(crate) fn message(&self, route: &RouteDescriptor, scope: u64, message: Outgoing<'_>) -> Notified {
        let to = Target { route: route.id, signature: route.signature, trace: self.trace() };
        let sent = self.shared.with(|session, now| match route.delivery {
            Delivery::Latest => {
                let key = LatestKey { route: to.route, scope, key: 0 };
                session.notify_latest(key, to, message)
            }
            Delivery::Droppable => session.notify_droppable(to, message),
            // A route with a reply, sent as a message: the peer will refuse its signature.
            Delivery::Notify | Delivery::Call => session.notify(to, message, now),
        });
        trace::told(self.shared, route.name, sent);
        sent
    }
}

/// The signature of a route that takes a tuple `A` and answers `R`.
pub(crate) fn signature_of<A: Message, R: Answer>() -> Signature {
    Signature::of(parts(&A::SHAPE), Some(<R::Ok as Message>::SHAPE), <R::Err as RouteError>::SHAPE)
}

fn message_signature_of<A: Message>() -> Signature {
    Signature::of(parts(&A::SHAPE), None, None)
}

/// The arguments that a shape stands for: a tuple's parts, nothing, or the one value it is.
pub(crate) const fn parts(shape: &'static &'static Shape) -> &'static [&'static Shape] {
    match shape {
        Shape::Tuple(parts) => parts,
        Shape::Unit => &[],
        _ => std::slice::from_ref(shape),
    }
}
