//! A server's session as a login leaves it, for this crate's own tests: over any connection, and driven by nobody but the test.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use farcall_protocol::codec::Codec;
use farcall_protocol::handshake::{Established, Token};
use farcall_protocol::{Announced, Limits, SessionId, Side, Uid};
use socket2::SockRef;
use tokio::net::{TcpListener, TcpStream};

use crate::inbox::Inbox;
use crate::link::{Address, Link, LinkConfig};
use crate::router::{Bare, Router, Routes, Served, States};
use crate::transport::{Transport, tcp};

/// What the buffers of [`sockets`] hold, as near to it as the system goes: much less than a frame may have.
const BUFFER_BYTES: usize = 4 << 10;

/// A session that serves nothing. Its client was given this token.
pub(crate) fn session(io: impl Transport, token: Token) -> Link {
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
    Link::new(Side::Server, Box::new(io), &[], established, Duration::ZERO, Address::Memory, config)
}

/// A connection over TCP that takes little, and its other end.
pub(crate) async fn sockets() -> (tcp::Stream, TcpStream) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
    SockRef::from(&listener).set_recv_buffer_size(BUFFER_BYTES).expect("a smaller buffer");
    let near = TcpStream::connect(listener.local_addr().expect("an address")).await.expect("a connection");
    SockRef::from(&near).set_send_buffer_size(BUFFER_BYTES).expect("a smaller buffer");
    let (far, _) = listener.accept().await.expect("a connection");
    (tcp::Stream::new(near).expect("a stream"), far)
}
