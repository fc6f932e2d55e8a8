//! The frames of a session after its login, one variant a kind, each with its writing and its reading side by
//! side. Login frames stand in `handshake`: they have states of their own.

use bytes::BytesMut;

use super::head::Head;
use super::outcome::{self, Ending};
use super::{Cursor, FLAG_METADATA, FLAG_PARENT, Kind, Malformed, RawFrame};
use crate::ids::{CallId, RouteId, Signature, TraceId};
use crate::limits::Limits;

/// A session's frame. Bodies are borrowed from where they came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frame<'a> {
    /// A call (P-30).
    Call {
        /// The caller's number for it.
        id: CallId,
        /// What is called.
        to: Target,
        /// What is left of its deadline when it is written; 0 is expired.
        remaining_ms: u32,
        /// The receiver's own call on whose behalf it is made.
        parent: Option<CallId>,
        /// The arguments.
        body: &'a [u8],
    },
    /// A call's terminal frame (P-33).
    Result {
        /// The number its caller gave it.
        id: CallId,
        /// How it ended.
        ending: Ending<'a>,
    },
    /// A message without reply (P-35).
    Notify {
        /// What it is for.
        to: Target,
        /// The arguments.
        body: &'a [u8],
    },
    /// The caller no longer wants the answer (P-34).
    Cancel {
        /// Which call's.
        id: CallId,
    },
    /// Holds a position (P-36).
    Void,
    /// What has been taken so far (P-41).
    Ack {
        /// Logged frames taken, counted from the session's first.
        position: u64,
        /// The highest number of a latest value taken.
        latest: u64,
    },
    /// Are you there (P-50).
    Ping {
        /// The sender's clock, in microseconds since an instant of its choice.
        time_us: u64,
        /// The last round trip it measured, in microseconds; 0 before the first.
        rtt_us: u32,
    },
    /// I am (P-51).
    Pong {
        /// The ping's `time_us`.
        echo_us: u64,
        /// The answering end's clock.
        time_us: u64,
    },
    /// A latest value (P-37).
    Latest {
        /// Its number, rising with every latest value written in this session.
        number: u64,
        /// What it is for.
        to: Target,
        /// The arguments.
        body: &'a [u8],
    },
    /// A lossy message (P-38).
    Droppable {
        /// What it is for.
        to: Target,
        /// The arguments.
        body: &'a [u8],
    },
    /// The client knows its new token (P-65).
    TokenOk,
    /// The session is over (P-70).
    Close {
        /// A number of the table of close codes; unknown ones are allowed.
        code: u16,
        /// More about it.
        message: &'a str,
    },
}

/// What a call or a message is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Target {
    /// The route's number.
    pub route: RouteId,
    /// The sender's signature of it.
    pub signature: Signature,
    /// The cause it belongs to, where one is followed.
    pub trace: Option<TraceId>,
}

/// Why a frame could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// Its fields do not fit its payload.
    #[error("malformed {kind:?} frame")]
    Malformed {
        /// The kind it claims.
        kind: Kind,
    },
    /// A kind that has no place in an established session of this version (P-05).
    #[error("a {kind:?} frame has no place here")]
    Unexpected {
        /// The kind.
        kind: Kind,
    },
}

/// Metadata's key of the trace id; its value is the id's 8 bytes (P-31).
const TRACE_KEY: &[u8; 5] = b"trace";

impl<'a> Frame<'a> {
    /// Reads a frame's fields.
    ///
    /// # Errors
    /// [`FrameError`], which names the kind.
    #[inline]
    pub fn read(raw: RawFrame<'a>) -> Result<Self, FrameError> {
        let kind = raw.kind;
        match Self::fields(raw) {
            Ok(Some(frame)) => Ok(frame),
            Ok(None) => Err(FrameError::Unexpected { kind }),
            Err(Malformed) => Err(FrameError::Malformed { kind }),
        }
    }

    #[inline]
    fn fields(raw: RawFrame<'a>) -> Result<Option<Self>, Malformed> {
        if raw.flags & !flags_of(raw.kind) != 0 {
            return Err(Malformed);
        }
        let mut c = Cursor(raw.payload);
        let frame = match raw.kind {
            Kind::Call => {
                let id = call_id(&mut c)?;
                let (route, signature) = (RouteId(c.u64()?), Signature(c.u64()?));
                let remaining_ms = c.u32()?;
                let parent = if raw.flags & FLAG_PARENT != 0 { Some(call_id(&mut c)?) } else { None };
                let trace = metadata(raw.flags, &mut c)?;
                let to = Target { route, signature, trace };
                return Ok(Some(Self::Call { id, to, remaining_ms, parent, body: c.rest() }));
            }
            Kind::Result => Self::Result { id: call_id(&mut c)?, ending: outcome::take(&mut c)? },
            Kind::Notify => return Ok(Some(Self::Notify { to: target(raw.flags, &mut c)?, body: c.rest() })),
            Kind::Latest => {
                let number = c.u64()?;
                let to = target(raw.flags, &mut c)?;
                return Ok(Some(Self::Latest { number, to, body: c.rest() }));
            }
            Kind::Droppable => {
                return Ok(Some(Self::Droppable { to: target(raw.flags, &mut c)?, body: c.rest() }));
            }
            // Its payload means nothing: it once was a call's.
            Kind::Void => return Ok(Some(Self::Void)),
            Kind::Cancel => Self::Cancel { id: call_id(&mut c)? },
            Kind::Ack => Self::Ack { position: c.u64()?, latest: c.u64()? },
            Kind::Ping => Self::Ping { time_us: c.u64()?, rtt_us: c.u32()? },
            Kind::Pong => Self::Pong { echo_us: c.u64()?, time_us: c.u64()? },
            Kind::TokenOk => Self::TokenOk,
            Kind::Close => Self::Close { code: c.u16()?, message: c.text_u16()? },
            _ => return Ok(None),
        };
        c.end()?;
        Ok(Some(frame))
    }

    /// Whether frames of this kind are numbered and acknowledged (P-40).
    #[inline]
    pub const fn is_logged(&self) -> bool {
        matches!(
            self,
            Self::Call { .. } | Self::Result { .. } | Self::Notify { .. } | Self::Cancel { .. } | Self::Void
        )
    }

    /// Appends the frame.
    #[inline]
    pub fn put(&self, out: &mut BytesMut) {
        self.put_before(out, 0);
    }

    /// Appends the frame without the last `body_bytes` of its body, which the sender writes by itself.
    #[inline]
    pub(crate) fn put_before(&self, out: &mut BytesMut, body_bytes: usize) {
        let mut head = Head::new();
        let body = self.put_fields(&mut head);
        head.finish(body, body_bytes, out);
    }

    /// Puts all before the body into a head, and gives the body.
    #[inline]
    fn put_fields<'b>(&'b self, head: &mut Head) -> &'b [u8] {
        match self {
            Self::Call { id, to, remaining_ms, parent, body } => {
                head.begin(Kind::Call, flags(to) | if parent.is_some() { FLAG_PARENT } else { 0 });
                put_call_id(head, *id);
                head.u64(to.route.0);
                head.u64(to.signature.0);
                head.u32(*remaining_ms);
                if let Some(parent) = parent {
                    put_call_id(head, *parent);
                }
                put_metadata(head, to);
                return body;
            }
            Self::Result { id, ending } => {
                head.begin(Kind::Result, 0);
                put_call_id(head, *id);
                return outcome::put(ending, head);
            }
            Self::Notify { to, body } => {
                put_message(head, Kind::Notify, None, to);
                return body;
            }
            Self::Latest { number, to, body } => {
                put_message(head, Kind::Latest, Some(*number), to);
                return body;
            }
            Self::Droppable { to, body } => {
                put_message(head, Kind::Droppable, None, to);
                return body;
            }
            Self::Cancel { id } => {
                head.begin(Kind::Cancel, 0);
                put_call_id(head, *id);
            }
            Self::Void => head.begin(Kind::Void, 0),
            Self::TokenOk => head.begin(Kind::TokenOk, 0),
            Self::Ack { position, latest } => put_numbers(head, Kind::Ack, *position, *latest),
            Self::Ping { time_us, rtt_us } => {
                head.begin(Kind::Ping, 0);
                head.u64(*time_us);
                head.u32(*rtt_us);
            }
            Self::Pong { echo_us, time_us } => put_numbers(head, Kind::Pong, *echo_us, *time_us),
            Self::Close { code, message } => {
                let message = &message.as_bytes()[..message.len().min(u16::MAX.into())];
                head.begin(Kind::Close, 0);
                head.u16(*code);
                head.u16(message.len() as u16);
                return message;
            }
        }
        &[]
    }
}

/// Where things stand in a written Call frame, for the log to find them again.
pub(crate) struct Fields;

impl Fields {
    /// Offset of the kind byte in a frame.
    pub(crate) const KIND: usize = 4;
    /// Offset of the call id in Call, Result and Cancel frames.
    pub(crate) const CALL_ID: usize = super::HEADER_BYTES;
    /// Offset of a Call frame's remaining time.
    pub(crate) const CALL_REMAINING: usize = super::HEADER_BYTES + 8 + 8 + 8;
}

#[inline]
fn put_message(head: &mut Head, kind: Kind, number: Option<u64>, to: &Target) {
    head.begin(kind, flags(to));
    if let Some(number) = number {
        head.u64(number);
    }
    head.u64(to.route.0);
    head.u64(to.signature.0);
    put_metadata(head, to);
}

fn put_numbers(head: &mut Head, kind: Kind, first: u64, second: u64) {
    head.begin(kind, 0);
    head.u64(first);
    head.u64(second);
}

#[inline]
fn put_call_id(head: &mut Head, id: CallId) {
    head.u32(id.slot);
    head.u32(id.generation);
}

#[inline]
pub(crate) fn call_id(c: &mut Cursor<'_>) -> Result<CallId, Malformed> {
    Ok(CallId { slot: c.u32()?, generation: c.u32()? })
}

#[inline]
fn target(flags: u8, c: &mut Cursor<'_>) -> Result<Target, Malformed> {
    Ok(Target { route: RouteId(c.u64()?), signature: Signature(c.u64()?), trace: metadata(flags, c)? })
}

/// The optional fields a kind may have; another flag would be a field we cannot skip (P-02).
const fn flags_of(kind: Kind) -> u8 {
    match kind {
        Kind::Call => FLAG_PARENT | FLAG_METADATA,
        Kind::Notify | Kind::Latest | Kind::Droppable => FLAG_METADATA,
        _ => 0,
    }
}

const fn flags(to: &Target) -> u8 {
    if to.trace.is_some() { FLAG_METADATA } else { 0 }
}

#[inline]
fn put_metadata(head: &mut Head, to: &Target) {
    if let Some(TraceId(trace)) = to.trace {
        head.u8(1);
        head.u8(TRACE_KEY.len() as u8);
        head.put(*TRACE_KEY);
        head.u16(8);
        head.u64(trace);
    }
}

/// Reads a metadata map: bounded, unknown keys skipped (P-31).
#[inline]
fn metadata(flags: u8, c: &mut Cursor<'_>) -> Result<Option<TraceId>, Malformed> {
    if flags & FLAG_METADATA == 0 {
        return Ok(None);
    }
    let before = c.0.len();
    let entries = c.u8()?;
    if usize::from(entries) > Limits::METADATA_ENTRIES_MAX {
        return Err(Malformed);
    }
    let mut trace = None;
    for _ in 0..entries {
        let (key, value) = (c.bytes_u8()?, c.bytes_u16()?);
        if key == TRACE_KEY {
            trace = Some(TraceId(u64::from_le_bytes(value.try_into().map_err(|_| Malformed)?)));
        }
    }
    if before - c.0.len() > Limits::METADATA_BYTES_MAX {
        return Err(Malformed);
    }
    Ok(trace)
}
