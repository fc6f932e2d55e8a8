//! Finding the handler of a route. A router is a plain value, frozen when a peer starts: what `#[route]` collected
//! and is served, and what was added by hand. Everything that could go wrong with it goes wrong at start.

mod build;
mod closure;
mod fallback;
mod handler;
mod introspection;
mod parameter;
mod registration;

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;

use farcall_protocol::codec::Codec;
use farcall_protocol::{Argument, RouteId, Shape, Signature, show_arguments};

pub use build::{Bare, Served, StartError};
pub use closure::{Closure, Routes};
pub use fallback::{RawAnswer, RawCall};
pub(crate) use handler::{Encoded, Ended, HandlerFuture, Progress, encode};
pub use handler::{Invocation, Step, handler_future_must_be_send};
use introspection::About;
pub(crate) use parameter::NeedOf;
pub use parameter::{Need, Parameter, Session, State, States};
pub use registration::{Place, Registration};

/// What one peer serves.
#[derive(Debug, Default)]
pub struct Router {
    routes: ByRoute,
    states: Arc<States>,
    /// The type that its frame handlers take.
    frame: Option<Need>,
    /// What handles every other route.
    fallback: Option<Entry>,
}

/// Routes by number. Their numbers are hashes of our own names and the map never changes, so no peer can choose
/// what collides in it: hashing them again would only cost.
pub(crate) type ByRoute = HashMap<RouteId, Entry, BuildHasherDefault<AlreadyHashed>>;

/// Takes a number for its own hash.
#[derive(Debug, Default)]
pub(crate) struct AlreadyHashed(u64);

impl Hasher for AlreadyHashed {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|&byte| self.0 = self.0.rotate_left(8) ^ u64::from(byte));
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = number;
    }
}

/// A route with its handler.
pub(crate) struct Entry {
    pub(crate) name: Arc<str>,
    pub(crate) signature: Signature,
    /// It answers calls; else it takes messages.
    pub(crate) answers: bool,
    pub(crate) handler: Handler,
    pub(crate) place: Place,
    pub(crate) about: About,
}

/// What answers a route.
pub(crate) type Handler = Box<dyn Fn(Invocation<'_>) -> Step + Send + Sync>;

impl std::fmt::Debug for Entry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({})", self.name, self.place)
    }
}

impl Entry {
    /// Whether a call or message of this signature can be given to the handler.
    pub(crate) fn takes(&self, signature: Signature, is_call: bool, codec: Codec) -> bool {
        // A message to a route that answers would run without a deadline and without a slot that the peer must keep.
        let fits = self.answers == is_call && (self.signature == signature || codec.is_self_describing());
        fits || matches!(self.about, About::Fallback)
    }
}

impl Entry {
    /// A call's arguments in words, for logs; secrets left out.
    pub(crate) fn arguments_in_words(&self, codec: Codec, body: &[u8]) -> String {
        match self.about {
            About::Descriptor(route) => show_arguments(codec, route.arguments, body, ARGUMENTS_SHOWN_BYTES),
            About::Closure { arguments, .. } => {
                let nameless = |&shape: &&'static Shape| Argument { name: "", shape, secret: false };
                let arguments: Vec<Argument> = arguments.iter().map(nameless).collect();
                show_arguments(codec, &arguments, body, ARGUMENTS_SHOWN_BYTES)
            }
            About::Fallback => format!("<{} B>", body.len()),
        }
    }
}

/// Arguments take at most about this much of a log line.
pub(crate) const ARGUMENTS_SHOWN_BYTES: usize = 256;

impl Router {
    /// The route with that number, or what handles those that there are not.
    pub(crate) fn find(&self, id: RouteId) -> Option<&Entry> {
        self.routes.get(&id).or(self.fallback.as_ref())
    }

    /// The type that its frame handlers take, if it has any.
    pub const fn frame(&self) -> Option<Need> {
        self.frame
    }

    /// What `State<T>` parameters take from.
    pub(crate) fn states(&self) -> &States {
        &self.states
    }

    /// The route table in words, a line a route, sorted: name, how it is delivered, signature, where its handler is.
    pub fn table_in_words(&self) -> Vec<String> {
        let line = |entry: &Entry| {
            let delivery = match entry.about {
                About::Descriptor(route) => route.delivery.name(),
                About::Closure { .. } => "call",
                About::Fallback => "anything else",
            };
            format!("{} {delivery} {} {}", entry.name, entry.signature, entry.place)
        };
        let mut lines: Vec<String> = self.routes.values().chain(&self.fallback).map(line).collect();
        lines.sort_unstable();
        lines
    }

    /// The names of the routes served, sorted.
    pub fn names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.routes.values().map(|entry| &*entry.name).collect();
        names.sort_unstable();
        names
    }
}
