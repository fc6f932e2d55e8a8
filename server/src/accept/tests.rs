//! One listener for several threads, as on systems that do not spread connections over listeners. All else is tested with whole
//! servers and clients.

use std::collections::HashMap;
use std::sync::{Mutex, mpsc};

use farcall_link::{Bare, Inbox, LinkConfig, Router, Routes, Served, States, connect};
use farcall_protocol::codec::Codec;
use farcall_protocol::handshake::{Connecting, Credential, Metadata};
use farcall_protocol::{Announced, Limits, Side, Uid};
use tokio::net::TcpStream;

use super::*;
use crate::{Admission, Server, ServerConfig, Threads, listen};

const LOGIN: Duration = Duration::from_secs(30);

/// Logs in over this connection; the session is none that this test needs.
async fn log_in(stream: TcpStream, uid: &str) {
    let limits = Limits::default();
    let connecting = Connecting {
        uid: Uid::new(uid).unwrap(),
        credential: Credential::Anonymous,
        build: 0,
        metadata: Metadata::default(),
        nonce: [0; 16],
        takes: Announced::from(&limits),
        codecs: vec![Codec::Bincode],
        can_return: false,
        resume: None,
    };
    let served = Served {
        side: Side::Client,
        contracts: &[],
        bare: Bare::None,
        handlers_in: None,
        routes: Routes::new(),
        states: States::new(),
        session: None,
    };
    let router = Arc::new(Router::collect(served).unwrap());
    let inbox = Arc::new(Inbox::new(router.frame()));
    let config =
        LinkConfig { limits: Arc::new(limits), router, inbox, owner: Arc::new(()), data: Arc::new(()) };
    let stream = tcp::Stream::new(stream).unwrap();
    let _link = connect(stream, connecting, Address::Memory, LOGIN, config).await.unwrap();
}

#[tokio::test]
async fn one_listener_hands_connections_to_the_threads_in_turn_and_is_not_needed_after() {
    // Who was let in on which thread.
    let homes = Arc::<Mutex<HashMap<String, String>>>::default();
    let noted = homes.clone();
    let admission = Admission::anonymous().opened(move |player| {
        let thread = std::thread::current().name().unwrap_or_default().to_owned();
        noted.lock().unwrap().insert(player.session().uid().to_string(), thread);
    });
    let config = ServerConfig { threads: Threads::Own(3), ..ServerConfig::default() };
    let (near, dialer) = memory::listener();
    let inner = Inner::new(config, admission.door, dialer).unwrap();
    let one = listen::on("127.0.0.1:0", 1).await.unwrap();
    let address = one[0].local_addr().unwrap();
    let (server, runtimes) = Server::start(inner, near, Threads::Own(3)).unwrap();
    start(&server.inner, one, &runtimes).unwrap();

    let mut streams = Vec::new();
    for _ in 0..6 {
        streams.push(TcpStream::connect(address).await.unwrap());
    }
    let mut look = tokio::time::interval(Duration::from_millis(1));
    while server.stats().accepted < 6 {
        look.tick().await;
    }
    // The thread that took them all does nothing any more, until everybody else has logged in.
    let (goes_on, held) = mpsc::sync_channel::<()>(1);
    runtimes[0].spawn(async move { held.recv_timeout(LOGIN) });
    let (of_the_first, of_others): (Vec<_>, Vec<_>) =
        streams.into_iter().enumerate().partition(|(number, _)| number % 3 == 0);
    for (number, stream) in of_others {
        log_in(stream, &format!("p{number}")).await;
    }
    goes_on.send(()).unwrap();
    for (number, stream) in of_the_first {
        log_in(stream, &format!("p{number}")).await;
    }
    server.shutdown(Duration::ZERO).await;
    let homes = homes.lock().unwrap();
    for number in 0..6 {
        assert_eq!(homes[&format!("p{number}")], format!("farcall-{}", number % 3 + 1));
    }
}
