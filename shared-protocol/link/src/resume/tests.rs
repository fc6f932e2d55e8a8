//! What only another thread's timing could bring about; all else of a return is tested with whole servers and clients.

use std::future::Future;
use std::io::{ErrorKind, Read};
use std::pin::pin;
use std::task::{Context, Waker};

use farcall_protocol::ServedByClient;
use farcall_protocol::session::Taken;

use super::*;
use crate::transport::memory;
use crate::unrun::{session, sockets};

const fn token(n: u8) -> Token {
    Token([n; 32])
}

/// Its client comes back.
fn comes_back(shared: &Shared, shown: &Token, attempt: u32, next: &Token) {
    let claimed =
        Claimed { session: shared.id, token: shown.0.to_vec(), epoch: 1, attempt, taken: Taken::default() };
    let mut core = shared.lock();
    let Ok(resumed) = core.accept(&claimed, &mut Vec::new()) else { panic!("not accepted") };
    if let Pass::Accepts(tokens) = &mut core.pass {
        tokens.renew(shown.0.as_slice(), attempt, next);
    }
    let (io, _) = memory::pair();
    let arrival = Arrival::new(Box::new(io), Bytes::new(), Vec::new());
    shared.went_on(core, arrival, Address::Memory, &resumed);
}

#[tokio::test]
async fn a_word_about_a_token_that_comes_late_confirms_no_later_one() {
    let link = session(memory::pair().0, token(1));
    let peer = link.peer::<ServedByClient>();
    let shared = peer.session().shared().clone();
    let judge = |shown: &Token, attempt| match &shared.lock().pass {
        Pass::Accepts(tokens) => tokens.judge(&shown.0, attempt),
        _ => TokenVerdict::Unknown,
    };
    comes_back(&shared, &token(1), 1, &token(2));
    // The client lost that connection before it heard of the second token, and came back with the first.
    comes_back(&shared, &token(1), 2, &token(3));
    // What the driver of the first return had in hand: a word about the second token, which is none any more.
    shared.confirm_token(1);
    assert_eq!(judge(&token(1), 3), TokenVerdict::Valid, "the client may not know the third yet");
    shared.confirm_token(2);
    assert_eq!(judge(&token(1), 3), TokenVerdict::Stolen);
    assert_eq!(judge(&token(3), 3), TokenVerdict::Valid);
}

#[tokio::test]
async fn a_caller_writes_nothing_to_a_connection_that_another_has_replaced() {
    let (near, far) = sockets().await;
    let mut far = far.into_std().expect("a socket");
    let link = session(near, token(1));
    let peer = link.peer::<ServedByClient>();
    let shared = peer.session().shared().clone();
    let mut driver = pin!(link.run());
    let mut ignored = Context::from_waker(Waker::noop());
    assert!(driver.as_mut().poll(&mut ignored).is_pending());
    let asleep = shared.lock().driver.clone();
    assert!(asleep.is_some());
    comes_back(&shared, &token(1), 1, &token(2));
    // As another thread finds it before the driver is woken.
    shared.lock().driver = asleep;
    let mut call = pin!(peer.session().call_raw("lost", None, b""));
    assert!(call.as_mut().poll(&mut ignored).is_pending());
    assert_eq!(far.read(&mut [0; 64]).map_err(|error| error.kind()), Err(ErrorKind::WouldBlock));
}
