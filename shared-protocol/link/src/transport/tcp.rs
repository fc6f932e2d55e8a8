//! TCP as sessions want it: small frames at once, and a kernel that does not hoard what a slow player has not
//! taken.

use std::io;
use std::time::Duration;

use socket2::SockRef;
use tokio::net::TcpStream;

/// Unsent bytes the kernel may hold for one connection before it stops taking more. Without it one stalled
/// loopback socket swallowed 1,888 snapshots of 2 KiB before our own queue saw any, all of them stale.
const NOTSENT_LOWAT_BYTES: u32 = 16 << 10;
/// Bytes sent and unanswered for this long end the connection (gRPC proposal A18).
const USER_TIMEOUT: Duration = Duration::from_secs(20);

/// Prepares an accepted or connected socket.
///
/// # Errors
/// Only `TCP_NODELAY` is required; what else the system does not have is done without.
pub fn prepare(stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    #[cfg(target_os = "linux")]
    {
        let socket = SockRef::from(stream);
        // Refused only by systems that do not know them; sessions are right without, only slower to notice.
        let _ = socket.set_tcp_notsent_lowat(NOTSENT_LOWAT_BYTES);
        let _ = socket.set_tcp_user_timeout(Some(USER_TIMEOUT));
    }
    Ok(())
}
