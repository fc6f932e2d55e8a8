//! Routes added by hand: a name and a closure, when a program starts.

use std::future::Future;
use std::sync::Arc;

use farcall_protocol::{Answer, Message, Signature};

use super::{Entry, Handler, Place};
use crate::peer::signature_of;

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
pub struct Routes(pub(crate) Vec<Closure>);

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
        self.push(name, signature_of::<A, R>(), Box::new(move |call| call.run(&handler)))
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
        self.push(name, signature_of::<A, R>(), Box::new(move |call| call.run_async(&handler)))
    }

    #[track_caller]
    fn push(mut self, name: &str, signature: Signature, handler: Handler) -> Self {
        let caller = std::panic::Location::caller();
        let place = Place { file: caller.file(), line: caller.line() };
        self.0.push(Closure(Entry { name: Arc::from(name), signature, handler, place }));
        self
    }
}

impl Closure {
    pub(crate) fn into_entry(self) -> Entry {
        self.0
    }
}
