//! The server's half of the login.

use std::time::Duration;

use bytes::BytesMut;

use super::frames::{Auth, Hello, HelloReply, Metadata, Method, Refused, ResumeFailed, Resumed, Welcome};
use super::proof::Transcript;
use super::{Credential, Dismissed, Established, FEATURE_RESUME, FEATURES, Refusal, Token, VERSION};
use crate::close::{CloseCode, CloseReason};
use crate::codec::Codec;
use crate::ids::{SessionId, Side, Uid};
use crate::limits::{Announced, Limits};
use crate::session::Taken;
use crate::wire::{HEADER_BYTES, Kind, RawFrame};

/// A login that goes no further: what to tell the client before closing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reject {
    /// The entry of the close table.
    pub code: CloseCode,
    /// More about it.
    pub message: String,
    url: String,
    retry_after: Duration,
}

impl Reject {
    /// Refuses with a code of the table.
    pub fn new(code: CloseCode, message: impl Into<String>) -> Self {
        let reason = CloseReason::ours(code, message);
        Self { code, message: reason.message, url: String::new(), retry_after: Duration::ZERO }
    }

    /// Writes the Refused frame (P-18).
    pub fn put(&self, out: &mut BytesMut) {
        let (code, retry_after) = (self.code.number(), self.retry_after);
        Refused { code, retry_after, message: &self.message, url: &self.url }.put(out);
    }
}

impl From<Refusal> for Reject {
    fn from(refusal: Refusal) -> Self {
        let code = refusal.code();
        match refusal {
            Refusal::Unauthorized { message } | Refusal::Refused { message } => Self::new(code, message),
            Refusal::UpdateRequired { message, url } => Self { url, ..Self::new(code, message) },
            Refusal::Busy { retry_after } => Self { retry_after, ..Self::new(code, "") },
        }
    }
}

/// Nothing has been heard yet.
#[derive(Debug)]
pub struct AwaitingHello {
    /// Random for each start of the server.
    pub epoch: u64,
    /// Random for each connection.
    pub nonce: [u8; 16],
}

impl AwaitingHello {
    /// Takes the first frame and answers it.
    ///
    /// # Errors
    /// [`Reject`]: not Farcall, no common version, feature or codec.
    pub fn hello(self, raw: RawFrame<'_>, out: &mut BytesMut) -> Result<AwaitingAuth, Reject> {
        let hello = Hello::take(raw)
            .map_err(|_| Reject::new(CloseCode::MalformedFrame, "Hello"))?
            .ok_or_else(|| Reject::new(CloseCode::NotFarcall, ""))?;
        if !(hello.version_min..=hello.version_max).contains(&VERSION) {
            let (min, max) = (hello.version_min, hello.version_max);
            let message = format!("the client speaks {min} to {max}, the server {VERSION}");
            return Err(Reject::new(CloseCode::UnsupportedVersion, message));
        }
        let unknown = hello.required & !FEATURES;
        if unknown != 0 {
            return Err(Reject::new(CloseCode::UnsupportedFeature, format!("feature bits {unknown:#x}")));
        }
        // The client lists what it prefers first.
        let codec = hello
            .codecs
            .iter()
            .find_map(|&number| Codec::of(number))
            .ok_or_else(|| Reject::new(CloseCode::NoCommonCodec, ""))?;
        let features = hello.features & FEATURES;
        let reply = HelloReply { version: VERSION, features, epoch: self.epoch, nonce: self.nonce, codec };
        let mut transcript = Transcript::default();
        transcript.add(raw.payload);
        let from = out.len();
        reply.put(out);
        transcript.add(&out[from + HEADER_BYTES..]);
        let can_return = features & FEATURE_RESUME != 0;
        let (peer, epoch) = (hello.takes, self.epoch);
        Ok(AwaitingAuth { codec, peer, transcript, epoch, can_return, has_asked: false })
    }
}

/// Version and codec are agreed; who is it?
#[derive(Debug, Clone)]
pub struct AwaitingAuth {
    codec: Codec,
    peer: Announced,
    transcript: Transcript,
    epoch: u64,
    /// Both ends know how to resume.
    can_return: bool,
    /// It has asked for a session that it is not given: it does not ask twice (P-64).
    has_asked: bool,
}

impl AwaitingAuth {
    /// Takes the credentials. They are not judged here: admission judges.
    ///
    /// # Errors
    /// [`Reject`]: another frame, or a malformed one.
    pub fn auth(mut self, raw: RawFrame<'_>) -> Result<Login, Reject> {
        let is_return = raw.kind == Kind::Resume && self.can_return && !self.has_asked;
        if raw.kind != Kind::Auth && !is_return {
            return Err(Reject::new(CloseCode::UnexpectedFrame, format!("{:?} before login", raw.kind)));
        }
        let malformed = |_| Reject::new(CloseCode::MalformedFrame, format!("{:?}", raw.kind));
        let (auth, claims_bytes) = Auth::take(raw).map_err(malformed)?;
        // A return that fails may be followed by a login, whose proof covers what was agreed before.
        let agreed = is_return.then(|| Self { has_asked: true, ..self.clone() });
        let resume = auth.resume.as_ref().map(|claims| Claimed {
            session: claims.session,
            token: claims.token.to_vec(),
            epoch: claims.epoch,
            attempt: claims.attempt,
            taken: claims.taken,
        });
        self.transcript.add(&raw.payload[..claims_bytes]);
        let uid =
            Uid::new(auth.uid).map_err(|error| Reject::new(CloseCode::Unauthorized, error.to_string()))?;
        let credential = match auth.method {
            Method::Anonymous => Shown::Anonymous,
            Method::SharedKey => Shown::Proof(auth.credential.to_vec()),
            Method::Bearer => Shown::Bearer(
                String::from_utf8(auth.credential.to_vec())
                    .map_err(|_| Reject::new(CloseCode::MalformedFrame, "the credential is not text"))?,
            ),
        };
        let Self { codec, peer, transcript, epoch, can_return, has_asked: _ } = self;
        Ok(Login {
            resume,
            agreed,
            epoch,
            can_return,
            uid,
            build: auth.build,
            metadata: auth.metadata,
            credential,
            codec,
            peer,
            transcript,
            key: None,
        })
    }
}

enum Shown {
    Anonymous,
    Proof(Vec<u8>),
    Bearer(String),
}

/// A player at the door: what it claims and shows. Admission judges it.
pub struct Login {
    /// Who it claims to be. Only a claim until it is admitted.
    pub uid: Uid,
    /// The build number of the client's game.
    pub build: u32,
    /// Small facts about the client.
    pub metadata: Metadata,
    /// It comes back to this session.
    pub resume: Option<Claimed>,
    /// Where the login goes on if that fails.
    agreed: Option<AwaitingAuth>,
    epoch: u64,
    can_return: bool,
    credential: Shown,
    codec: Codec,
    peer: Announced,
    transcript: Transcript,
    /// The shared key that verified it, for the server's own proof.
    key: Option<Vec<u8>>,
}

impl std::fmt::Debug for Login {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Login").field("uid", &self.uid).field("build", &self.build).finish_non_exhaustive()
    }
}

/// What a client says of the session to which it comes back (P-61). Nothing of it is proved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claimed {
    /// Which session.
    pub session: SessionId,
    /// What it shows for it.
    pub token: Vec<u8>,
    /// The epoch of the server that it knew.
    pub epoch: u64,
    /// Higher than at every attempt before.
    pub attempt: u32,
    /// What it has taken.
    pub taken: Taken,
}

/// What the server grants to an admitted player.
#[derive(Debug, Clone)]
pub struct Admitted<'a> {
    /// Who the player is: what admission says, whatever was claimed.
    pub uid: Uid,
    /// The session's new name: random.
    pub session: SessionId,
    /// What it shows when it comes back, if it can: random.
    pub token: Token,
    /// The server's limits.
    pub limits: &'a Limits,
    /// The server's clock, in microseconds since an instant of its choice.
    pub time_us: u64,
}

impl Login {
    /// Whether nothing but a name was shown.
    pub const fn is_anonymous(&self) -> bool {
        matches!(self.credential, Shown::Anonymous)
    }

    /// The bearer's text, where one was shown.
    pub fn bearer(&self) -> Option<&str> {
        if let Shown::Bearer(text) = &self.credential { Some(text) } else { None }
    }

    /// Whether the client has proved to know the key. True makes the server prove it too, in its welcome.
    pub fn knows_key(&mut self, key: &[u8]) -> bool {
        let Shown::Proof(proof) = &self.credential else { return false };
        let known = self.transcript.is_proved(key, Side::Client, proof);
        if known {
            self.key = Some(key.to_vec());
        }
        known
    }

    /// Lets the player in: writes the Welcome frame (P-17) and gives what the session starts from.
    pub fn admit(mut self, admitted: Admitted<'_>, out: &mut BytesMut) -> Established {
        let Admitted { uid, session, token, limits, time_us } = admitted;
        let resume_window = if self.can_return { limits.resume_window } else { Duration::ZERO };
        let resume_token = (!resume_window.is_zero()).then_some(token);
        let mut welcome = Welcome {
            session,
            uid: uid.as_str(),
            resume_token: resume_token.as_ref().map_or(&[], |token| &token.0),
            resume_window,
            heartbeat: limits.heartbeat,
            silence_max: limits.silence_max,
            takes: Announced::from(limits),
            time_us,
            proof: &[],
        };
        let proof = self.key.take().map(|key| {
            self.transcript.add(&unproved(&welcome));
            self.transcript.prove(&key, Side::Server)
        });
        welcome.proof = proof.as_ref().map_or(&[], |proof| proof);
        welcome.put(out);
        Established {
            session,
            codec: self.codec,
            peer: self.peer,
            heartbeat: limits.heartbeat,
            silence_max: limits.silence_max,
            server_time_us: time_us,
            epoch: self.epoch,
            resume_window,
            resume_token,
            uid,
        }
    }

    /// Gives the player its session back: writes the Resumed frame (P-63), with what this end has taken of the
    /// session, and the token for the next time.
    pub fn give_back(mut self, taken: Taken, token: &Token, time_us: u64, out: &mut BytesMut) {
        let mut resumed = Resumed { taken, token: &token.0, time_us, proof: &[] };
        let proof = self.key.take().map(|key| {
            self.transcript.add(&unproved_return(&resumed));
            self.transcript.prove(&key, Side::Server)
        });
        resumed.proof = proof.as_ref().map_or(&[], |proof| proof);
        resumed.put(out);
    }

    /// Does not give the session back: writes the ResumeFailed frame (P-64). The client may log in instead. `None` if
    /// it did not ask for one.
    pub fn dismiss(self, why: Dismissed, out: &mut BytesMut) -> Option<AwaitingAuth> {
        ResumeFailed { code: why.code.number(), position: why.position }.put(out);
        self.agreed
    }
}

/// The same for a session that is given back.
pub(super) fn unproved_return(resumed: &Resumed<'_>) -> Vec<u8> {
    let mut bytes = BytesMut::new();
    Resumed { proof: &[], ..*resumed }.put(&mut bytes);
    bytes[HEADER_BYTES..].to_vec()
}

/// The welcome's payload with an empty proof: what the server's proof covers.
pub(super) fn unproved(welcome: &Welcome<'_>) -> Vec<u8> {
    let mut bytes = BytesMut::new();
    Welcome { proof: &[], ..*welcome }.put(&mut bytes);
    bytes[HEADER_BYTES..].to_vec()
}

impl Credential {
    pub(super) const fn method(&self) -> Method {
        match self {
            Self::Anonymous => Method::Anonymous,
            Self::SharedKey(_) => Method::SharedKey,
            Self::Bearer(_) => Method::Bearer,
        }
    }
}
