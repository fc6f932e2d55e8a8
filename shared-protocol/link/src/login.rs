//! Logging in over a transport: the protocol's handshake with bytes, bounds and a clock. Who may enter is the
//! server crate's to say.

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Buf, BytesMut};
use farcall_protocol::handshake::{
    Admitted, AwaitingAuth, AwaitingHello, AwaitingVerdict, Connecting, Dismissed, Login, LoginError,
    Refusal, Reject, Token, Verdict,
};
use farcall_protocol::wire::{RawFrame, Split, split};
use farcall_protocol::{Announced, CloseCode, Limits, SessionId, Side, Uid};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::link::{Address, Link, LinkConfig};
use crate::peer::SessionHandle;
use crate::randomness;
use crate::shared::now;
use crate::transport::Transport;

/// Why a connection did not become a session.
#[derive(Debug, Clone, thiserror::Error)]
pub enum LoginFailed {
    /// The connection broke.
    #[error("the connection broke during the login: {0}")]
    Connection(Arc<io::Error>),
    /// The other end, or this one, refused.
    #[error(transparent)]
    Login(#[from] LoginError),
    /// It took too long.
    #[error("the login took longer than {0:?}")]
    TimedOut(Duration),
}

impl From<io::Error> for LoginFailed {
    fn from(error: io::Error) -> Self {
        Self::Connection(Arc::new(error))
    }
}

/// A server's half: how it greets.
#[derive(Debug, Clone)]
pub struct Door {
    /// Random for each start of the server.
    pub epoch: u64,
    /// When the server's clock began: what its welcomes count from.
    pub began: std::time::Instant,
}

impl Door {
    /// The server's clock.
    pub(crate) fn time_us(&self) -> u64 {
        now().saturating_duration_since(self.began).as_micros() as u64
    }
}

/// A player at the door: the first frames are taken, admission has to judge.
pub struct Pending<T> {
    /// What the player claims and shows.
    pub login: Login,
    pub(crate) io: T,
    read: Incoming,
    pub(crate) out: BytesMut,
    pub(crate) door: Door,
}

impl<T> std::fmt::Debug for Pending<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Pending").field(&self.login).finish()
    }
}

/// Takes a client's first frames. `time` bounds it all (L2); what is refused is told why, and closed.
///
/// # Errors
/// [`LoginFailed`].
pub async fn knock<T: Transport>(mut io: T, door: Door, time: Duration) -> Result<Pending<T>, LoginFailed> {
    let mut read = Incoming::new();
    let mut out = BytesMut::new();
    let taken = in_time(time, async {
        let hello = AwaitingHello { epoch: door.epoch, nonce: random()? };
        let awaiting = read.frame(&mut io, |raw| hello.hello(raw, &mut out)).await?;
        let awaiting = match awaiting {
            Ok(awaiting) => awaiting,
            Err(reject) => return Ok(Err(reject)),
        };
        // At once, although it could go with the welcome: by it the client measures the way, which admission's time must
        // not be taken for.
        io.write_all(&out.split()).await?;
        read.auth(&mut io, awaiting).await
    });
    let rejected = match taken.await {
        Ok(Ok(login)) => return Ok(Pending { login, io, read, out, door }),
        Ok(Err(reject)) => reject,
        Err(LoginFailed::TimedOut(after)) => {
            turn_away(&mut io, out, &Reject::new(CloseCode::LoginTimeout, "")).await;
            return Err(LoginFailed::TimedOut(after));
        }
        Err(LoginFailed::Login(LoginError::Closed { code, message })) => Reject::new(code, message),
        Err(error) => return Err(error),
    };
    turn_away(&mut io, out, &rejected).await;
    Err(LoginError::Closed { code: rejected.code, message: rejected.message }.into())
}

/// Whether a session has been given back to its client.
pub enum GivenBack<T> {
    /// It goes on over the client's new connection.
    Resumed,
    /// It does not, and why: [`Pending::dismiss`] the client.
    Not(Box<Pending<T>>, Dismissed),
    /// Not now: its client has come back too often of late (L28). The session waits; [`Pending::refuse`] the client as busy.
    TooOften(Box<Pending<T>>),
}

impl<T: Transport> Pending<T> {
    /// Lets the player in as `uid`, as a new session. The welcome is the first thing the link writes when it runs,
    /// so whatever the server does before that has happened for the player, too.
    ///
    /// # Errors
    /// [`LoginFailed`] without randomness.
    pub fn admit(self, uid: Uid, address: Address, config: LinkConfig) -> Result<Link, LoginFailed> {
        let Self { login, io, mut out, door, .. } = self;
        let (session, token) = (SessionId(random()?), Token(random()?));
        let admitted = Admitted { uid, session, token, limits: &config.limits, time_us: door.time_us() };
        let established = login.admit(admitted, &mut out);
        let link = Link::new(Side::Server, Box::new(io), &[], established, Duration::ZERO, address, config);
        Ok(link.saying_first(out.freeze()))
    }

    /// Gives the player the session back to which it has come, and this connection to the session. To be asked when it
    /// is known who the player is, and that the session is that player's (R1). The session decides under its own lock;
    /// one that does not want the client is not harmed (R7).
    ///
    /// # Errors
    /// [`LoginFailed`] without randomness.
    pub fn give_back(
        self,
        session: &SessionHandle<'_>,
        address: Address,
    ) -> Result<GivenBack<T>, LoginFailed> {
        let Some(claimed) = self.login.resume.clone() else {
            return Err(LoginError::Protocol("it did not ask for a session").into());
        };
        let next = Token(random()?);
        Ok(session.shared().give_back(self, &claimed, &next, address))
    }

    /// Does not give the client a session back, saying why, and waits for it to log in instead over the same connection,
    /// for so long.
    ///
    /// # Errors
    /// [`LoginFailed`].
    pub async fn dismiss(self, why: Dismissed, time: Duration) -> Result<Self, LoginFailed> {
        let Self { login, mut io, mut read, mut out, door } = self;
        let Some(agreed) = login.dismiss(why, &mut out) else {
            return Err(LoginError::Protocol("it did not ask for a session").into());
        };
        let taken = in_time(time, async {
            io.write_all(&out.split()).await?;
            read.auth(&mut io, agreed).await
        });
        match taken.await? {
            Ok(login) => Ok(Self { login, io, read, out, door }),
            Err(reject) => {
                turn_away(&mut io, out, &reject).await;
                Err(LoginError::Closed { code: reject.code, message: reject.message }.into())
            }
        }
    }

    /// Turns the player away, saying why.
    pub async fn refuse(mut self, refusal: Refusal) {
        turn_away(&mut self.io, self.out, &refusal.into()).await;
    }

    /// Turns the player away with a code of the close table.
    pub async fn close(mut self, code: CloseCode, message: &str) {
        turn_away(&mut self.io, self.out, &Reject::new(code, message)).await;
    }
}

/// Logs in as a client. `time` bounds it all.
///
/// # Errors
/// [`LoginFailed`].
pub async fn connect<T: Transport>(
    mut io: T,
    connecting: Connecting,
    address: Address,
    time: Duration,
    config: LinkConfig,
) -> Result<Link, LoginFailed> {
    let connecting = Connecting { takes: Announced::from(&*config.limits), resume: None, ..connecting };
    let Heard { verdict, read, round_trip } = in_time(time, ask(&mut io, connecting)).await?;
    let Verdict::Welcome(established) = verdict else {
        return Err(LoginError::Protocol("a session that was not asked for").into());
    };
    Ok(Link::new(Side::Client, Box::new(io), &read.bytes, established, round_trip, address, config))
}

/// What became of a client's return.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Returning {
    /// The session goes on.
    Resumed,
    /// The server does not give it back: it is over.
    Dismissed,
}

/// Comes back to a client's session over another connection. `connecting` says again who it is. `time` bounds it all.
///
/// # Errors
/// [`LoginFailed`]: nothing has been decided, and the session waits as before.
pub async fn come_back<T: Transport>(
    mut io: T,
    connecting: Connecting,
    address: Address,
    time: Duration,
    session: &SessionHandle<'_>,
) -> Result<Returning, LoginFailed> {
    let shared = session.shared();
    let takes = shared.peek(|session| Announced::from(&**session.limits()));
    let claims = shared.claims().ok_or(LoginError::Protocol("a session that cannot be resumed"))?;
    let connecting = Connecting { takes, resume: Some(claims), ..connecting };
    let Heard { verdict, read, .. } = in_time(time, ask(&mut io, connecting)).await?;
    match verdict {
        Verdict::Resumed(returned) => {
            shared.come_back(returned, Box::new(io), address, read.bytes.to_vec());
            Ok(Returning::Resumed)
        }
        Verdict::Dismissed(why) => {
            shared.dismissed(why);
            Ok(Returning::Dismissed)
        }
        Verdict::Welcome(_) => Err(LoginError::Protocol("a welcome that was not asked for").into()),
    }
}

/// What a client has heard.
struct Heard {
    verdict: Verdict,
    /// With what came behind it.
    read: Incoming,
    /// From the first frame to its answer.
    round_trip: Duration,
}

/// Says who this client is, and hears what the server says to it.
async fn ask<T: Transport>(io: &mut T, connecting: Connecting) -> Result<Heard, LoginFailed> {
    let mut read = Incoming::new();
    let mut out = BytesMut::new();
    let awaiting = Connecting { nonce: random()?, ..connecting }.start(&mut out);
    let began = now();
    io.write_all(&out.split()).await?;
    let awaiting: AwaitingVerdict = read.frame(io, |raw| awaiting.reply(raw, &mut out)).await??;
    let round_trip = now().saturating_duration_since(began);
    if !out.is_empty() {
        io.write_all(&out.split()).await?;
    }
    let verdict = read.frame(io, |raw| awaiting.verdict(raw)).await??;
    Ok(Heard { verdict, read, round_trip })
}

async fn in_time<R>(
    time: Duration,
    login: impl Future<Output = Result<R, LoginFailed>>,
) -> Result<R, LoginFailed> {
    tokio::time::timeout(time, login).await.unwrap_or(Err(LoginFailed::TimedOut(time)))
}

/// Says why and closes; a client that does not listen is not waited for.
async fn turn_away<T: Transport>(io: &mut T, mut out: BytesMut, reject: &Reject) {
    reject.put(&mut out);
    let told = async {
        io.write_all(&out).await?;
        io.shutdown().await
    };
    let _ = tokio::time::timeout(Duration::from_secs(1), told).await;
}

fn random<const N: usize>() -> Result<[u8; N], LoginFailed> {
    let mut bytes = [0; N];
    randomness::fill(&mut bytes)?;
    Ok(bytes)
}

/// Frames of a login (L5).
const FRAMES_MAX: u8 = 4;

/// What has been read of a login: at most 4 frames and 16 KiB (L5), each frame at most 4 KiB (L4).
struct Incoming {
    bytes: BytesMut,
    frames_left: u8,
    bytes_left: usize,
}

impl Incoming {
    fn new() -> Self {
        Self { bytes: BytesMut::new(), frames_left: FRAMES_MAX, bytes_left: Limits::LOGIN_BYTES_MAX }
    }

    /// Takes the frame that says who it is, behind which nothing may come: before anybody is asked, for what admission loads
    /// must not be in vain (P-13).
    async fn auth<T: Transport>(
        &mut self,
        io: &mut T,
        awaiting: AwaitingAuth,
    ) -> Result<Result<Login, Reject>, LoginFailed> {
        let login = self.frame(io, |raw| awaiting.auth(raw)).await?;
        let too_early = || Reject::new(CloseCode::UnexpectedFrame, "frames before the welcome");
        Ok(login.and_then(|login| if self.bytes.is_empty() { Ok(login) } else { Err(too_early()) }))
    }

    /// Reads until a frame is whole, and gives it to `take`.
    async fn frame<T: Transport, R>(
        &mut self,
        io: &mut T,
        take: impl FnOnce(RawFrame<'_>) -> R,
    ) -> Result<R, LoginFailed> {
        let over = |code, message: &str| LoginError::Closed { code, message: message.into() };
        self.frames_left = self
            .frames_left
            .checked_sub(1)
            .ok_or_else(|| over(CloseCode::UnexpectedFrame, "too many frames"))?;
        loop {
            match split(&self.bytes, Limits::LOGIN_FRAME_BYTES_MAX) {
                Ok(Split::Frame(raw)) => {
                    let (taken, wire_bytes) = (take(raw), raw.wire_bytes);
                    self.bytes.advance(wire_bytes);
                    return Ok(taken);
                }
                Ok(Split::Partial { .. }) => {}
                // Whoever speaks another protocol usually shows as an absurd length or kind.
                Err(error) if self.frames_left == FRAMES_MAX - 1 => {
                    return Err(over(CloseCode::NotFarcall, &error.to_string()).into());
                }
                Err(error) => return Err(over(error.code(), &error.to_string()).into()),
            }
            self.bytes.reserve(1 << 10);
            let read = io.read_buf(&mut self.bytes).await?;
            if read == 0 {
                return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
            }
            self.bytes_left = self
                .bytes_left
                .checked_sub(read)
                .ok_or_else(|| over(CloseCode::FrameTooLarge, "too many bytes"))?;
        }
    }
}
