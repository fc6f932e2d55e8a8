//! Every contender does what it says: gives back the bytes that it was sent, both ways, reaches everybody by a push,
//! and says what it cannot do.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use bytes::Bytes;
use farcall_load::{Answerer, Caller, Contender, Direction, Failure, Server};
use futures_util::future::join_all;
use tokio::time::timeout;

use crate::capnp::Capnp;
use crate::jsonrpsee::Jsonrpsee;
use crate::pipe::Pipe;
use crate::tarpc::Tarpc;
use crate::tonic::{TonicBidi, TonicUnary};

const ANY: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// What a contender's server can do besides answering.
#[derive(Debug, PartialEq)]
struct Can {
    call: bool,
    push: bool,
}

/// Bodies of every length class up to beyond the largest that is measured, all in flight at once.
async fn gives_back_what_it_is_sent(caller: &impl Caller) {
    let lengths = [0, 1, 31, 255, 256, 4_095, 16 << 10, 200_000].into_iter().chain(20..300);
    let bodies: Vec<Bytes> = lengths.map(|length| (0..length).map(|i| (i * 7) as u8).collect()).collect();
    // The caller compares the bytes, so `Ok` says that they were its own.
    let replies = join_all(bodies.iter().map(|body| caller.echo(body))).await;
    for (body, reply) in bodies.iter().zip(replies) {
        assert_eq!(reply, Ok(body.len()));
    }
}

async fn clients_call<C: Contender>(contender: C) {
    let server = contender.serve(ANY, Direction::ToServer).await.unwrap();
    let client = contender.connect(server.address()).await.unwrap();
    gives_back_what_it_is_sent(&client).await;
}

async fn can<C: Contender>(contender: C) -> Can {
    Can { call: server_calls(contender).await, push: server_pushes(contender).await }
}

async fn server_calls<C: Contender>(contender: C) -> bool {
    let mut server = contender.serve(ANY, Direction::ToClient).await.unwrap();
    let address = server.address();
    let joining = async { [contender.join(address).await, contender.join(address).await] };
    let (clients, joined) = tokio::join!(server.clients(2), joining);
    match clients {
        Ok(callers) => {
            assert!(callers.len() == 2 && joined.iter().all(Result::is_ok));
            for caller in callers {
                gives_back_what_it_is_sent(&caller).await;
            }
            true
        }
        Err(why) => {
            assert_eq!(why, Failure::CannotCallClients);
            false
        }
    }
}

async fn server_pushes<C: Contender>(contender: C) -> bool {
    let mut server = contender.serve(ANY, Direction::Push).await.unwrap();
    let address = server.address();
    let joining = async { [contender.join(address).await, contender.join(address).await] };
    let (audience, joined) = tokio::join!(server.audience(2), joining);
    if let Err(why) = audience {
        assert_eq!(why, Failure::CannotPush);
        return false;
    }
    let joined = joined.map(Result::unwrap);
    for round in 1..=PUSHES {
        server.push(&[round as u8; 64]).await.unwrap();
    }
    while joined.iter().any(|client| client.received() < PUSHES) {
        tokio::task::yield_now().await;
    }
    assert_eq!(joined.each_ref().map(Answerer::received), [PUSHES; 2]);
    true
}

/// As many as any workload has on their way.
const PUSHES: u64 = 1_024;

/// Calls to a client that has left end, as what they are.
async fn ends_when_its_client_does<C: Contender>(contender: C) {
    let mut server = contender.serve(ANY, Direction::ToClient).await.unwrap();
    let address = server.address();
    let (callers, joined) = tokio::join!(server.clients(1), contender.join(address));
    let [caller] = &callers.unwrap()[..] else { panic!("not one caller") };
    assert_eq!(caller.echo(&Bytes::from_static(b"there?")).await, Ok(6));
    drop(joined);
    while caller.echo(&Bytes::from_static(b"still there?")).await.is_ok() {}
    assert_eq!(caller.echo(&Bytes::from_static(b"there?")).await, Err(Failure::Lost));
}

/// Fails what hangs.
async fn soon<T>(work: impl Future<Output = T>) -> T {
    timeout(Duration::from_secs(30), work).await.unwrap()
}

macro_rules! contenders {
    ($($name:ident: $contender:expr, $can:expr;)*) => {$(
        mod $name {
            use super::*;

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn clients_call_the_server() {
                soon(clients_call($contender)).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn the_server_does_what_it_can() {
                assert_eq!(soon(can($contender)).await, $can);
            }
        }
    )*};
}

contenders! {
    pipe: Pipe, Can { call: true, push: true };
    tarpc: Tarpc, Can { call: false, push: false };
    tonic: TonicUnary, Can { call: false, push: true };
    tonic_bidi: TonicBidi, Can { call: true, push: true };
    jsonrpsee: Jsonrpsee, Can { call: false, push: true };
    capnp: Capnp, Can { call: true, push: true };
}

#[tokio::test]
async fn a_client_that_has_left_is_a_lost_connection() {
    soon(ends_when_its_client_does(Pipe)).await;
    soon(ends_when_its_client_does(TonicBidi)).await;
    soon(ends_when_its_client_does(Capnp)).await;
}
