//! What handlers take beside the wire's arguments: parameters found by their type.

use std::any::{Any, TypeId, type_name};
use std::collections::HashMap;
use std::ops::Deref;
use std::sync::Arc;

use super::Invocation;

/// A handler's parameter that does not come over the wire.
pub trait Parameter {
    /// The state it needs to be given at start, if it needs one.
    const NEED: Option<Need>;
    /// Takes it from the call.
    fn take(call: &Invocation<'_>) -> Self;
}

/// A type that must be given as state before a route can be served.
#[derive(Debug, Clone, Copy)]
pub struct Need {
    pub(crate) id: fn() -> TypeId,
    pub(crate) name: fn() -> &'static str,
}

/// A value that the program gave when it started: `fn enqueue(queue: State<Matchmaker>, mode: Mode)`.
#[derive(Debug)]
pub struct State<T>(Arc<T>);

impl<T> Clone for State<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T> Deref for State<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> State<T> {
    /// A state by hand, to call a handler as the plain function it is.
    pub fn new(value: T) -> Self {
        Self(Arc::new(value))
    }
}

impl<T: Send + Sync + 'static> Parameter for State<T> {
    const NEED: Option<Need> = Some(Need { id: TypeId::of::<T>, name: type_name::<T> });

    #[expect(clippy::expect_used, reason = "a router is only built when every state needed is given")]
    fn take(call: &Invocation<'_>) -> Self {
        Self(call.states().find().expect("a state that start-up checked"))
    }
}

/// The values that handlers may take as [`State`], one of each type.
#[derive(Debug, Default, Clone)]
pub struct States(HashMap<TypeId, Arc<dyn Any + Send + Sync>>);

impl States {
    /// None.
    pub fn new() -> Self {
        Self::default()
    }

    /// Gives a value. Another one of the same type replaces it.
    #[must_use]
    pub fn with<T: Send + Sync + 'static>(self, value: T) -> Self {
        self.with_shared(Arc::new(value))
    }

    /// Gives a value that the program keeps, too.
    #[must_use]
    pub fn with_shared<T: Send + Sync + 'static>(mut self, value: Arc<T>) -> Self {
        self.0.insert(TypeId::of::<T>(), value);
        self
    }

    pub(crate) fn has(&self, need: Need) -> bool {
        self.0.contains_key(&(need.id)())
    }

    pub(crate) fn find<T: Send + Sync + 'static>(&self) -> Option<Arc<T>> {
        self.0.get(&TypeId::of::<T>())?.clone().downcast().ok()
    }
}
