//! What a handler is, without Rust's syntax around it.

use proc_macro2::Span;
use quote::ToTokens;
use syn::{Attribute, Ident, Path, Type};

/// Which facade's `#[route]` it is.
#[derive(Clone, Copy)]
pub enum Flavour {
    Server,
    Client,
}

/// A handler.
pub struct Handler {
    pub ident: Ident,
    /// The type it is a method of, where it is one: it is called on the `State` of that type.
    pub object: Option<Type>,
    pub target: Target,
    /// Its `#[cfg]`s: where the function is left out, its registration is, too.
    pub conditions: Vec<Attribute>,
    pub docs: String,
    pub is_async: bool,
    /// The `T` of a first parameter `&mut T`: it runs inside `poll`.
    pub frame: Option<Type>,
    /// What it takes from us, in order.
    pub parameters: Vec<Ours>,
    /// What it takes from the wire, in order.
    pub arguments: Vec<Argument>,
    /// What it returns, or the `R` of its `Reply<R>`.
    pub answer: Type,
    /// Where its signature begins and ends, for the compiler to point at.
    pub signature: (Span, Span),
}

/// A parameter from us.
pub enum Ours {
    /// Taken from the call by its type: `Context`, `State<T>`, `Session<T>`.
    Taken(Box<Type>),
    /// The right to answer later.
    Reply,
}

impl Handler {
    /// Whether it answers by a `Reply` instead of returning.
    pub fn replies(&self) -> bool {
        self.parameters.iter().any(|ours| matches!(ours, Ours::Reply))
    }
}

/// Which route it handles.
pub enum Target {
    /// A route of a contract: `Lobby::sum` is the field `sum` of the constant `Lobby`.
    Contract { contract: Path, method: Ident },
    /// A route of its own, under this name.
    Bare { name: String },
}

/// An argument from the wire.
pub struct Argument {
    /// For route tables; `_` where the function takes it apart.
    pub name: String,
    pub ty: Type,
}

/// The first and the last token's spans of what is written.
pub fn ends(tokens: impl ToTokens) -> Option<(Span, Span)> {
    let mut spans = tokens.into_token_stream().into_iter().map(|token| token.span());
    let first = spans.next()?;
    Some((first, spans.last().unwrap_or(first)))
}
