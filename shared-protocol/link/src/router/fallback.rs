//! What answers the routes that nobody serves: for tools and bridges, which learn at run time what they are asked.

use std::sync::Arc;

use farcall_protocol::codec::Codec;
use farcall_protocol::{CallError, NotExecuted, RouteId, Signature};

use super::introspection::About;
use super::{Entry, Handler, Place, Progress, Routes, Step};

/// A call or message of any route, undecoded.
#[derive(Debug, Clone, Copy)]
pub struct RawCall<'a> {
    /// The hash of its wire name: names do not travel.
    pub route: RouteId,
    /// What the peer takes the route's types for; 0 where it does not say.
    pub signature: Signature,
    /// How the body is encoded, and the answer is to be.
    pub codec: Codec,
    /// The arguments.
    pub body: &'a [u8],
    /// Whether the peer waits for an answer.
    pub is_call: bool,
}

/// An answer to a [`RawCall`]: a value's bytes, or those of an error of the handler's own.
pub type RawAnswer = Result<Vec<u8>, Vec<u8>>;

impl Routes {
    /// Handles every route that is not served otherwise. `None` refuses as `UnknownRoute`; what a message is answered
    /// is dropped. Runs inline: it must be short.
    #[must_use]
    #[track_caller]
    pub fn fallback(
        mut self,
        handler: impl Fn(RawCall<'_>) -> Option<RawAnswer> + Send + Sync + 'static,
    ) -> Self {
        let (name, place) = (Arc::from("(any other)"), Place::of_caller());
        let (signature, about) = (Signature(0), About::Fallback);
        self.fallback = Some(Entry { name, signature, answers: true, handler: raw(handler), place, about });
        self
    }
}

fn raw(handler: impl Fn(RawCall<'_>) -> Option<RawAnswer> + Send + Sync + 'static) -> Handler {
    Box::new(move |call| {
        let asked = RawCall {
            route: call.to.route,
            signature: call.to.signature,
            codec: call.shared.codec,
            body: call.body,
            is_call: call.current.call.is_some(),
        };
        let ended = match call.current.scope(|| handler(asked)) {
            Some(Ok(value)) => {
                call.reply.extend_from_slice(&value);
                Ok(())
            }
            Some(Err(error)) => {
                call.reply.extend_from_slice(&error);
                Err(CallError::Handler(()))
            }
            None => Err(CallError::NotExecuted(NotExecuted::UnknownRoute)),
        };
        Step(Progress::Done(ended))
    })
}
