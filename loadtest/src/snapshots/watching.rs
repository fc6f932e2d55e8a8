//! The child's side of a round of snapshots: clients that note how old each is when it arrives, and some that stop reading.
//! It says on stdout what they noted, some times a second.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::interval;

use super::stamp::age_ns;
use crate::contender::{Contender, Seen};
use crate::ends;
use crate::failure::Trouble;
use crate::process;

/// Ages in nanoseconds that were not said yet. Bounded by how often they are said.
type Noted = Arc<Mutex<Vec<u64>>>;

/// Watches with `bots` clients, of whom the last `stalled` do not read, until stdin closes.
pub(crate) async fn watch<C: Contender>(
    contender: C,
    to: SocketAddr,
    bots: usize,
    stalled: usize,
) -> Result<(), Trouble> {
    let noted = Noted::default();
    let mut clients = Vec::with_capacity(bots);
    for number in 0..bots {
        let stalls = number + stalled >= bots;
        let joined = ends::in_time(contender.watch(to, stalls, seen(&noted))).await;
        clients.push(joined.map_err(|why| Trouble::Clients { wanted: bots, why })?);
    }
    // A parent that is gone already has closed our stdin too.
    let _ = process::say(&format!("{bots} joined"));
    let telling = async {
        let mut ticks = interval(TELL_EVERY);
        loop {
            ticks.tick().await;
            tell(&noted);
        }
    };
    tokio::select! {
        () = process::stdin_closes() => {}
        () = telling => {}
    }
    tell(&noted);
    Ok(())
}

/// What a client does with a snapshot.
fn seen(noted: &Noted) -> Seen {
    let noted = noted.clone();
    Arc::new(move |body| {
        if let Some(age) = age_ns(body) {
            noted.lock().unwrap_or_else(PoisonError::into_inner).push(age);
        }
    })
}

/// Says what was noted, in one line, if anything was.
fn tell(noted: &Noted) {
    let ages = std::mem::take(&mut *noted.lock().unwrap_or_else(PoisonError::into_inner));
    if !ages.is_empty() {
        let line: Vec<String> = ages.iter().map(u64::to_string).collect();
        // A parent that is gone has closed our stdin too, which ends us.
        let _ = process::say(&line.join(" "));
    }
}

const TELL_EVERY: Duration = Duration::from_millis(50);
