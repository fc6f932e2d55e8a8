//! The login's frames as bytes. Their encoding is fixed for all versions: it is what versions are agreed in.

use std::time::Duration;

use bytes::{BufMut, BytesMut};

use crate::codec::Codec;
use crate::ids::SessionId;
use crate::limits::{Announced, Limits};
use crate::session::Taken;
use crate::wire::{Cursor, Kind, Malformed, RawFrame, put_bytes_u8, put_bytes_u16};

/// What a Hello begins with (P-10).
pub(super) const MAGIC: &[u8; 7] = b"FARCALL";

/// Small facts a client sends with its login, for admission to see: platform, locale, region.
/// At most 16 entries and 1 KiB in all.
pub type Metadata = Vec<(String, String)>;

pub(super) struct Hello<'a> {
    pub(super) version_min: u16,
    pub(super) version_max: u16,
    /// Features the sender offers; unknown ones are ignored.
    pub(super) features: u64,
    /// Features without which it cannot go on; an unknown one refuses.
    pub(super) required: u64,
    pub(super) nonce: [u8; 16],
    pub(super) codecs: &'a [u8],
    pub(super) takes: Announced,
}

impl<'a> Hello<'a> {
    pub(super) fn put(&self, out: &mut BytesMut) {
        let start = start_frame(out, Kind::Hello, 0);
        out.put_slice(MAGIC);
        out.put_u16_le(self.version_min);
        out.put_u16_le(self.version_max);
        out.put_u64_le(self.features);
        out.put_u64_le(self.required);
        out.put_slice(&self.nonce);
        put_bytes_u8(out, self.codecs);
        put_announced(out, self.takes);
        end_frame(out, start);
    }

    /// `None` when the magic is missing: whatever this is, it is not Farcall.
    pub(super) fn take(raw: RawFrame<'a>) -> Result<Option<Self>, Malformed> {
        let mut c = Cursor(raw.payload);
        if raw.kind != Kind::Hello || c.take(MAGIC.len()).ok() != Some(MAGIC) {
            return Ok(None);
        }
        let hello = Self {
            version_min: c.u16()?,
            version_max: c.u16()?,
            features: c.u64()?,
            required: c.u64()?,
            nonce: c.array()?,
            codecs: c.bytes_u8()?,
            takes: take_announced(&mut c)?,
        };
        // Later versions may say more here (P-10): what follows is ignored.
        Ok(Some(hello))
    }
}

/// P-14.
pub(super) struct HelloReply {
    pub(super) version: u16,
    pub(super) features: u64,
    /// Random at each start of a server: positions of another incarnation mean nothing.
    pub(super) epoch: u64,
    pub(super) nonce: [u8; 16],
    pub(super) codec: Codec,
}

impl HelloReply {
    pub(super) fn put(&self, out: &mut BytesMut) {
        let start = start_frame(out, Kind::HelloReply, 0);
        out.put_u16_le(self.version);
        out.put_u64_le(self.features);
        out.put_u64_le(self.epoch);
        out.put_slice(&self.nonce);
        out.put_u8(self.codec.number());
        end_frame(out, start);
    }

    pub(super) fn take(raw: RawFrame<'_>) -> Result<Self, Malformed> {
        let mut c = Cursor(raw.payload);
        let (version, features, epoch, nonce) = (c.u16()?, c.u64()?, c.u64()?, c.array()?);
        let codec = Codec::of(c.u8()?).ok_or(Malformed)?;
        Ok(Self { version, features, epoch, nonce, codec })
    }
}

/// How an Auth frame's credential is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Method {
    Anonymous = 0,
    SharedKey = 1,
    Bearer = 2,
}

/// What a client that comes back says of its session (P-61).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResumeClaims<'a> {
    /// Which session.
    pub session: SessionId,
    /// The token it was last given.
    pub token: &'a [u8],
    /// The server's epoch at the login.
    pub epoch: u64,
    /// Higher than at every return before.
    pub attempt: u32,
    /// What it has taken.
    pub taken: Taken,
}

impl<'a> ResumeClaims<'a> {
    fn put(&self, out: &mut BytesMut) {
        out.put_slice(&self.session.0);
        put_bytes_u8(out, self.token);
        out.put_u64_le(self.epoch);
        out.put_u32_le(self.attempt);
        put_taken(out, self.taken);
    }

    fn take(c: &mut Cursor<'a>) -> Result<Self, Malformed> {
        Ok(Self {
            session: SessionId(c.array()?),
            token: c.bytes_u8()?,
            epoch: c.u64()?,
            attempt: c.u32()?,
            taken: take_taken(c)?,
        })
    }
}

/// P-15; with what it says of its session, P-61.
pub(super) struct Auth<'a> {
    pub(super) method: Method,
    pub(super) uid: &'a str,
    pub(super) build: u32,
    pub(super) metadata: Metadata,
    /// Makes it a Resume.
    pub(super) resume: Option<ResumeClaims<'a>>,
    /// The proof or the bearer's text; last, so that a proof can cover everything before it.
    pub(super) credential: &'a [u8],
}

impl<'a> Auth<'a> {
    /// The fields before the credential, which a proof covers.
    pub(super) fn put_claims(&self, out: &mut BytesMut) {
        out.put_u8(self.method as u8);
        put_bytes_u8(out, self.uid.as_bytes());
        out.put_u32_le(self.build);
        let entries = &self.metadata[..self.metadata.len().min(Limits::METADATA_ENTRIES_MAX)];
        out.put_u8(entries.len() as u8);
        for (key, value) in entries {
            put_bytes_u8(out, key.as_bytes());
            put_bytes_u16(out, value.as_bytes());
        }
        if let Some(resume) = &self.resume {
            resume.put(out);
        }
    }

    const fn kind(&self) -> Kind {
        if self.resume.is_some() { Kind::Resume } else { Kind::Auth }
    }

    pub(super) fn put(&self, out: &mut BytesMut) {
        let start = start_frame(out, self.kind(), 0);
        self.put_claims(out);
        put_bytes_u16(out, self.credential);
        end_frame(out, start);
    }

    /// The frame, and how many bytes of its payload the claims take.
    pub(super) fn take(raw: RawFrame<'a>) -> Result<(Self, usize), Malformed> {
        let mut c = Cursor(raw.payload);
        let method = match c.u8()? {
            0 => Method::Anonymous,
            1 => Method::SharedKey,
            2 => Method::Bearer,
            _ => return Err(Malformed),
        };
        let uid = c.text_u8()?;
        let build = c.u32()?;
        let entries = c.u8()?;
        if usize::from(entries) > Limits::METADATA_ENTRIES_MAX {
            return Err(Malformed);
        }
        let before = c.0.len();
        let metadata = (0..entries)
            .map(|_| Ok((c.text_u8()?.to_owned(), c.text_u16()?.to_owned())))
            .collect::<Result<Metadata, Malformed>>()?;
        if before - c.0.len() > Limits::METADATA_BYTES_MAX {
            return Err(Malformed);
        }
        let resume = if raw.kind == Kind::Resume { Some(ResumeClaims::take(&mut c)?) } else { None };
        let claims_bytes = raw.payload.len() - c.0.len();
        let credential = c.bytes_u16()?;
        Ok((Self { method, uid, build, metadata, resume, credential }, claims_bytes))
    }
}

pub(super) struct Welcome<'a> {
    pub(super) session: SessionId,
    pub(super) uid: &'a str,
    /// Empty where the session cannot be resumed.
    pub(super) resume_token: &'a [u8],
    pub(super) resume_window: Duration,
    pub(super) heartbeat: Duration,
    pub(super) silence_max: Duration,
    pub(super) takes: Announced,
    pub(super) time_us: u64,
    /// The server's own proof with a shared key, else empty.
    pub(super) proof: &'a [u8],
}

impl<'a> Welcome<'a> {
    pub(super) fn put(&self, out: &mut BytesMut) {
        let start = start_frame(out, Kind::Welcome, 0);
        out.put_slice(&self.session.0);
        put_bytes_u8(out, self.uid.as_bytes());
        put_bytes_u8(out, self.resume_token);
        for duration in [self.resume_window, self.heartbeat, self.silence_max] {
            out.put_u32_le(u32::try_from(duration.as_millis()).unwrap_or(u32::MAX));
        }
        put_announced(out, self.takes);
        out.put_u64_le(self.time_us);
        put_bytes_u8(out, self.proof);
        end_frame(out, start);
    }

    pub(super) fn take(raw: RawFrame<'a>) -> Result<Self, Malformed> {
        let mut c = Cursor(raw.payload);
        let session = SessionId(c.array()?);
        let (uid, resume_token) = (c.text_u8()?, c.bytes_u8()?);
        let mut millis = || c.u32().map(|ms| Duration::from_millis(ms.into()));
        let (resume_window, heartbeat, silence_max) = (millis()?, millis()?, millis()?);
        let takes = take_announced(&mut c)?;
        let (time_us, proof) = (c.u64()?, c.bytes_u8()?);
        Ok(Self { session, uid, resume_token, resume_window, heartbeat, silence_max, takes, time_us, proof })
    }
}

/// P-63.
pub(super) struct Resumed<'a> {
    /// What the server has taken.
    pub(super) taken: Taken,
    /// For the next time.
    pub(super) token: &'a [u8],
    pub(super) time_us: u64,
    /// The server's own proof with a shared key, else empty.
    pub(super) proof: &'a [u8],
}

impl<'a> Resumed<'a> {
    pub(super) fn put(&self, out: &mut BytesMut) {
        let start = start_frame(out, Kind::Resumed, 0);
        put_taken(out, self.taken);
        put_bytes_u8(out, self.token);
        out.put_u64_le(self.time_us);
        put_bytes_u8(out, self.proof);
        end_frame(out, start);
    }

    pub(super) fn take(raw: RawFrame<'a>) -> Result<Self, Malformed> {
        let mut c = Cursor(raw.payload);
        Ok(Self { taken: take_taken(&mut c)?, token: c.bytes_u8()?, time_us: c.u64()?, proof: c.bytes_u8()? })
    }
}

/// P-64.
pub(super) struct ResumeFailed {
    pub(super) code: u16,
    /// Logged frames that the server had taken, where it still knows.
    pub(super) position: Option<u64>,
}

impl ResumeFailed {
    pub(super) fn put(&self, out: &mut BytesMut) {
        let start = start_frame(out, Kind::ResumeFailed, 0);
        out.put_u16_le(self.code);
        out.put_u8(self.position.is_some().into());
        out.put_u64_le(self.position.unwrap_or_default());
        end_frame(out, start);
    }

    pub(super) fn take(raw: RawFrame<'_>) -> Result<Self, Malformed> {
        let mut c = Cursor(raw.payload);
        let (code, is_known, position) = (c.u16()?, c.u8()? != 0, c.u64()?);
        Ok(Self { code, position: is_known.then_some(position) })
    }
}

pub(super) struct Refused<'a> {
    pub(super) code: u16,
    pub(super) retry_after: Duration,
    pub(super) message: &'a str,
    pub(super) url: &'a str,
}

impl<'a> Refused<'a> {
    pub(super) fn put(&self, out: &mut BytesMut) {
        let start = start_frame(out, Kind::Refused, 0);
        out.put_u16_le(self.code);
        out.put_u32_le(u32::try_from(self.retry_after.as_millis()).unwrap_or(u32::MAX));
        put_bytes_u16(out, self.message.as_bytes());
        put_bytes_u16(out, self.url.as_bytes());
        end_frame(out, start);
    }

    pub(super) fn take(raw: RawFrame<'a>) -> Result<Self, Malformed> {
        let mut c = Cursor(raw.payload);
        let (code, retry_after) = (c.u16()?, Duration::from_millis(c.u32()?.into()));
        Ok(Self { code, retry_after, message: c.text_u16()?, url: c.text_u16()? })
    }
}

fn put_taken(out: &mut BytesMut, taken: Taken) {
    out.put_u64_le(taken.position);
    out.put_u64_le(taken.latest);
}

fn take_taken(c: &mut Cursor<'_>) -> Result<Taken, Malformed> {
    Ok(Taken { position: c.u64()?, latest: c.u64()? })
}

fn put_announced(out: &mut BytesMut, takes: Announced) {
    out.put_u32_le(takes.calls_in_flight_max);
    out.put_u32_le(takes.slots_max);
    out.put_u32_le(takes.body_bytes_max);
}

fn take_announced(c: &mut Cursor<'_>) -> Result<Announced, Malformed> {
    let announced = Announced {
        calls_in_flight_max: c.u32()?,
        slots_max: c.u32()?,
        body_bytes_max: c.u32()?.min(Limits::BODY_BYTES_MAX),
    };
    if announced.calls_in_flight_max > announced.slots_max { Err(Malformed) } else { Ok(announced) }
}

/// Where a frame begins whose length is not known yet.
struct FrameStart(usize);

fn start_frame(out: &mut BytesMut, kind: Kind, flags: u8) -> FrameStart {
    let start = FrameStart(out.len());
    out.put_u32_le(0);
    out.put_u8(kind as u8);
    out.put_u8(flags);
    start
}

/// Fills in the length.
fn end_frame(out: &mut BytesMut, FrameStart(start): FrameStart) {
    // A login's frames are small; saturating keeps the arithmetic free of panics.
    let len = u32::try_from(out.len() - start - 4).unwrap_or(u32::MAX);
    out[start..start + 4].copy_from_slice(&len.to_le_bytes());
}
