//! Farcall's pure core: what travels between a game server and its players, and the state machine of a session.
//!
//! In scope: ids, messages and their shapes, contracts, codecs, frames, the handshake, and
//! [`session::Session`]: calls both ways, the ordered log, deadlines, nesting, liveness.
//! Out of scope: sockets, tasks, clocks, randomness, handlers. Bytes and `now` come in, bytes and events go out.
//!
//! A game's shared crate needs only this crate: [`contract`], [`Message`] and the derives.

// The macros name this crate by its path, also within it.
extern crate self as farcall_protocol;

mod close;
pub mod codec;
mod contract;
mod error;
pub mod handshake;
mod hash;
mod ids;
mod limits;
mod message;
pub mod session;
pub mod wire;

pub use close::{CloseCode, CloseReason, Retry};

pub use contract::{
    Answer, Arg, Argument, ArgumentInfo, Caller, Contract, ContractDescriptor, Delivery, Failure,
    ROUTES_ROUTE, Raw, RawError, Reaches, Route, RouteDescriptor, RouteError, RouteInfo, RouteTable,
    ServedBy, ServedByClient, ServedByServer, Shapes, implements,
};
pub use error::{CallError, Dropped, Failed, NotExecuted, Notified};
pub use farcall_macros::{Message, contract};
pub use ids::{CallId, RouteId, SessionId, Side, Signature, TraceId, Uid, UidError};
pub use limits::{Announced, Limits};
pub use message::{
    Bounded, Field, Fields, Measure, Message, Shape, ShapeMismatch, TooLong, Variant, check_shape,
    show_arguments,
};
