//! The client's half of the login.

use std::time::Duration;

use bytes::BytesMut;

use super::frames::{Auth, Hello, HelloReply, Metadata, Refused, Welcome};
use super::proof::Transcript;
use super::server::unproved;
use super::{Credential, Established, FEATURES, Refusal, VERSION};
use crate::close::CloseCode;
use crate::codec::Codec;
use crate::ids::{Side, Uid};
use crate::limits::Announced;
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
}

impl Connecting {
    /// Writes the first frames.
    pub fn start(self, out: &mut BytesMut) -> AwaitingReply {
        let codecs: Vec<u8> = self.codecs.iter().map(|codec| codec.number()).collect();
        let hello = Hello {
            version_min: VERSION,
            version_max: VERSION,
            features: FEATURES,
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

    fn put_auth(&self, transcript: &mut Transcript, out: &mut BytesMut) {
        let mut auth = Auth {
            method: self.credential.method(),
            uid: self.uid.as_str(),
            build: self.build,
            metadata: self.metadata.clone(),
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
    pub fn reply(mut self, raw: RawFrame<'_>, out: &mut BytesMut) -> Result<AwaitingWelcome, LoginError> {
        let raw = expect(Kind::HelloReply, raw)?;
        let reply = HelloReply::take(raw).map_err(|_| LoginError::Protocol("malformed HelloReply"))?;
        if reply.version != VERSION {
            return Err(LoginError::Protocol("it chose a version that was not offered"));
        }
        if reply.features & !FEATURES != 0 {
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
        Ok(AwaitingWelcome { credential: connecting.credential, transcript, codec: reply.codec })
    }
}

/// Waits to be let in.
#[derive(Debug)]
pub struct AwaitingWelcome {
    credential: Credential,
    transcript: Transcript,
    codec: Codec,
}

impl AwaitingWelcome {
    /// Takes the server's verdict.
    ///
    /// # Errors
    /// [`LoginError`]: refused, a server that broke the protocol or does not know the shared key.
    pub fn welcome(mut self, raw: RawFrame<'_>) -> Result<Established, LoginError> {
        let raw = expect(Kind::Welcome, raw)?;
        let welcome = Welcome::take(raw).map_err(|_| LoginError::Protocol("malformed Welcome"))?;
        if let Credential::SharedKey(key) = &self.credential {
            self.transcript.add(&unproved(&welcome));
            if !self.transcript.is_proved(key, Side::Server, welcome.proof) {
                return Err(LoginError::ServerUnproved);
            }
        }
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
