//! How a call's ending travels: the status byte of a Result frame and what follows it (P-33).

use std::time::Duration;

use super::head::Head;
use super::{Cursor, Malformed};
use crate::error::{CallError, Failed, NotExecuted};
use crate::ids::Signature;

/// The status byte. Endings that only a caller's own side can know have none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "each is the error of the same name")]
#[repr(u8)]
pub enum Status {
    Ok = 0,
    Handler = 1,
    UnknownRoute = 16,
    SignatureMismatch = 17,
    BadArguments = 18,
    Forbidden = 19,
    RateLimited = 20,
    Busy = 21,
    TooManyInFlight = 22,
    TooDeep = 23,
    Reentrant = 24,
    TooLarge = 25,
    Draining = 26,
    Expired = 27,
    Panicked = 32,
    Internal = 33,
    Abandoned = 34,
    BadReply = 35,
    DeadlineExceeded = 48,
    Cancelled = 49,
}

impl Status {
    /// Every status, in order of number.
    pub const ALL: &'static [Self] = &[
        Self::Ok,
        Self::Handler,
        Self::UnknownRoute,
        Self::SignatureMismatch,
        Self::BadArguments,
        Self::Forbidden,
        Self::RateLimited,
        Self::Busy,
        Self::TooManyInFlight,
        Self::TooDeep,
        Self::Reentrant,
        Self::TooLarge,
        Self::Draining,
        Self::Expired,
        Self::Panicked,
        Self::Internal,
        Self::Abandoned,
        Self::BadReply,
        Self::DeadlineExceeded,
        Self::Cancelled,
    ];

    fn of(number: u8) -> Option<Self> {
        Self::ALL.iter().copied().find(|status| *status as u8 == number)
    }
}

/// A call's ending with its body still in the frame it came in.
pub type Ending<'a> = Result<&'a [u8], CallError<&'a [u8]>>;

/// Puts an ending into a frame's head, and gives its body.
#[inline]
pub(super) fn put<'a>(ending: &Ending<'a>, head: &mut Head) -> &'a [u8] {
    let error = match ending {
        Ok(body) => {
            head.u8(Status::Ok as u8);
            return body;
        }
        Err(error) => error,
    };
    match error {
        CallError::Handler(body) => {
            head.u8(Status::Handler as u8);
            return body;
        }
        CallError::NotExecuted(why) => put_not_executed(*why, head),
        CallError::Failed(Failed::Internal { reference }) => {
            head.u8(Status::Internal as u8);
            head.u32(*reference);
        }
        CallError::Failed(Failed::Panicked) => head.u8(Status::Panicked as u8),
        CallError::Failed(Failed::Abandoned) => head.u8(Status::Abandoned as u8),
        CallError::Failed(Failed::BadReply) => head.u8(Status::BadReply as u8),
        CallError::DeadlineExceeded => head.u8(Status::DeadlineExceeded as u8),
        // A callee is never uncertain about its own handler; it says what it did: stopped.
        CallError::Cancelled | CallError::Indeterminate => head.u8(Status::Cancelled as u8),
    }
    &[]
}

fn put_not_executed(why: NotExecuted, head: &mut Head) {
    let status = match why {
        NotExecuted::UnknownRoute => Status::UnknownRoute,
        NotExecuted::SignatureMismatch { ours, theirs } => {
            head.u8(Status::SignatureMismatch as u8);
            head.u64(ours.0);
            return head.u64(theirs.0);
        }
        NotExecuted::BadArguments | NotExecuted::Unencodable => Status::BadArguments,
        NotExecuted::Forbidden => Status::Forbidden,
        NotExecuted::RateLimited { retry_after } => {
            head.u8(Status::RateLimited as u8);
            return head.u32(u32::try_from(retry_after.as_millis()).unwrap_or(u32::MAX));
        }
        NotExecuted::Busy => Status::Busy,
        NotExecuted::TooManyInFlight => Status::TooManyInFlight,
        NotExecuted::TooDeep => Status::TooDeep,
        NotExecuted::Reentrant => Status::Reentrant,
        NotExecuted::TooLarge { bytes, max } => {
            head.u8(Status::TooLarge as u8);
            head.u32(bytes);
            return head.u32(max);
        }
        NotExecuted::Draining => Status::Draining,
        NotExecuted::Expired | NotExecuted::NeverSent | NotExecuted::DeadlineTooLong { .. } => {
            Status::Expired
        }
    };
    head.u8(status as u8);
}

#[inline]
pub(super) fn take<'a>(cursor: &mut Cursor<'a>) -> Result<Ending<'a>, Malformed> {
    let status = Status::of(cursor.u8()?).ok_or(Malformed)?;
    let why = match status {
        Status::Ok => return Ok(Ok(take_rest(cursor))),
        Status::Handler => return Ok(Err(CallError::Handler(take_rest(cursor)))),
        Status::Panicked => return Ok(Err(CallError::Failed(Failed::Panicked))),
        Status::Internal => {
            return Ok(Err(CallError::Failed(Failed::Internal { reference: cursor.u32()? })));
        }
        Status::Abandoned => return Ok(Err(CallError::Failed(Failed::Abandoned))),
        Status::BadReply => return Ok(Err(CallError::Failed(Failed::BadReply))),
        Status::DeadlineExceeded => return Ok(Err(CallError::DeadlineExceeded)),
        Status::Cancelled => return Ok(Err(CallError::Cancelled)),
        Status::UnknownRoute => NotExecuted::UnknownRoute,
        Status::SignatureMismatch => NotExecuted::SignatureMismatch {
            ours: Signature(cursor.u64()?),
            theirs: Signature(cursor.u64()?),
        },
        Status::BadArguments => NotExecuted::BadArguments,
        Status::Forbidden => NotExecuted::Forbidden,
        Status::RateLimited => {
            NotExecuted::RateLimited { retry_after: Duration::from_millis(cursor.u32()?.into()) }
        }
        Status::Busy => NotExecuted::Busy,
        Status::TooManyInFlight => NotExecuted::TooManyInFlight,
        Status::TooDeep => NotExecuted::TooDeep,
        Status::Reentrant => NotExecuted::Reentrant,
        Status::TooLarge => NotExecuted::TooLarge { bytes: cursor.u32()?, max: cursor.u32()? },
        Status::Draining => NotExecuted::Draining,
        Status::Expired => NotExecuted::Expired,
    };
    Ok(Err(CallError::NotExecuted(why)))
}

fn take_rest<'a>(cursor: &mut Cursor<'a>) -> &'a [u8] {
    std::mem::take(&mut cursor.0)
}
