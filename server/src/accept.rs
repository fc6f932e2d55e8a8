//! Taking connections, for as long as the server is: no error ends the loop (the lesson of RUSTSEC-2024-0376).

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use farcall_link::transport::{memory, tcp};
use farcall_link::{Address, Transport};
use tokio::net::TcpListener;
use tracing::warn;

use crate::entrance;
use crate::server::Inner;

/// After an error the next attempt waits: at first this long, then doubling up to a second (L38). Errors here are
/// mostly a lack of descriptors, and asking faster frees none.
const BACKOFF_MIN: Duration = Duration::from_millis(10);
const BACKOFF_MAX: Duration = Duration::from_secs(1);

/// Takes TCP connections until the server closes.
pub(crate) async fn over_tcp(server: Arc<Inner>, listener: TcpListener) {
    let mut backoff = BACKOFF_MIN;
    loop {
        let accepted = tokio::select! {
            biased;
            () = server.closing.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, address)) => {
                backoff = BACKOFF_MIN;
                // A socket that cannot be prepared is one that is gone already.
                if let Ok(stream) = tcp::Stream::new(stream) {
                    admit(&server, stream, address.into());
                }
            }
            Err(error) => {
                warn!(target: "farcall", %error, backoff_ms = backoff.as_millis() as u64, "cannot accept");
                server.counters.accept_errors.fetch_add(1, Ordering::Relaxed);
                tokio::time::sleep(backoff).await;
                backoff = (backoff * 2).min(BACKOFF_MAX);
                if cfg!(mutant = "24") {
                    return;
                }
            }
        }
    }
}

/// Takes connections of this process until the server closes or the last dialer is gone.
pub(crate) async fn in_memory(server: Arc<Inner>, mut listener: memory::Listener) {
    loop {
        let accepted = tokio::select! {
            biased;
            () = server.closing.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Some(stream) => admit(&server, stream, Address::Memory),
            None => return,
        }
    }
}

/// Gives a connection a task of its own, if there is a place for one more that has not logged in.
fn admit<T: Transport>(server: &Arc<Inner>, io: T, address: Address) {
    server.counters.accepted.fetch_add(1, Ordering::Relaxed);
    match server.logins_pending.clone().try_acquire_owned() {
        Ok(permit) => {
            server.tasks.spawn(entrance::serve(server.clone(), io, address, permit));
        }
        // Dropping it is all that can be afforded: saying why costs more than the flood that needs it.
        Err(_) => {
            server.counters.logins_failed.fetch_add(1, Ordering::Relaxed);
        }
    }
}
