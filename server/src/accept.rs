//! Taking connections, for as long as the server is: no error ends the loop (the lesson of RUSTSEC-2024-0376). And choosing the
//! runtime on which each lives from then on.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use farcall_link::transport::{memory, tcp};
use farcall_link::{Address, Transport};
use tokio::net::TcpListener;
use tokio::runtime::Handle;
use tracing::warn;

use crate::entrance;
use crate::server::Inner;
use crate::threads::Turns;

/// After an error the next attempt waits: at first this long, then doubling up to a second (L38). Errors here are
/// mostly a lack of descriptors, and asking faster frees none.
const BACKOFF_MIN: Duration = Duration::from_millis(10);
const BACKOFF_MAX: Duration = Duration::from_secs(1);

/// Starts taking TCP connections. Where each runtime has a listener of its own, it keeps what that one takes; otherwise the
/// first takes them for all, in turn.
pub(crate) fn start(
    server: &Arc<Inner>,
    listeners: Vec<std::net::TcpListener>,
    runtimes: &[Handle],
) -> io::Result<()> {
    let is_shared = listeners.len() < runtimes.len();
    for (listener, runtime) in listeners.into_iter().zip(runtimes) {
        let lives = if is_shared { runtimes.to_vec() } else { vec![runtime.clone()] };
        let listener = {
            let _here = runtime.enter();
            TcpListener::from_std(listener)?
        };
        server.tasks.spawn_on(over_tcp(server.clone(), listener, Turns::of(lives)), runtime);
    }
    Ok(())
}

/// Takes TCP connections until the server closes.
async fn over_tcp(server: Arc<Inner>, listener: TcpListener, mut lives: Turns) {
    let here = Handle::current().id();
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
                let home = lives.next();
                let moves = home.id() != here;
                // A socket that cannot be prepared is one that is gone already.
                if let Ok(stream) = tcp::Stream::new(stream) {
                    let arrive = move || if moves { stream.registered_here() } else { Ok(stream) };
                    admit(&server, home, arrive, address.into());
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
pub(crate) async fn in_memory(server: Arc<Inner>, mut listener: memory::Listener, mut lives: Turns) {
    loop {
        let accepted = tokio::select! {
            biased;
            () = server.closing.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Some(stream) => admit(&server, lives.next(), || Ok(stream), Address::Memory),
            None => return,
        }
    }
}

/// Gives a connection a task of its own on the runtime where it is to live, if there is a place for one more that has not
/// logged in. `arrive` makes it a connection of that runtime.
fn admit<T: Transport>(
    server: &Arc<Inner>,
    home: &Handle,
    arrive: impl FnOnce() -> io::Result<T> + Send + 'static,
    address: Address,
) {
    server.counters.accepted.fetch_add(1, Ordering::Relaxed);
    let failed = |server: &Inner| server.counters.logins_failed.fetch_add(1, Ordering::Relaxed);
    // Dropping it is all that can be afforded: saying why costs more than the flood that needs it.
    let Ok(permit) = server.logins_pending.clone().try_acquire_owned() else {
        failed(server);
        return;
    };
    let inner = server.clone();
    let entering = async move {
        match arrive() {
            Ok(io) => entrance::serve(inner, io, address, permit).await,
            Err(error) => {
                warn!(target: "farcall", %address, %error, "a connection cannot be handed to its thread");
                failed(&inner);
            }
        }
    };
    server.tasks.spawn_on(entering, home);
}

#[cfg(test)]
mod tests;
