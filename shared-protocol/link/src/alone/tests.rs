//! What of a lone caller's writing needs a certain moment to show: sessions over TCP whose other end is silent, or does not read.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use farcall_protocol::handshake::Token;
use farcall_protocol::wire::{Kind, Split, split};
use farcall_protocol::{CallError, Limits, ServedByClient};
use tokio::io::AsyncReadExt;
use tokio::sync::Notify;
use tokio::task::yield_now;
use tokio::time::Instant;

use crate::unrun::{session, sockets};

const TOKEN: Token = Token([1; 32]);

#[tokio::test(start_paused = true)]
async fn a_deadline_before_the_drivers_own_timer_is_not_missed() {
    let (near, _far) = sockets().await;
    let link = session(near, TOKEN);
    let peer = link.peer::<ServedByClient>();
    let driver = tokio::spawn(link.run());
    while peer.session().shared().lock().driver.is_none() {
        yield_now().await;
    }
    let began = Instant::now();
    let call = peer.session().call::<_, u32>("never", ()).within(Duration::from_millis(1));
    assert_eq!(call.await, Err(CallError::DeadlineExceeded));
    // Until its next ping the driver would have slept for seconds.
    assert!(began.elapsed() < Duration::from_millis(10), "{:?}", began.elapsed());
    driver.abort();
}

#[tokio::test]
async fn nobody_writes_into_the_middle_of_what_the_driver_writes() {
    let (near, mut far) = sockets().await;
    let link = session(near, TOKEN);
    let peer = link.peer::<ServedByClient>();
    let mut driver = pin!(link.run());
    let large = vec![b'x'; Limits::default().body_bytes_max as usize];
    let _sent = peer.session().notify_raw("large", None, &large);
    // The first time it steps back, the second time it writes.
    let bell = Arc::new(Bell::default());
    for bell in [&Arc::default(), &bell] {
        assert!(poll(driver.as_mut(), bell).is_pending());
    }
    assert!(peer.session().shared().lock().alone.blocked, "the connection takes all of it");
    // The connection takes bytes again, and the driver has been told, but has not come to it.
    let mut heard = Vec::new();
    loop {
        tokio::select! {
            biased;
            () = bell.0.notified() => break,
            read = far.read_buf(&mut heard) => assert!(read.expect("bytes") > 0),
        }
    }
    let mut call = pin!(peer.session().call_raw("small", None, b"small"));
    assert!(poll(call.as_mut(), &bell).is_pending());
    while kinds(&heard).len() < 2 {
        tokio::select! {
            reason = &mut driver => panic!("{reason:?}"),
            read = far.read_buf(&mut heard) => assert!(read.expect("bytes") > 0),
        }
    }
    assert_eq!(kinds(&heard), [Kind::Notify, Kind::Call]);
    assert!(heard.windows(large.len()).any(|bytes| bytes == large), "it is not in one piece");
}

/// Notes that the driver has been woken, and does not run it.
#[derive(Default)]
struct Bell(Notify);

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.0.notify_one();
    }
}

fn poll<F: Future>(future: Pin<&mut F>, bell: &Arc<Bell>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(&Waker::from(bell.clone())))
}

/// The whole frames among what has come.
fn kinds(mut bytes: &[u8]) -> Vec<Kind> {
    let mut kinds = Vec::new();
    while let Split::Frame(frame) = split(bytes, 1 << 20).expect("frames") {
        kinds.push(frame.kind);
        bytes = &bytes[frame.wire_bytes..];
    }
    kinds
}
