//! Routes as data: name, side, shapes, delivery; and contracts as lists of them.

use std::marker::PhantomData;

use crate::hash::Fnv64;
use crate::ids::{RouteId, Side, Signature};
use crate::message::Shape;

/// How a route's frames are delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Delivery {
    /// Asked and answered: each call ends exactly once.
    Call,
    /// A notify: no reply; every one arrives, in order with calls.
    Notify,
    /// A notify of which only the newest unsent value matters; it converges to the last value.
    Latest,
    /// A notify that is dropped rather than queued behind a busy socket.
    Droppable,
}

impl Delivery {
    /// As it is written in route tables.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Call => "call",
            Self::Notify => "notify",
            Self::Latest => "notify(latest)",
            Self::Droppable => "notify(droppable)",
        }
    }
}

/// An argument of a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Argument {
    /// Its name in Rust: for people and tools; not on the wire.
    pub name: &'static str,
    /// Its shape.
    pub shape: &'static Shape,
    /// Never shown in logs (`#[secret]` on the argument).
    pub secret: bool,
}

/// Everything that is known about a route without running anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RouteDescriptor {
    /// The name on the wire: `Lobby.sum`, or a bare `motd`.
    pub name: &'static str,
    /// Its number on the wire.
    pub id: RouteId,
    /// The hash of its argument and reply shapes (P-21).
    pub signature: Signature,
    /// Which side serves it.
    pub side: Side,
    /// How it is delivered.
    pub delivery: Delivery,
    /// Its arguments, in wire order.
    pub arguments: &'static [Argument],
    /// What it answers.
    pub ok: &'static Shape,
    /// What it may refuse with, where it returns a `Result`.
    pub err: Option<&'static Shape>,
    /// The largest arguments or reply in bytes, where the route has a bound of its own.
    pub body_bytes_max: Option<u32>,
    /// Its doc comment.
    pub docs: &'static str,
}

impl RouteDescriptor {
    /// Describes a route; computes its number and signature, once, when the program is compiled.
    pub const fn new(
        name: &'static str,
        side: Side,
        delivery: Delivery,
        arguments: &'static [Argument],
        ok: &'static Shape,
        err: Option<&'static Shape>,
        docs: &'static str,
    ) -> Self {
        let mut hash = Fnv64::new().number(arguments.len() as u64);
        let mut at = 0;
        while at < arguments.len() {
            hash = arguments[at].shape.mix(hash);
            at += 1;
        }
        let signature = match delivery {
            Delivery::Call => finish(hash, Some(ok), err),
            // A notify's flavour is the sender's business: changing it breaks no receiver.
            Delivery::Notify | Delivery::Latest | Delivery::Droppable => finish(hash, None, err),
        };
        let id = RouteId::of(name);
        Self { name, id, signature, side, delivery, arguments, ok, err, body_bytes_max: None, docs }
    }
}

impl Signature {
    /// The signature of a route with these arguments, this answer (`None` for a notify) and this error.
    pub const fn of(arguments: &[&Shape], ok: Option<&Shape>, err: Option<&Shape>) -> Self {
        let mut hash = Fnv64::new().number(arguments.len() as u64);
        let mut at = 0;
        while at < arguments.len() {
            hash = arguments[at].mix(hash);
            at += 1;
        }
        finish(hash, ok, err)
    }
}

const fn finish(hash: Fnv64, ok: Option<&Shape>, err: Option<&Shape>) -> Signature {
    let hash = match ok {
        Some(ok) => ok.mix(hash.byte(1)),
        None => hash.byte(0),
    };
    Signature(match err {
        Some(err) => err.mix(hash.byte(1)).finish(),
        None => hash.byte(0).finish(),
    })
}

/// Says at compile time which side serves a contract.
pub trait ServedBy: Send + Sync + 'static {
    /// That side.
    const SIDE: Side;
}

/// Marks contracts that players call on the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ServedByServer {}

/// Marks contracts that the server calls on players.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ServedByClient {}

impl ServedBy for ServedByServer {
    const SIDE: Side = Side::Server;
}

impl ServedBy for ServedByClient {
    const SIDE: Side = Side::Client;
}

/// A route of a contract: `Lobby.sum`. `F` is its signature as a function pointer, `S` who serves it.
#[derive(Debug)]
pub struct Route<F, S> {
    descriptor: &'static RouteDescriptor,
    // As a function so that a route is Send, Sync and Copy whatever its arguments are.
    _typed: PhantomData<fn() -> (F, S)>,
}

impl<F, S> Clone for Route<F, S> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<F, S> Copy for Route<F, S> {}

impl<F, S> Route<F, S> {
    /// Gives a descriptor its types. Only `#[contract]` is meant to call this.
    #[doc(hidden)]
    pub const fn new(descriptor: &'static RouteDescriptor) -> Self {
        Self { descriptor, _typed: PhantomData }
    }

    /// The route as data.
    pub const fn descriptor(&self) -> &'static RouteDescriptor {
        self.descriptor
    }
}

/// A contract as a value: the constant that `#[contract]` makes beside the trait.
pub trait Contract {
    /// Its name and routes.
    fn descriptor(&self) -> &'static ContractDescriptor;
}

/// A contract as data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ContractDescriptor {
    /// Its wire name, the part before the dot.
    pub name: &'static str,
    /// Who serves it.
    pub side: Side,
    /// Its routes, in the order of the trait.
    pub routes: &'static [&'static RouteDescriptor],
}

/// Compiles only if the handler has the route's signature; the compiler's message names both.
#[doc(hidden)]
pub const fn implements<F, S, H: SignatureIs<F>>(_route: &Route<F, S>, _handler: PhantomData<H>) {}

/// Two signatures that are the same. A trait only for the sentence it says when they are not.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "the handler's signature differs from the contract's: `{Self}` instead of `{F}`",
    label = "the contract says `{F}`",
    note = "beside what it takes from us (`&mut T`, `Context`, `State<T>`, `Session<T>`, `Reply<R>`) a handler takes and answers what the contract says; `async` is its own choice"
)]
pub trait SignatureIs<F> {}

impl<F> SignatureIs<F> for F {}
