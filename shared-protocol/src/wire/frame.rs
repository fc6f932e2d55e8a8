//! The frames of a session after its login, one variant a kind, each with its writing and its reading side by
//! side. Login frames stand in `handshake`: they have states of their own.

use bytes::{BufMut, BytesMut};

use super::outcome::{self, Ending};
use super::{Cursor, FLAG_METADATA, FLAG_PARENT, Kind, Malformed, RawFrame, put_bytes_u8, put_bytes_u16};
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
const TRACE_KEY: &[u8] = b"trace";

impl<'a> Frame<'a> {
    /// Reads a frame's fields.
    ///
    /// # Errors
    /// [`FrameError`], which names the kind.
    pub fn read(raw: RawFrame<'a>) -> Result<Self, FrameError> {
        let kind = raw.kind;
        match Self::fields(raw) {
            Ok(Some(frame)) => Ok(frame),
            Ok(None) => Err(FrameError::Unexpected { kind }),
            Err(Malformed) => Err(FrameError::Malformed { kind }),
        }
    }

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
    pub const fn is_logged(&self) -> bool {
        matches!(
            self,
            Self::Call { .. } | Self::Result { .. } | Self::Notify { .. } | Self::Cancel { .. } | Self::Void
        )
    }

    /// Appends the frame.
    pub fn put(&self, out: &mut BytesMut) {
        self.put_before(out, 0);
    }

    /// Appends the frame without the last `body_bytes` of its body, which the sender writes by itself.
    pub(crate) fn put_before(&self, out: &mut BytesMut, body_bytes: usize) {
        let start = self.put_fields(out);
        end_frame(out, start, body_bytes);
    }

    fn put_fields(&self, out: &mut BytesMut) -> FrameStart {
        match self {
            Self::Call { id, to, remaining_ms, parent, body } => {
                let flags = flags(to) | if parent.is_some() { FLAG_PARENT } else { 0 };
                let start = start_frame(out, Kind::Call, flags);
                put_call_id(out, *id);
                out.put_u64_le(to.route.0);
                out.put_u64_le(to.signature.0);
                out.put_u32_le(*remaining_ms);
                if let Some(parent) = parent {
                    put_call_id(out, *parent);
                }
                put_metadata(out, to);
                out.put_slice(body);
                start
            }
            Self::Result { id, ending } => {
                let start = start_frame(out, Kind::Result, 0);
                put_call_id(out, *id);
                outcome::put(ending, out);
                start
            }
            Self::Notify { to, body } => put_message(out, Kind::Notify, None, to, body),
            Self::Latest { number, to, body } => put_message(out, Kind::Latest, Some(*number), to, body),
            Self::Droppable { to, body } => put_message(out, Kind::Droppable, None, to, body),
            Self::Cancel { id } => {
                let start = start_frame(out, Kind::Cancel, 0);
                put_call_id(out, *id);
                start
            }
            Self::Void => start_frame(out, Kind::Void, 0),
            Self::TokenOk => start_frame(out, Kind::TokenOk, 0),
            Self::Ack { position, latest } => put_numbers(out, Kind::Ack, *position, *latest),
            Self::Ping { time_us, rtt_us } => {
                let start = start_frame(out, Kind::Ping, 0);
                out.put_u64_le(*time_us);
                out.put_u32_le(*rtt_us);
                start
            }
            Self::Pong { echo_us, time_us } => put_numbers(out, Kind::Pong, *echo_us, *time_us),
            Self::Close { code, message } => {
                let start = start_frame(out, Kind::Close, 0);
                out.put_u16_le(*code);
                put_bytes_u16(out, message.as_bytes());
                start
            }
        }
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

/// Where a frame begins whose length is not known yet.
pub(crate) struct FrameStart(usize);

pub(crate) fn start_frame(out: &mut BytesMut, kind: Kind, flags: u8) -> FrameStart {
    let start = FrameStart(out.len());
    out.put_u32_le(0);
    out.put_u8(kind as u8);
    out.put_u8(flags);
    start
}

/// Fills in the length; `body_bytes` more follow from elsewhere.
pub(crate) fn end_frame(out: &mut BytesMut, FrameStart(start): FrameStart, body_bytes: usize) {
    // Bodies are at most 16 MiB, so the length fits; saturating keeps the arithmetic free of panics.
    let len = u32::try_from(out.len() - start - 4 + body_bytes).unwrap_or(u32::MAX);
    out[start..start + 4].copy_from_slice(&len.to_le_bytes());
}

fn put_message(out: &mut BytesMut, kind: Kind, number: Option<u64>, to: &Target, body: &[u8]) -> FrameStart {
    let start = start_frame(out, kind, flags(to));
    if let Some(number) = number {
        out.put_u64_le(number);
    }
    out.put_u64_le(to.route.0);
    out.put_u64_le(to.signature.0);
    put_metadata(out, to);
    out.put_slice(body);
    start
}

fn put_numbers(out: &mut BytesMut, kind: Kind, first: u64, second: u64) -> FrameStart {
    let start = start_frame(out, kind, 0);
    out.put_u64_le(first);
    out.put_u64_le(second);
    start
}

fn put_call_id(out: &mut BytesMut, id: CallId) {
    out.put_u32_le(id.slot);
    out.put_u32_le(id.generation);
}

pub(crate) fn call_id(c: &mut Cursor<'_>) -> Result<CallId, Malformed> {
    Ok(CallId { slot: c.u32()?, generation: c.u32()? })
}

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

fn put_metadata(out: &mut BytesMut, to: &Target) {
    if let Some(TraceId(trace)) = to.trace {
        out.put_u8(1);
        put_bytes_u8(out, TRACE_KEY);
        put_bytes_u16(out, &trace.to_le_bytes());
    }
}

/// Reads a metadata map: bounded, unknown keys skipped (P-31).
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
