//! What a contract says, without Rust's syntax around it.

use syn::token::{Fn, Trait};
use syn::{Attribute, Ident, Type, Visibility};

/// A contract.
pub struct Contract {
    /// The user's own, as are `visibility` and a method's `fn`: lints then point at the user's lines.
    pub keyword: Trait,
    pub ident: Ident,
    pub visibility: Visibility,
    /// The user's own attributes and docs, for the trait.
    pub attributes: Vec<Attribute>,
    pub name: String,
    pub side: Side,
    pub methods: Vec<Method>,
}

/// Who serves it.
#[derive(Clone, Copy)]
pub enum Side {
    Server,
    Client,
}

/// A route.
pub struct Method {
    pub keyword: Fn,
    pub ident: Ident,
    /// The user's own attributes and docs, for the stub.
    pub attributes: Vec<Attribute>,
    /// The whole name on the wire, contract and method.
    pub wire_name: String,
    pub docs: String,
    pub delivery: Delivery,
    pub arguments: Vec<Argument>,
    pub answer: Type,
}

/// How it is delivered; the variants are those of `farcall_protocol::Delivery`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    Call,
    Notify,
    Latest,
    Droppable,
}

/// An argument.
pub struct Argument {
    pub ident: Ident,
    pub ty: Type,
    /// Kept out of logs.
    pub secret: bool,
}
