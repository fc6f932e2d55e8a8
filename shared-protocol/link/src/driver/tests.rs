//! When the loop ends, whatever the connection goes on giving.

use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;

use farcall_protocol::handshake::Token;

use super::*;
use crate::unrun::session;

/// A connection that always has a frame of a kind that there is not, for as long as anybody is likely to read.
struct Endless {
    reads: Arc<AtomicUsize>,
}

const READS_MAX: usize = 1_000;

impl AsyncRead for Endless {
    fn poll_read(
        self: Pin<&mut Self>,
        _: &mut TaskContext<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.reads.fetch_add(1, Relaxed) < READS_MAX {
            into.put_slice(&[2, 0, 0, 0, 0xee, 0]);
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Endless {
    fn poll_write(self: Pin<&mut Self>, _: &mut TaskContext<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut TaskContext<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut TaskContext<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[tokio::test]
async fn a_session_that_is_over_reads_no_more() {
    let reads = Arc::new(AtomicUsize::new(0));
    let reason = session(Endless { reads: reads.clone() }, Token([1; 32])).run().await;
    assert_eq!((reason.code, reads.load(Relaxed)), (CloseCode::UnknownFrame, 1));
}
