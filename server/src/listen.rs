//! The sockets on which a server listens: one, or on Linux one for each of its threads, all on the same address. Who accepts
//! from them stands in `accept`.

use std::io;
use std::net::TcpListener;

/// A socket for each of so many threads, or one for all of them, where the system does not spread connections over several.
///
/// The first is bound as any server's is: an address in use is an error, be it by another server that shares it among
/// threads of its own. Only then are the others let in beside it.
pub(crate) async fn on(address: &str, threads: usize) -> io::Result<Vec<TcpListener>> {
    let first = tokio::net::TcpListener::bind(address).await?.into_std()?;
    let mut listeners = vec![first];
    #[cfg(target_os = "linux")]
    if threads > 1 {
        match linux::beside(&listeners[0], threads - 1) {
            Ok(others) => listeners.extend(others),
            Err(error) => tracing::warn!(target: "farcall", %error, "one listener for all threads"),
        }
    }
    #[cfg(not(target_os = "linux"))]
    let _ = threads;
    Ok(listeners)
}

#[cfg(target_os = "linux")]
mod linux {
    use std::io;
    use std::net::TcpListener;

    use socket2::{Domain, SockRef, Socket, Type};

    /// Connections waiting to be accepted on each: what tokio's listeners have.
    const BACKLOG: i32 = 1_024;

    /// So many more sockets on the address of one. The kernel gives each connection to one of them, by a hash of its two ends.
    pub(super) fn beside(first: &TcpListener, count: usize) -> io::Result<Vec<TcpListener>> {
        let address = first.local_addr()?;
        SockRef::from(first).set_reuse_port(true)?;
        let another = |_| {
            let socket = Socket::new(Domain::for_address(address), Type::STREAM.nonblocking(), None)?;
            socket.set_reuse_address(true)?;
            socket.set_reuse_port(true)?;
            socket.bind(&address.into())?;
            socket.listen(BACKLOG)?;
            Ok(socket.into())
        };
        (0..count).map(another).collect()
    }
}
