//! An answer to be given later, from anywhere: after 200 frames, when a person has decided.

use std::marker::PhantomData;
use std::time::Instant;

use farcall_protocol::Answer;

use crate::answering::Answering;
use crate::context::Current;
use crate::router::encode;

/// The right and the duty to answer one call, once. A handler takes it as a parameter and returns nothing:
/// `fn ready_check(game: &mut Game, reply: Reply<bool>, id: GameId)`.
///
/// Dropping it unanswered answers `Failed(Abandoned)`, so keep it where the decision will be made.
#[must_use = "dropping a reply unanswered fails the call as abandoned"]
pub struct Reply<R: Answer> {
    answering: Answering,
    current: Current,
    _answer: PhantomData<fn(R)>,
}

impl<R: Answer> std::fmt::Debug for Reply<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reply").field("call", &self.answering.call()).finish()
    }
}

impl<R: Answer> Reply<R> {
    pub(crate) const fn new(answering: Answering, current: Current) -> Self {
        Self { answering, current, _answer: PhantomData }
    }

    /// Answers. False if it is too late: the caller has cancelled, its deadline has passed, or the session is over.
    /// Answering twice is impossible: this takes the reply.
    pub fn answer(mut self, answer: R) -> bool {
        let mut bytes = Vec::new();
        let encoded = match encode(answer, self.answering.shared(), &mut bytes) {
            Ok(()) => Ok(bytes),
            Err(error) => Err(error.map_handler(|()| bytes)),
        };
        self.answering.finish(&encoded)
    }

    /// When the caller gives up.
    pub const fn deadline(&self) -> Instant {
        self.current.deadline
    }

    /// Whether the caller has cancelled, its deadline has passed, or its session is over: an answer would come too
    /// late.
    pub fn is_cancelled(&self) -> bool {
        !self.answering.is_wanted()
    }
}
