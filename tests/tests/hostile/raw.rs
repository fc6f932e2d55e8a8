//! A peer that sends whatever bytes it is given, and reads frames without understanding them.

use std::time::Duration;

use farcall_protocol::CloseCode;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;

use crate::bytes::{CLOSE, REFUSED, WELCOME, login};

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

/// The peer.
pub struct Raw {
    io: Box<dyn Stream>,
    unread: Vec<u8>,
}

/// A frame as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    pub kind: u8,
    pub payload: Vec<u8>,
}

/// No test waits longer for one frame.
const PATIENCE: Duration = Duration::from_secs(60);

impl Raw {
    pub fn new(io: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) -> Self {
        Self { io: Box::new(io), unread: Vec::new() }
    }

    /// Sends bytes. That the other end is gone already is not this end's concern.
    pub async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        let _ = self.io.write_all(bytes.as_ref()).await;
    }

    /// The next frame; `None` when the other end is gone.
    pub async fn next(&mut self) -> Option<Seen> {
        timeout(PATIENCE, self.read_frame()).await.expect("a frame or the end")
    }

    async fn read_frame(&mut self) -> Option<Seen> {
        loop {
            if let Some((len, rest)) = self.unread.split_first_chunk::<4>() {
                let len = u32::from_le_bytes(*len) as usize;
                if rest.len() >= len {
                    let seen = Seen { kind: rest[0], payload: rest[2..len].to_vec() };
                    self.unread.drain(..4 + len);
                    return Some(seen);
                }
            }
            match self.io.read_buf(&mut self.unread).await {
                Ok(0) | Err(_) => return None,
                Ok(_) => {}
            }
        }
    }

    /// The next frame of a kind; others pass.
    pub async fn next_of(&mut self, kind: u8) -> Option<Vec<u8>> {
        loop {
            let seen = self.next().await?;
            if seen.kind == kind {
                return Some(seen.payload);
            }
        }
    }

    /// Logs in without credentials.
    pub async fn log_in(&mut self, uid: &str) {
        self.send(login(uid)).await;
        self.next_of(WELCOME).await.expect("a welcome");
    }

    /// The code with which the other end closes; `None` if it goes without a word. Fails if it stays.
    pub async fn ending(&mut self) -> Option<CloseCode> {
        let said = loop {
            let Seen { kind, payload } = self.next().await?;
            if kind == CLOSE || kind == REFUSED {
                break u16::from_le_bytes([payload[0], payload[1]]);
            }
        };
        while self.next().await.is_some() {}
        Some(CloseCode::of(said).expect("a code of the table"))
    }
}
