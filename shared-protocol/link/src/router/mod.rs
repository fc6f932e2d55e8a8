//! Finding the handler of a route. A router is a plain value, frozen when a peer starts: what `#[route]` collected
//! and is served, and what was added by hand. Everything that could go wrong with it goes wrong at start.

mod build;
mod closure;
mod handler;
mod parameter;
mod registration;

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;

use farcall_protocol::{RouteId, Signature};

pub use build::{Bare, StartError};
pub use closure::{Closure, Routes};
pub(crate) use handler::{Encoded, Ended, HandlerFuture, Progress};
pub use handler::{Invocation, Step, handler_future_must_be_send};
pub use parameter::{Need, Parameter, State, States};
pub use registration::{Place, Registration};

/// What one peer serves.
#[derive(Debug, Default)]
pub struct Router {
    routes: ByRoute,
    states: Arc<States>,
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
    pub(crate) handler: Handler,
    pub(crate) place: Place,
}

/// What answers a route.
pub(crate) type Handler = Box<dyn Fn(Invocation<'_>) -> Step + Send + Sync>;

impl std::fmt::Debug for Entry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({})", self.name, self.place)
    }
}

impl Router {
    /// The route with that number.
    pub(crate) fn find(&self, id: RouteId) -> Option<&Entry> {
        self.routes.get(&id)
    }

    /// What `State<T>` parameters take from.
    pub(crate) fn states(&self) -> &States {
        &self.states
    }

    /// The names of the routes served, sorted.
    pub fn names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.routes.values().map(|entry| &*entry.name).collect();
        names.sort_unstable();
        names
    }
}
