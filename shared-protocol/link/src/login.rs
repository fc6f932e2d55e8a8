//! Logging in over a transport: the protocol's handshake with bytes, bounds and a clock. Who may enter is the
//! server crate's to say.

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Buf, BytesMut};
use farcall_protocol::handshake::{Admitted, AwaitingHello, Connecting, Login, LoginError, Refusal, Reject};
use farcall_protocol::wire::{RawFrame, Split, split};
use farcall_protocol::{Announced, CloseCode, Limits, SessionId, Side, Uid};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::link::{Address, Link, LinkConfig};
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

/// A player at the door: the first frames are taken, admission has to judge.
pub struct Pending<T> {
    /// What the player claims and shows.
    pub login: Login,
    io: T,
    read: Incoming,
    out: BytesMut,
    door: Door,
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
        // A client that must prove a key first needs the reply; with any other it goes with the welcome.
        if !read.has_frame() {
            io.write_all(&out).await?;
            out.clear();
        }
        read.frame(&mut io, |raw| awaiting.auth(raw)).await
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

impl<T: Transport> Pending<T> {
    /// Lets the player in as `uid`, as a new session. The welcome is the first thing the link writes when it runs,
    /// so whatever the server does before that has happened for the player, too.
    ///
    /// # Errors
    /// [`LoginFailed`] when the client sent more than its login.
    pub async fn admit(self, uid: Uid, address: Address, config: LinkConfig) -> Result<Link<T>, LoginFailed> {
        let Self { login, mut io, read, mut out, door } = self;
        if !read.bytes.is_empty() {
            let reject = Reject::new(CloseCode::UnexpectedFrame, "frames before the welcome");
            turn_away(&mut io, out, &reject).await;
            return Err(LoginError::Closed { code: reject.code, message: reject.message }.into());
        }
        let session = SessionId(random()?);
        let time_us = now().saturating_duration_since(door.began).as_micros() as u64;
        let admitted = Admitted { uid, session, limits: &config.limits, time_us };
        let established = login.admit(admitted, &mut out);
        let link = Link::new(Side::Server, io, &[], established, Duration::ZERO, address, config);
        Ok(link.saying_first(out.freeze()))
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
) -> Result<Link<T>, LoginFailed> {
    let mut read = Incoming::new();
    let mut out = BytesMut::new();
    let began = now();
    let connecting = Connecting { takes: Announced::from(&config.limits), nonce: random()?, ..connecting };
    let established = in_time(time, async {
        let awaiting = connecting.start(&mut out);
        io.write_all(&out.split()).await?;
        let awaiting = read.frame(&mut io, |raw| awaiting.reply(raw, &mut out)).await??;
        if !out.is_empty() {
            io.write_all(&out.split()).await?;
        }
        Ok(read.frame(&mut io, |raw| awaiting.welcome(raw)).await??)
    });
    let established = established.await?;
    let took = now().saturating_duration_since(began);
    Ok(Link::new(Side::Client, io, &read.bytes, established, took, address, config))
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
    getrandom::fill(&mut bytes).map_err(|error| io::Error::other(error.to_string()))?;
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

    fn has_frame(&self) -> bool {
        matches!(split(&self.bytes, Limits::LOGIN_FRAME_BYTES_MAX), Ok(Split::Frame(_)))
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
