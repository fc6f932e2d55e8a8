//! How a call can end, in the words of the one who made it. Which of these a peer may send stands in `wire`.

use std::convert::Infallible;
use std::fmt;
use std::time::Duration;

use crate::ids::Signature;

/// How a call ended, other than with its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CallError<E = Infallible> {
    /// The handler ran and refused: its own error.
    Handler(E),
    /// The handler provably never started: calling again is safe.
    NotExecuted(NotExecuted),
    /// The handler started and did not give an answer.
    Failed(Failed),
    /// The deadline passed. The handler may have run; the other end has been told to stop.
    DeadlineExceeded,
    /// The call was cancelled, here or by the call on whose behalf it was made.
    Cancelled,
    /// The session was lost after the call had been sent: it may or may not have run.
    Indeterminate,
}

/// Why a call's handler never started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotExecuted {
    /// The peer serves no route of that name.
    #[error("the peer serves no such route")]
    UnknownRoute,
    /// The peers disagree about the route's arguments or reply: different versions of the contract.
    #[error("the peers' contracts differ: our signature is {ours}, theirs {theirs}")]
    SignatureMismatch {
        /// The caller's signature.
        ours: Signature,
        /// The callee's.
        theirs: Signature,
    },
    /// The arguments' bytes could not be read.
    #[error("the arguments could not be read")]
    BadArguments,
    /// A guard said no.
    #[error("not allowed")]
    Forbidden,
    /// Too many calls of this route.
    #[error("rate limited: again in {retry_after:?}")]
    RateLimited {
        /// When to try again.
        retry_after: Duration,
    },
    /// No room to send it before its deadline: the peer reads slowly.
    #[error("no room to send it before its deadline")]
    Busy,
    /// More calls in flight than the peer takes.
    #[error("too many calls in flight")]
    TooManyInFlight,
    /// A chain of calls back and forth deeper than 16.
    #[error("calls nested too deeply")]
    TooDeep,
    /// A serial route called from within its own run.
    #[error("a serial route called from within its own run")]
    Reentrant,
    /// The arguments exceed the peer's limit.
    #[error("{bytes} bytes of arguments, the peer takes {max}")]
    TooLarge {
        /// Their size.
        bytes: u32,
        /// The limit.
        max: u32,
    },
    /// The peer is shutting down.
    #[error("the peer is shutting down")]
    Draining,
    /// It ended (deadline, cancel, lost or closed session) before its first byte was written.
    #[error("ended before it was sent")]
    NeverSent,
    /// Its deadline had passed when it arrived.
    #[error("its deadline had passed when it arrived")]
    Expired,
    /// The call asked for a longer deadline than is allowed.
    #[error("a deadline of {asked:?} is more than the maximum of {max:?}")]
    DeadlineTooLong {
        /// What was asked.
        asked: Duration,
        /// What is allowed.
        max: Duration,
    },
    /// The arguments could not be encoded.
    #[error("the arguments could not be encoded")]
    Unencodable,
}

/// How a started handler came to give no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Failed {
    /// It panicked; only this call failed.
    #[error("the handler panicked")]
    Panicked,
    /// It ended with an internal error, logged where it ran under this number.
    #[error("internal error at the peer, reference {reference:08x}")]
    Internal {
        /// Finds the error in the peer's log.
        reference: u32,
    },
    /// It dropped its reply unanswered.
    #[error("the handler dropped its reply")]
    Abandoned,
    /// Its answer could not be encoded, was too large, or could not be read.
    #[error("the reply could not be read")]
    BadReply,
}

impl<E> CallError<E> {
    /// Whether calling again cannot run the handler twice, and could end differently.
    pub const fn may_retry(&self) -> bool {
        matches!(
            self,
            Self::NotExecuted(
                NotExecuted::Busy
                    | NotExecuted::TooManyInFlight
                    | NotExecuted::RateLimited { .. }
                    | NotExecuted::Draining
                    | NotExecuted::NeverSent
                    | NotExecuted::Expired
            )
        )
    }

    /// Whether the handler may have run, wholly or in part.
    pub const fn may_have_run(&self) -> bool {
        !matches!(self, Self::NotExecuted(_))
    }

    /// The same ending, its handler's error borrowed.
    pub const fn as_ref(&self) -> CallError<&E> {
        match self {
            Self::Handler(error) => CallError::Handler(error),
            Self::NotExecuted(why) => CallError::NotExecuted(*why),
            Self::Failed(how) => CallError::Failed(*how),
            Self::DeadlineExceeded => CallError::DeadlineExceeded,
            Self::Cancelled => CallError::Cancelled,
            Self::Indeterminate => CallError::Indeterminate,
        }
    }

    /// The same ending for a call whose handler has another error.
    pub fn map_handler<F>(self, map: impl FnOnce(E) -> F) -> CallError<F> {
        match self {
            Self::Handler(error) => CallError::Handler(map(error)),
            Self::NotExecuted(why) => CallError::NotExecuted(why),
            Self::Failed(how) => CallError::Failed(how),
            Self::DeadlineExceeded => CallError::DeadlineExceeded,
            Self::Cancelled => CallError::Cancelled,
            Self::Indeterminate => CallError::Indeterminate,
        }
    }
}

impl<E: fmt::Debug> fmt::Display for CallError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // Debug, so that a game's error needs no Display to be used with `?`.
            Self::Handler(error) => write!(f, "refused: {error:?}"),
            Self::NotExecuted(why) => write!(f, "not executed: {why}"),
            Self::Failed(how) => how.fmt(f),
            Self::DeadlineExceeded => f.write_str("deadline exceeded"),
            Self::Cancelled => f.write_str("cancelled"),
            Self::Indeterminate => f.write_str("the session was lost: the call may or may not have run"),
        }
    }
}

impl<E: fmt::Debug> std::error::Error for CallError<E> {}

impl<E> From<NotExecuted> for CallError<E> {
    fn from(why: NotExecuted) -> Self {
        Self::NotExecuted(why)
    }
}

/// What became of a notify. Not `must_use`: a notify is a statement, and most senders have nothing to add.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notified {
    /// It is in the session's log (or, for `latest`, in its place there).
    Sent,
    /// It is not, and will not arrive.
    Dropped(Dropped),
}

/// Why a notify was dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Dropped {
    /// The session is closed.
    #[error("the session is closed")]
    Closed,
    /// The log is full: the peer reads slowly.
    #[error("the log is full: the peer reads slowly")]
    Full,
    /// Larger than the peer takes.
    #[error("{bytes} bytes, the peer takes {max}")]
    TooLarge {
        /// Its size.
        bytes: u32,
        /// The limit.
        max: u32,
    },
    /// The arguments could not be encoded.
    #[error("the arguments could not be encoded")]
    Unencodable,
}
