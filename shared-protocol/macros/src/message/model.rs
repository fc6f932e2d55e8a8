//! A message's shape as the type declares it; the variants are those of `farcall_protocol::{Shape, Fields}`.

use syn::{Generics, Ident, Type};

/// A type that derives `Message`.
pub struct Message {
    pub ident: Ident,
    /// Its generics, each type parameter bound by `Message`.
    pub generics: Generics,
    pub body: Body,
}

/// What it consists of.
pub enum Body {
    Struct(Fields),
    Enum(Vec<Variant>),
}

/// A variant of an enum.
pub struct Variant {
    pub name: String,
    pub fields: Fields,
}

/// The fields of a struct or of a variant.
pub enum Fields {
    Unit,
    Positional(Vec<Type>),
    Named(Vec<Field>),
}

/// A named field.
pub struct Field {
    pub name: String,
    /// The type whose shape it has: its own, or the one of `#[message(as = ..)]`.
    pub ty: Type,
    /// Kept out of logs.
    pub secret: bool,
}
