//! Where sessions meet sockets and clocks: the one driver loop, the [`Peer`] handle and its calls, handlers and
//! the [`Router`] that finds them, transports.
//!
//! Games do not name this crate: `farcall-server` and `farcall-client` re-export what they need. The session
//! itself, and everything about the wire, is `farcall-protocol`'s.
//!
//! One connection is one task (`driver`): it reads, runs plain handlers inline, writes in batches. Everybody
//! else reaches the session through one short lock (`shared`), never held across an await or user code.

mod alarm;
mod alone;
mod answering;
mod broadcast;
mod call;
mod context;
mod dispatch;
mod driver;
mod encoded;
mod inbox;
mod link;
mod login;
mod peer;
pub mod randomness;
mod reply;
mod resume;
mod router;
mod running;
mod shared;
#[cfg(test)]
mod sizes;
mod slow;
mod task;
mod trace;
pub mod transport;
#[cfg(test)]
mod unrun;
mod writing;

pub use broadcast::Broadcast;
pub use call::{Call, Detached};
pub use context::Context;
pub use inbox::{Inbox, PollError, Polled};
pub use link::{Address, Link, LinkConfig};
pub use login::{Door, GivenBack, LoginFailed, Pending, Returning, come_back, connect, knock};
pub use peer::{Anchor, Peer, SessionHandle};
pub use reply::Reply;
pub use resume::{SessionEvent, Tombstone};
pub use router::{
    Bare, Closure, RawAnswer, RawCall, Router, Routes, Served, Session, StartError, State, States,
};
pub use running::Running;
pub use transport::Transport;

/// What the macros' expansions name. Not for people: it changes without notice.
#[doc(hidden)]
pub mod __private {
    pub use core::marker::PhantomData;

    pub use farcall_protocol::{
        Answer, Argument, Delivery, Message, Route, RouteDescriptor, RouteError, Shape, Side, implements,
    };
    pub use inventory;

    pub use crate::Reply;
    pub use crate::router::{
        Invocation, Need, Parameter, Place, Registration, State, Step, handler_future_must_be_send,
    };
}
