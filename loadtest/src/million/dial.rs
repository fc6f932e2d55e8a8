//! Where a session's connection comes from: a loopback address for every thousand sessions, so that no address runs out of
//! ports and the kernel finds a free one at once. Opens connections; knows nothing of sessions.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use tokio::net::{TcpSocket, TcpStream};

/// Connects session `number` to a server.
pub(super) async fn dial(number: u64, to: SocketAddr) -> io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    socket.bind(SocketAddr::new(IpAddr::V4(source(number)), 0))?;
    let stream = socket.connect(to).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// The address that session `number` comes from.
fn source(number: u64) -> Ipv4Addr {
    let block = (number / SESSIONS_PER_ADDRESS) % ADDRESSES;
    Ipv4Addr::from_bits(FIRST.to_bits() + u32::try_from(block).unwrap_or_default())
}

/// A small part of the 28,000 ports that Linux gives an address, so that a free one is found at the first attempts; those
/// that an earlier run has left in TIME_WAIT are then no matter either.
const SESSIONS_PER_ADDRESS: u64 = 1_024;
/// Far from 127.0.0.1, which others on the machine use.
const FIRST: Ipv4Addr = Ipv4Addr::new(127, 64, 0, 0);
/// Up to 127.191.255.255: enough for billions.
const ADDRESSES: u64 = 1 << 23;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_thousand_sessions_have_an_address_of_their_own() {
        assert_eq!(source(0), Ipv4Addr::new(127, 64, 0, 0));
        assert_eq!(source(1_023), source(0));
        assert_eq!(source(1_024), Ipv4Addr::new(127, 64, 0, 1));
        assert_eq!(source(999_999), Ipv4Addr::new(127, 64, 3, 208));
        assert!((0..1 << 40).step_by(1 << 33).all(|number| source(number).is_loopback()));
    }
}
