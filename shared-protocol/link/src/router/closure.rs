//! Routes added by hand: a name and a closure, when a program starts.

use std::future::Future;
use std::sync::Arc;

use farcall_protocol::{Answer, Message, RouteError};

use super::introspection::About;
use super::{Entry, Handler, Place};
use crate::peer::{parts, signature_of};

/// Routes that are not functions with an attribute. Give them in a peer's configuration.
///
/// ```
/// # use farcall_link::Routes;
/// let factor = 3;
/// let routes = Routes::new()
///     .add("scale", move |(x,): (i64,)| x * factor)
///     .add_async("later", |()| async { "now".to_owned() });
/// # let _ = routes;
/// ```
#[derive(Debug, Default)]
pub struct Routes {
    pub(crate) closures: Vec<Closure>,
    pub(crate) fallback: Option<Entry>,
}

/// One of them.
#[derive(Debug)]
pub struct Closure(pub(crate) Entry);

impl Routes {
    /// None.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a function of a tuple of arguments. It runs inline: it must be short.
    #[must_use]
    #[track_caller]
    pub fn add<A, R>(self, name: &str, handler: impl Fn(A) -> R + Send + Sync + 'static) -> Self
    where
        A: Message,
        R: Answer,
    {
        self.push::<A, R>(name, Box::new(move |call| call.run(&handler)))
    }

    /// Adds an asynchronous function of a tuple of arguments.
    #[must_use]
    #[track_caller]
    pub fn add_async<A, R, F>(self, name: &str, handler: impl Fn(A) -> F + Send + Sync + 'static) -> Self
    where
        A: Message,
        R: Answer,
        F: Future<Output = R> + Send + 'static,
    {
        self.push::<A, R>(name, Box::new(move |call| call.run_async(&handler)))
    }

    #[track_caller]
    fn push<A: Message, R: Answer>(mut self, name: &str, handler: Handler) -> Self {
        let about = About::Closure {
            arguments: parts(&A::SHAPE),
            ok: <R::Ok as Message>::SHAPE,
            err: <R::Err as RouteError>::SHAPE,
        };
        let (name, signature) = (Arc::from(name), signature_of::<A, R>());
        let entry = Entry { name, signature, answers: true, handler, place: Place::of_caller(), about };
        self.closures.push(Closure(entry));
        self
    }
}

impl Place {
    /// The place that calls the function this is called in, which must be `#[track_caller]`.
    #[track_caller]
    pub(crate) fn of_caller() -> Self {
        let caller = std::panic::Location::caller();
        Self { file: caller.file(), line: caller.line() }
    }
}

impl Closure {
    pub(crate) fn into_entry(self) -> Entry {
        self.0
    }
}
