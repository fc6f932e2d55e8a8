//! Finding the handler of a route. A router is a plain value, frozen when a peer starts: what `#[route]` collected
//! and is served, and what was added by hand. Everything that could go wrong with it goes wrong at start.

mod build;
mod closure;
mod handler;
mod parameter;
mod registration;

use std::collections::HashMap;
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
    routes: HashMap<RouteId, Entry>,
    states: Arc<States>,
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
