//! How a stub takes an argument: by value or borrowed, as the caller has it.

use serde::Serialize;

use crate::message::Message;

/// Something that can stand for an argument of type `T`: a `T`, a `&T`, or a borrowed form with the same bytes
/// (`&str` for `String`, `&[T]` for `Vec<T>`).
#[diagnostic::on_unimplemented(
    message = "expected an argument of type `{T}`, found `{Self}`",
    label = "pass a `{T}` or a reference to one"
)]
pub trait Arg<T> {
    /// What is encoded.
    type Wire: Serialize + ?Sized;
    /// Borrows it.
    fn wire(&self) -> &Self::Wire;
}

impl<T: Message> Arg<T> for T {
    type Wire = T;
    fn wire(&self) -> &T {
        self
    }
}

impl<T: Message> Arg<T> for &T {
    type Wire = T;
    fn wire(&self) -> &T {
        self
    }
}

impl Arg<String> for &str {
    type Wire = str;
    fn wire(&self) -> &str {
        self
    }
}

impl<T: Message> Arg<Vec<T>> for &[T] {
    type Wire = [T];
    fn wire(&self) -> &[T] {
        self
    }
}
