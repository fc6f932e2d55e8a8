//! What may travel as an argument or a reply, and the shape by which two peers check that they mean the same.
//! Encoding itself is the codec's (`codec`); this module only describes.

mod bounded;
mod check;
mod impls;
mod print;
mod shape;
mod show;

#[cfg(feature = "chrono")]
mod chrono;
#[cfg(feature = "glam")]
mod glam;
#[cfg(feature = "smol_str")]
mod smol_str;
#[cfg(feature = "time")]
mod time;
#[cfg(feature = "uuid")]
mod uuid;

use serde::Serialize;
use serde::de::DeserializeOwned;

pub use bounded::{Bounded, Measure, TooLong};
pub use check::{ShapeMismatch, check_shape};
pub use shape::{Field, Fields, Shape, Variant};
pub use show::show_arguments;

/// A type that may travel: encoded by serde, described by its [`Shape`].
///
/// Derive it beside serde's two derives. The shape is a constant, so two peers compare what they mean by a
/// route with one 64-bit [`Signature`](crate::Signature) and never decode each other's bytes as something else.
///
/// Not messages, on purpose: `usize` and `isize` (their width differs between machines), recursive types (a few
/// hostile bytes would overflow the stack), sequences of elements with no bytes of their own (a few hostile
/// bytes would claim billions), and types with serde attributes that change the wire unseen.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot travel in a call: it is not a `Message`",
    label = "not a `Message`",
    note = "derive it where the type is defined: `#[derive(Serialize, Deserialize, Message)]`",
    note = "a type of another crate: `farcall-protocol` has features for glam, uuid, chrono, time and smol_str; else say what its field looks like on the wire, `#[message(as = [f32; 3])]`",
    note = "`usize` and `isize` differ between machines: use `u32` or `u64`"
)]
pub trait Message: Serialize + DeserializeOwned + Send + 'static {
    /// How a value looks on the wire.
    const SHAPE: &'static Shape;
}
