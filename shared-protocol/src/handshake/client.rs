//! The client's half of the login.

use std::time::Duration;

use bytes::BytesMut;

use super::frames::{
    Auth, Hello, HelloReply, Metadata, Refused, ResumeClaims, ResumeFailed, Resumed, Welcome,
};
use super::proof::Transcript;
use super::server::{unproved, unproved_return};
use super::{Credential, Established, FEATURE_RESUME, FEATURES, Refusal, Token, VERSION};
use crate::close::CloseCode;
use crate::codec::Codec;
use crate::ids::{SessionId, Side, Uid};
use crate::limits::Announced;
use crate::session::Taken;
use crate::wire::{HEADER_BYTES, Kind, RawFrame};

/// Why a login did not succeed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LoginError {
    /// The server's game refused the player.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The server closed with a code of the table.
    #[error("{code}{}{message}", if message.is_empty() { "" } else { ": " })]
    Closed {
        /// The entry.
        code: CloseCode,
        /// More about it.
        message: String,
    },
    /// The server's frames make no sense.
    #[error("the server broke the protocol: {0}")]
    Protocol(&'static str),
    /// The server did not prove that it knows the shared key: it is not the one we want.
    #[error("the server does not know the shared key")]
    ServerUnproved,
}

/// A client about to say who it is.
#[derive(Debug, Clone)]
pub struct Connecting {
    /// Who it wants to be.
    pub uid: Uid,
    /// What it shows.
    pub credential: Credential,
    /// The build number of the game.
    pub build: u32,
    /// Small facts for admission.
    pub metadata: Metadata,
    /// Random for each connection.
    pub nonce: [u8; 16],
    /// What this client takes.
    pub takes: Announced,
    /// What it offers to speak, the preferred first (P-12).
    pub codecs: Vec<Codec>,
    /// Whether it can come back: a client that cannot reach the server again does not ask for a session that waits.
    pub can_return: bool,
    /// Comes back to this session instead of logging in.
    pub resume: Option<Return>,
}

/// What a client says of the session to which it comes back (P-61).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Return {
    /// Which session.
    pub session: SessionId,
    /// The token it was last given.
    pub token: Token,
    /// The server's epoch at the login.
    pub epoch: u64,
    /// Higher than at every attempt before.
    pub attempt: u32,
    /// What it has taken.
    pub taken: Taken,
}

/// A client that has come back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Returned {
    /// What the server has taken.
    pub taken: Taken,
    /// For the next time.
    pub token: Token,
}

/// A client whose session the server does not give back (P-64).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dismissed {
    /// Why.
    pub code: CloseCode,
    /// Logged frames that the server had taken of the session, where it still knows.
    pub position: Option<u64>,
}

/// How a server has answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The login is through.
    Welcome(Established),
    /// The session goes on.
    Resumed(Returned),
    /// It does not.
    Dismissed(Dismissed),
}

impl Connecting {
    /// Writes the first frames.
    pub fn start(self, out: &mut BytesMut) -> AwaitingReply {
        let codecs: Vec<u8> = self.codecs.iter().map(|codec| codec.number()).collect();
        let hello = Hello {
            version_min: VERSION,
            version_max: VERSION,
            features: self.features(),
            required: 0,
            nonce: self.nonce,
            codecs: &codecs,
            takes: self.takes,
        };
        let from = out.len();
        hello.put(out);
        let mut transcript = Transcript::default();
        transcript.add(&out[from + HEADER_BYTES..]);
        // Only a proof needs the server's choice first; everything else saves a round trip (P-13).
        let pipelined = !matches!(self.credential, Credential::SharedKey(_));
        if pipelined {
            self.put_auth(&mut transcript, out);
        }
        AwaitingReply { connecting: self, transcript, pipelined }
    }

    /// What it offers (P-11).
    const fn features(&self) -> u64 {
        if self.can_return { FEATURES } else { FEATURES & !FEATURE_RESUME }
    }

    fn put_auth(&self, transcript: &mut Transcript, out: &mut BytesMut) {
        let mut auth = Auth {
            method: self.credential.method(),
            uid: self.uid.as_str(),
            build: self.build,
            metadata: self.metadata.clone(),
            resume: self.resume.as_ref().map(Return::claims),
            credential: &[],
        };
        let mut claims = BytesMut::new();
        auth.put_claims(&mut claims);
        transcript.add(&claims);
        let proof;
        auth.credential = match &self.credential {
            Credential::Anonymous => &[],
            Credential::Bearer(text) => text.as_bytes(),
            Credential::SharedKey(key) => {
                proof = transcript.prove(key, Side::Client);
                &proof
            }
        };
        auth.put(out);
    }
}

impl Return {
    fn claims(&self) -> ResumeClaims<'_> {
        let Self { session, ref token, epoch, attempt, taken } = *self;
        ResumeClaims { session, token: &token.0, epoch, attempt, taken }
    }
}

/// Waits for the server's choice.
#[derive(Debug)]
pub struct AwaitingReply {
    connecting: Connecting,
    transcript: Transcript,
    pipelined: bool,
}

impl AwaitingReply {
    /// Takes the server's first frame.
    ///
    /// # Errors
    /// [`LoginError`]: refused, or a server that broke the protocol.
    pub fn reply(mut self, raw: RawFrame<'_>, out: &mut BytesMut) -> Result<AwaitingVerdict, LoginError> {
        let raw = expect(Kind::HelloReply, raw)?;
        let reply = HelloReply::take(raw).map_err(|_| LoginError::Protocol("malformed HelloReply"))?;
        if reply.version != VERSION {
            return Err(LoginError::Protocol("it chose a version that was not offered"));
        }
        if reply.features & !self.connecting.features() != 0 {
            return Err(LoginError::Protocol("it chose a feature that was not offered"));
        }
        if !self.connecting.codecs.contains(&reply.codec) {
            return Err(LoginError::Protocol("it chose a codec that was not offered"));
        }
        if !self.pipelined {
            self.transcript.add(raw.payload);
            self.connecting.put_auth(&mut self.transcript, out);
        }
        let Self { connecting, transcript, .. } = self;
        let Connecting { credential, resume, .. } = connecting;
        let offered = reply.features & FEATURE_RESUME != 0;
        let (codec, epoch, returns) = (reply.codec, reply.epoch, resume.is_some());
        Ok(AwaitingVerdict { credential, transcript, codec, epoch, offered, returns })
    }
}

/// Waits to be let in.
#[derive(Debug)]
pub struct AwaitingVerdict {
    credential: Credential,
    transcript: Transcript,
    codec: Codec,
    epoch: u64,
    /// Both ends know how to resume.
    offered: bool,
    /// It has asked for its session.
    returns: bool,
}

impl AwaitingVerdict {
    /// Takes the server's verdict on a login or on a return.
    ///
    /// # Errors
    /// [`LoginError`]: refused, a server that broke the protocol or does not know the shared key.
    pub fn verdict(self, raw: RawFrame<'_>) -> Result<Verdict, LoginError> {
        match raw.kind {
            Kind::Resumed if self.returns => self.resumed(raw).map(Verdict::Resumed),
            Kind::ResumeFailed if self.returns => {
                let failed =
                    ResumeFailed::take(raw).map_err(|_| LoginError::Protocol("malformed ResumeFailed"))?;
                let code = CloseCode::of(failed.code).unwrap_or(CloseCode::NotResumable);
                Ok(Verdict::Dismissed(Dismissed { code, position: failed.position }))
            }
            Kind::Welcome if !self.returns => self.welcome(raw).map(Verdict::Welcome),
            // Another frame has no place here; a refusal is told as what it says.
            _ => Err(expect(Kind::Welcome, raw)
                .err()
                .unwrap_or(LoginError::Protocol("a welcome for a client that came back"))),
        }
    }

    fn resumed(mut self, raw: RawFrame<'_>) -> Result<Returned, LoginError> {
        let resumed = Resumed::take(raw).map_err(|_| LoginError::Protocol("malformed Resumed"))?;
        self.check_proof(&unproved_return(&resumed), resumed.proof)?;
        let token =
            resumed.token.try_into().map_err(|_| LoginError::Protocol("a token of the wrong length"))?;
        Ok(Returned { taken: resumed.taken, token: Token(token) })
    }

    fn check_proof(&mut self, payload: &[u8], proof: &[u8]) -> Result<(), LoginError> {
        let Credential::SharedKey(key) = &self.credential else { return Ok(()) };
        self.transcript.add(payload);
        if self.transcript.is_proved(key, Side::Server, proof) {
            Ok(())
        } else {
            Err(LoginError::ServerUnproved)
        }
    }

    fn welcome(mut self, raw: RawFrame<'_>) -> Result<Established, LoginError> {
        let welcome = Welcome::take(raw).map_err(|_| LoginError::Protocol("malformed Welcome"))?;
        self.check_proof(&unproved(&welcome), welcome.proof)?;
        let resume_token = match welcome.resume_token {
            [] => None,
            _ if !self.offered => return Err(LoginError::Protocol("a token that nobody asked for")),
            token => Some(Token(
                token.try_into().map_err(|_| LoginError::Protocol("a token of the wrong length"))?,
            )),
        };
        if welcome.heartbeat.is_zero() || welcome.silence_max < welcome.heartbeat {
            return Err(LoginError::Protocol("a heartbeat that cannot be kept"));
        }
        Ok(Established {
            session: welcome.session,
            uid: Uid::new(welcome.uid).map_err(|_| LoginError::Protocol("it named us with no valid uid"))?,
            codec: self.codec,
            peer: welcome.takes,
            heartbeat: welcome.heartbeat,
            silence_max: welcome.silence_max,
            server_time_us: welcome.time_us,
            epoch: self.epoch,
            resume_window: if resume_token.is_some() { welcome.resume_window } else { Duration::ZERO },
            resume_token,
        })
    }
}

/// The frame, if it is of that kind; the server's refusal as an error.
fn expect(kind: Kind, raw: RawFrame<'_>) -> Result<RawFrame<'_>, LoginError> {
    if raw.kind == kind {
        return Ok(raw);
    }
    if raw.kind != Kind::Refused {
        return Err(LoginError::Protocol("a frame that has no place in a login"));
    }
    let refused = Refused::take(raw).map_err(|_| LoginError::Protocol("malformed Refused"))?;
    let message = refused.message.to_owned();
    Err(match CloseCode::of(refused.code) {
        Some(CloseCode::Unauthorized) => Refusal::Unauthorized { message }.into(),
        Some(CloseCode::Refused) | None => Refusal::Refused { message }.into(),
        Some(CloseCode::UpdateRequired) => {
            Refusal::UpdateRequired { message, url: refused.url.to_owned() }.into()
        }
        Some(CloseCode::Busy) => {
            Refusal::Busy { retry_after: refused.retry_after.max(Duration::from_millis(100)) }.into()
        }
        Some(code) => LoginError::Closed { code, message },
    })
}
