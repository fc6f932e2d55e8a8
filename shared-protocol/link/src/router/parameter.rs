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

/// A type that must be there before a route can be served.
#[derive(Debug, Clone, Copy)]
pub struct Need {
    pub(crate) of: NeedOf,
    pub(crate) id: fn() -> TypeId,
    pub(crate) name: fn() -> &'static str,
}

/// What a needed type is to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NeedOf {
    /// Given as state.
    State,
    /// What admission gives each session.
    Session,
    /// What the frame loop polls with.
    Frame,
    /// A server: only one has it.
    Server,
}

impl Need {
    const fn of<T: 'static>(of: NeedOf) -> Self {
        Self { of, id: TypeId::of::<T>, name: type_name::<T> }
    }

    /// For session data of this type.
    pub const fn session<T: 'static>() -> Self {
        Self::of::<T>(NeedOf::Session)
    }

    /// For a frame of this type.
    pub const fn frame<T: 'static>() -> Self {
        Self::of::<T>(NeedOf::Frame)
    }

    /// For a handler that only a server can have.
    pub const fn server<T: 'static>() -> Self {
        Self::of::<T>(NeedOf::Server)
    }

    pub(crate) fn is(&self, other: Self) -> bool {
        (self.id)() == (other.id)()
    }
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
    const NEED: Option<Need> = Some(Need::of::<T>(NeedOf::State));

    #[expect(clippy::expect_used, reason = "a router is only built when every state needed is given")]
    fn take(call: &Invocation<'_>) -> Self {
        Self(call.states().find().expect("a state that start-up checked"))
    }
}

/// A session's own typed value, made by the server's admission: `fn buy(save: Session<Save>, item: Item) -> bool`.
/// Shared by all handlers of the session, kept as long as it is, and handed to the `closed` hook.
#[derive(Debug)]
pub struct Session<T>(Arc<T>);

impl<T> Clone for Session<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T> Deref for Session<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> Session<T> {
    /// A session's value by hand, to call a handler as the plain function it is.
    pub fn new(value: T) -> Self {
        Self(Arc::new(value))
    }

    /// Over a value that is shared already.
    pub const fn shared(value: Arc<T>) -> Self {
        Self(value)
    }
}

impl<T: Send + Sync + 'static> Parameter for Session<T> {
    const NEED: Option<Need> = Some(Need::session::<T>());

    #[expect(clippy::expect_used, reason = "a router is only built when admission gives what is needed")]
    fn take(call: &Invocation<'_>) -> Self {
        Self(call.shared().data.clone().downcast().expect("session data that start-up checked"))
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
