//! Looks after what all sessions hold together: those without a connection wait at the server's cost, and that cost has a
//! bound (L27); and what is kept of those that are over has its time (L41).

use std::sync::{Arc, Weak};
use std::time::Duration;

use farcall_protocol::CloseCode;
use tracing::warn;

use crate::seat::Seat;
use crate::server::Inner;

/// How often it looks. A session is bounded by itself; many need some time to become too many.
const EVERY: Duration = Duration::from_secs(5);

/// Looks every few seconds for as long as the server is.
pub(crate) async fn look_after(server: Weak<Inner>) {
    let Some(closing) = server.upgrade().map(|server| server.closing.clone()) else { return };
    let mut looks = tokio::time::interval(EVERY);
    looks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            biased;
            () = closing.cancelled() => return,
            _ = looks.tick() => {}
        }
        let Some(server) = server.upgrade() else { return };
        make_room(&server);
        server.graves.forget_old();
    }
}

/// Closes sessions without a connection, those that have waited longest first, until the others hold no more than they may.
fn make_room(server: &Inner) {
    let mut waiting: Vec<(Duration, usize, Arc<Seat>)> = Vec::new();
    server.players.each(|seat| {
        let session = seat.session();
        if let Some(away) = session.away() {
            waiting.push((away, session.bytes_held(), seat.clone()));
        }
    });
    let mut held: usize = waiting.iter().map(|(_, bytes, _)| bytes).sum();
    let bytes_max = server.config.detached_bytes_max;
    if held <= bytes_max {
        return;
    }
    waiting.sort_by_key(|(away, ..)| std::cmp::Reverse(*away));
    let mut closed = 0;
    for (_, bytes, seat) in waiting {
        if held <= bytes_max {
            break;
        }
        seat.close(CloseCode::SlowConsumer, "too much waits for players without a connection");
        held -= bytes;
        closed += 1;
    }
    warn!(target: "farcall", closed, held, bytes_max, "too much waited for players without a connection");
}
