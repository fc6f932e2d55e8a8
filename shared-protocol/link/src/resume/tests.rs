//! What only another thread's timing could bring about; all else of a return is tested with whole servers and clients.

use std::sync::Arc;

use farcall_protocol::codec::Codec;
use farcall_protocol::handshake::Established;
use farcall_protocol::session::Taken;
use farcall_protocol::{Announced, Limits, ServedByClient, SessionId, Side};

use super::*;
use crate::inbox::Inbox;
use crate::link::{Link, LinkConfig};
use crate::router::{Bare, Router, Routes, Served, States};
use crate::transport::memory;

const fn token(n: u8) -> Token {
    Token([n; 32])
}

/// A server's session whose client was given that token.
fn session(token: Token) -> (Link, Arc<Shared>) {
    let limits = Limits::default();
    let served = Served {
        side: Side::Server,
        contracts: &[],
        bare: Bare::None,
        handlers_in: None,
        routes: Routes::new(),
        states: States::new(),
        session: None,
    };
    let router = Arc::new(Router::collect(served).expect("a router"));
    let established = Established {
        session: SessionId([1; 16]),
        uid: Uid::new("ann").expect("a uid"),
        codec: Codec::Bincode,
        peer: Announced::from(&limits),
        heartbeat: limits.heartbeat,
        silence_max: limits.silence_max,
        server_time_us: 0,
        epoch: 1,
        resume_window: limits.resume_window,
        resume_token: Some(token),
    };
    let inbox = Arc::new(Inbox::new(router.frame()));
    let config =
        LinkConfig { limits: Arc::new(limits), router, inbox, owner: Arc::new(()), data: Arc::new(()) };
    let (io, _) = memory::pair();
    let link =
        Link::new(Side::Server, Box::new(io), &[], established, Duration::ZERO, Address::Memory, config);
    let shared = link.peer::<ServedByClient>().session().shared().clone();
    (link, shared)
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
    let (_link, shared) = session(token(1));
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
