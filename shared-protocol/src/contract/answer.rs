//! What a handler may return: a message, or a `Result` whose error the caller receives typed.

use std::convert::Infallible;

use bytes::Bytes;

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
    /// The handler's own, or an internal one.
    fn into_result(self) -> Result<Self::Ok, Failure<Self::Err>>;

    /// Reads a value from the whole of `bytes`.
    ///
    /// # Errors
    /// When the bytes are not one.
    #[doc(hidden)]
    fn read(codec: Codec, bytes: &[u8]) -> Result<Self::Ok, CodecError> {
        codec.decode(bytes)
    }
}

/// The answer of a call whose types the caller does not know: the bytes as they came, of the value or of the
/// handler's own error. Nobody has one; it only stands in `Call<Raw>`.
#[derive(Debug)]
pub enum Raw {}

/// The bytes of a handler's own error, as they came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawError(pub Bytes);

impl Answer for Raw {
    type Ok = Bytes;
    type Err = RawError;

    fn into_result(self) -> Result<Bytes, Failure<RawError>> {
        match self {}
    }

    fn read(_: Codec, bytes: &[u8]) -> Result<Bytes, CodecError> {
        Ok(Bytes::copy_from_slice(bytes))
    }
}

impl RouteError for RawError {
    const SHAPE: Option<&'static Shape> = None;

    fn encode(&self, _: Codec, into: &mut Vec<u8>) -> Result<(), CodecError> {
        into.extend_from_slice(&self.0);
        Ok(())
    }

    fn decode(_: Codec, bytes: &[u8]) -> Result<Self, CodecError> {
        Ok(Self(Bytes::copy_from_slice(bytes)))
    }
}

impl<T: Message> Answer for T {
    type Ok = T;
    type Err = Infallible;
    fn into_result(self) -> Result<T, Failure<Infallible>> {
        Ok(self)
    }
}

impl<T: Message, E: Message> Answer for Result<T, E> {
    type Ok = T;
    type Err = E;
    fn into_result(self) -> Result<T, Failure<E>> {
        self.map_err(Failure::Handler)
    }
}

impl<T: Message, E: RouteError> Answer for Result<T, Failure<E>> {
    type Ok = T;
    type Err = E;
    fn into_result(self) -> Self {
        self
    }
}

/// How a handler fails that may also fail for reasons which are nobody's business: `?` on any other error gives
/// `Internal`, logged where it happened with its sources; the caller receives a reference to that line, never the
/// text.
///
/// ```
/// # use farcall_protocol::Failure;
/// fn load(path: &str) -> Result<u32, Failure<String>> {
///     let text = std::fs::read_to_string(path)?; // internal
///     text.trim().parse().map_err(|_| Failure::Handler("no number".to_owned())) // the caller's to know
/// }
/// # assert!(matches!(load("/nowhere"), Err(Failure::Internal(_))));
/// ```
#[derive(Debug)]
pub enum Failure<E = Infallible> {
    /// The handler's own error, which the caller receives typed.
    Handler(E),
    /// Anything else.
    Internal(Box<dyn std::error::Error + Send + Sync>),
}

// Not an `Error` itself, so that every error converts into it.
impl<E, X: Into<Box<dyn std::error::Error + Send + Sync>>> From<X> for Failure<E> {
    fn from(error: X) -> Self {
        Self::Internal(error.into())
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
