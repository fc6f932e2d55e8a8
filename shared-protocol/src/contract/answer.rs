//! What a handler may return: a message, or a `Result` whose error the caller receives typed.

use std::convert::Infallible;

use super::super::codec::{Codec, CodecError};
use crate::message::{Message, Shape};

/// The return type of a route.
///
/// `T` answers with `T` and cannot refuse; `Result<T, E>` answers with `T` or with the handler's own error `E`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a route's answer",
    label = "neither a `Message` nor a `Result` of two",
    note = "derive it where the type is defined: `#[derive(Serialize, Deserialize, Message)]`"
)]
pub trait Answer: Send + 'static {
    /// What the caller gets.
    type Ok: Message;
    /// What the handler may refuse with.
    type Err: RouteError;
    /// Takes the two apart.
    ///
    /// # Errors
    /// The handler's own.
    fn into_result(self) -> Result<Self::Ok, Self::Err>;
}

impl<T: Message> Answer for T {
    type Ok = T;
    type Err = Infallible;
    fn into_result(self) -> Result<T, Infallible> {
        Ok(self)
    }
}

impl<T: Message, E: Message> Answer for Result<T, E> {
    type Ok = T;
    type Err = E;
    fn into_result(self) -> Self {
        self
    }
}

/// A handler's own error on the wire: any message, or [`Infallible`] where there is none.
pub trait RouteError: Sized + Send + 'static {
    /// Its shape; `None` where the handler cannot refuse.
    const SHAPE: Option<&'static Shape>;

    /// Appends its bytes.
    ///
    /// # Errors
    /// When the codec cannot express the value.
    fn encode(&self, codec: Codec, into: &mut Vec<u8>) -> Result<(), CodecError>;

    /// Reads it from the whole of `bytes`.
    ///
    /// # Errors
    /// When the bytes are not one.
    fn decode(codec: Codec, bytes: &[u8]) -> Result<Self, CodecError>;
}

impl<E: Message> RouteError for E {
    const SHAPE: Option<&'static Shape> = Some(E::SHAPE);

    fn encode(&self, codec: Codec, into: &mut Vec<u8>) -> Result<(), CodecError> {
        codec.encode(self, into)
    }

    fn decode(codec: Codec, bytes: &[u8]) -> Result<Self, CodecError> {
        codec.decode(bytes)
    }
}

impl RouteError for Infallible {
    const SHAPE: Option<&'static Shape> = None;

    fn encode(&self, _: Codec, _: &mut Vec<u8>) -> Result<(), CodecError> {
        match *self {}
    }

    fn decode(_: Codec, _: &[u8]) -> Result<Self, CodecError> {
        Err(CodecError::Unexpected("an error from a route that has none"))
    }
}
