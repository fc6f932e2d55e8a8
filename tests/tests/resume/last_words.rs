//! What a peer said last before its connection broke, as when a program leaves and is gone before all it was sent has been
//! read: the system takes nothing more for it, and still holds what it said.

use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};

use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf};

use super::*;

/// A connection that breaks in that way.
struct Breaking {
    io: DuplexStream,
    is_broken: Arc<AtomicBool>,
    /// Whoever writes has been told. Before that, nobody has noticed that something has come: it came after the last look.
    is_told: bool,
    /// Who waits for that.
    reader: Option<Waker>,
}

impl AsyncRead for Breaking {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.is_broken.load(Ordering::SeqCst) && !self.is_told {
            self.reader = Some(cx.waker().clone());
            return Poll::Pending;
        }
        Pin::new(&mut self.io).poll_read(cx, buf)
    }
}

impl AsyncWrite for Breaking {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if self.is_broken.load(Ordering::SeqCst) {
            self.is_told = true;
            self.reader.take().into_iter().for_each(Waker::wake);
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        Pin::new(&mut self.io).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

#[tokio::test(start_paused = true)]
async fn a_goodbye_that_has_come_is_heard_although_nothing_can_be_written_any_more() {
    let (game, ..) = game().await;
    let (is_broken, dialed) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let (dialer, breaks, counts) = (game.server().await.dialer(), is_broken.clone(), dialed.clone());
    let dial = move || {
        counts.fetch_add(1, Ordering::SeqCst);
        let (dialer, is_broken) = (dialer.clone(), breaks.clone());
        async move { Ok(Breaking { io: dialer.connect().await?, is_broken, is_told: false, reader: None }) }
    };
    let ann = Client::connect_by(dial, ClientConfig::new("", "ann").unwrap()).await.unwrap();
    let mut events = ann.session().events();
    let player = game.server().await.player("ann").unwrap();
    is_broken.store(true, Ordering::SeqCst);
    game.server().await.kick("ann", "enough");
    player.session().ended().await;
    ann.note(1);
    assert_eq!(events.next().await, Some(ClientEvent::Opened));
    let Some(ClientEvent::Closed(reason)) = events.next().await else { panic!("it looked for a way back") };
    assert_eq!((reason.code, reason.message.as_str()), (CloseCode::Kicked, "enough"));
    assert_eq!(dialed.load(Ordering::SeqCst), 1);
}
