//! One connection through the proxy: carries its bytes both ways until an end closes or a fault strikes, and makes the
//! fault happen. Decides nothing about when.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use super::{Fault, Plan, Shared, Towards, Weather, reset};

/// One connection: its number, and what can happen to it.
pub(super) struct Way {
    pub(super) number: u64,
    pub(super) plan: Option<Plan>,
    pub(super) weather: watch::Receiver<Weather>,
    pub(super) shared: Arc<Shared>,
}

/// Why bytes are not carried any further.
enum End {
    /// A fault has struck.
    Fault(Fault),
    /// One end has closed or reset its connection, so the other is reset as well.
    Broken,
    /// The proxy has been dropped.
    Dropped,
}

impl From<io::Error> for End {
    fn from(_: io::Error) -> Self {
        Self::Broken
    }
}

/// What one read takes.
const CHUNK_BYTES: usize = 16 << 10;
/// Chunks that may be under way in one direction; beyond it nothing is read, and the kernels' buffers fill.
const CHUNKS_MAX: usize = 64;

impl Way {
    /// Carries both ways until it ends, then ends both connections in the manner that it says.
    pub(super) async fn run(self, mut near: TcpStream, mut far: TcpStream) {
        // Where the bytes are cut is for the ends to decide. Not having it only makes them later.
        let _ = (near.set_nodelay(true), far.set_nodelay(true));
        let end = {
            let ((from_client, to_client), (from_server, to_server)) = (near.split(), far.split());
            let both = async {
                tokio::try_join!(
                    self.carry(Towards::Server, from_client, to_server),
                    self.carry(Towards::Client, from_server, to_client),
                )
            };
            tokio::select! {
                biased;
                end = self.told() => end,
                carried = both => match carried {
                    Ok(_) => return,
                    Err(end) => end,
                }
            }
        };
        match end {
            End::Dropped => {}
            End::Broken => self.strike(Fault::Rst, near, far).await,
            End::Fault(fault) => {
                self.shared.failed.fetch_add(1, Ordering::SeqCst);
                self.strike(fault, near, far).await;
            }
        }
    }

    /// Waits until the proxy is told to fail this connection, or is dropped.
    async fn told(&self) -> End {
        let mut weather = self.weather.clone();
        let concerns = |weather: &Weather| weather.failed.filter(|(last, _)| self.number <= *last);
        match weather.wait_for(|weather| concerns(weather).is_some()).await {
            Ok(weather) => concerns(&weather).map_or(End::Dropped, |(_, fault)| End::Fault(fault)),
            Err(_) => End::Dropped,
        }
    }

    /// Carries one way's bytes until their end, which it passes on as well. Returns only when that is done.
    async fn carry(
        &self,
        towards: Towards,
        mut from: impl AsyncRead + Unpin,
        mut to: impl AsyncWrite + Unpin,
    ) -> Result<(), End> {
        let (mut held, weather) = (self.weather.clone(), self.weather.clone());
        let plan = self.plan.filter(|plan| plan.towards == towards);
        let mut left = plan.map(|plan| (plan.bytes, plan.fault));
        let (mut chunk, mut open) = (vec![0; CHUNK_BYTES], true);
        let mut under_way: VecDeque<(Instant, Vec<u8>)> = VecDeque::new();
        while open || !under_way.is_empty() {
            if let Some((0, fault)) = left {
                return Err(End::Fault(fault));
            }
            let first = under_way.front().map(|(at, _)| *at);
            let arrives = async {
                match first {
                    Some(at) if at > Instant::now() => sleep_until(at).await,
                    Some(_) => {}
                    None => std::future::pending().await,
                }
                held.wait_for(|weather| !weather.held[towards as usize]).await.is_ok()
            };
            tokio::select! {
                biased;
                lives = arrives => {
                    let Some((_, bytes)) = under_way.pop_front().filter(|_| lives) else {
                        return Err(End::Dropped);
                    };
                    self.pass_on(towards, &bytes, &mut left, &mut to).await?;
                }
                read = from.read(&mut chunk), if open && under_way.len() < CHUNKS_MAX => {
                    let (read, delay) = (read?, weather.borrow().delay);
                    open = read > 0;
                    under_way.push_back((Instant::now() + delay, chunk[..read].to_vec()));
                }
            }
        }
        Ok(())
    }

    /// Writes what has arrived, as far as a plan lets it; nothing means the end of the stream.
    async fn pass_on(
        &self,
        towards: Towards,
        bytes: &[u8],
        left: &mut Option<(u64, Fault)>,
        to: &mut (impl AsyncWrite + Unpin),
    ) -> Result<(), End> {
        if bytes.is_empty() {
            return Ok(to.shutdown().await?);
        }
        let room = left.map_or(usize::MAX, |(bytes, _)| usize::try_from(bytes).unwrap_or(usize::MAX));
        let passes = &bytes[..bytes.len().min(room)];
        to.write_all(passes).await?;
        if let Some((left, _)) = left {
            *left -= passes.len() as u64;
        }
        self.shared.carried[towards as usize].fetch_add(passes.len() as u64, Ordering::SeqCst);
        Ok(())
    }

    /// Makes the fault happen to both ends.
    async fn strike(mut self, fault: Fault, mut near: TcpStream, mut far: TcpStream) {
        match fault {
            Fault::Rst => {
                reset(near);
                reset(far);
                return;
            }
            // An end that has closed already needs no telling.
            Fault::Fin => drop((near.shutdown().await, far.shutdown().await)),
            Fault::BlackHole => {}
        }
        // Closing with unread bytes would reset: they are read to the end, and go nowhere.
        let read = async { tokio::join!(swallow(&mut near), swallow(&mut far)) };
        tokio::select! {
            _ = self.weather.wait_for(|_| false) => {}
            _ = read => {}
        }
    }
}

/// Reads until the end, or until the connection breaks.
async fn swallow(from: &mut TcpStream) {
    let mut chunk = vec![0; CHUNK_BYTES];
    while from.read(&mut chunk).await.is_ok_and(|read| read > 0) {}
}
