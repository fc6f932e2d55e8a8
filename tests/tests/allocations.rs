//! What a call, a message and a push cost in allocations once everything is warm, each end counted apart: the bounds depend on no
//! clock. Alone in its process, because it counts every allocation in it; each end has a thread and a runtime of its own, and
//! a thread's allocations are its end's.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

#[path = "allocations/counting.rs"]
mod counting;
#[path = "allocations/ends.rs"]
mod ends;

use std::fmt;

use ends::{Ends, MEMBERS, Meter as _, Probe as _};
use farcall_client::{Client, Notified};
use farcall_server::{Group, Player};
use tokio::task::JoinSet;

/// What is done how often before it is counted, and while it is.
const WARM_UP: u64 = 2_000;
const ROUNDS: u64 = 10_000;
/// Calls in flight at once where there are many; messages between two calls that wait for them to have arrived.
const AT_ONCE: u64 = 64;
/// None, except what is made once for thousands: a table that grows, the tasks of the callers here.
const NONE: f64 = 0.02;

/// Allocations of one round at each end.
struct Each {
    server: f64,
    client: f64,
}

impl fmt::Display for Each {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "server {:.4}, client {:.4}", self.server, self.client)
    }
}

impl Each {
    /// Fails if either end allocates more than it may, and says which and how much.
    #[track_caller]
    fn at_most(&self, what: &str, server: f64, client: f64) {
        println!("{what:<40} {self}");
        assert!(self.server <= server, "{what}: {self}, at most {server} at the server");
        assert!(self.client <= client, "{what}: {self}, at most {client} at the client");
    }
}

/// Does something often enough that it is warm, then counts it.
async fn count<F: Future<Output = ()>>(ends: &Ends, act: impl Fn(u64) -> F) -> Each {
    act(WARM_UP).await;
    let before = ends.allocations();
    act(ROUNDS).await;
    let after = ends.allocations();
    Each {
        server: (after.server - before.server) as f64 / ROUNDS as f64,
        client: (after.client - before.client) as f64 / ROUNDS as f64,
    }
}

/// So many calls, one after the other.
async fn lone(client: &Client, calls: u64) {
    for number in 0..calls {
        assert_eq!(client.echo(number).await, Ok(number));
    }
}

/// So many calls, many at once.
async fn many(client: &Client, calls: u64) {
    let mut callers = JoinSet::new();
    for _ in 0..AT_ONCE {
        let client = client.clone();
        callers.spawn(async move { lone(&client, calls / AT_ONCE).await });
    }
    while let Some(ended) = callers.join_next().await {
        ended.expect("a caller");
    }
}

/// So many calls of the server, one after the other.
async fn asked(player: Player, calls: u64) {
    for number in 0..calls {
        assert_eq!(player.asked(number).await, Ok(number));
    }
}

/// So many messages, and now and then a call: so that they do not gather.
async fn notes(client: &Client, messages: u64) {
    for number in 0..messages {
        assert_eq!(client.note(number), Notified::Sent);
        if number % AT_ONCE == 0 {
            lone(client, 1).await;
        }
    }
}

/// So many messages to each of a group, and now and then a call of each.
async fn pushes(group: Group, players: Vec<Player>, messages: u64) {
    for number in 0..messages {
        group.told(number);
        if number % AT_ONCE == 0 {
            for player in &players {
                asked(player.clone(), 1).await;
            }
        }
    }
}

#[test]
fn in_steady_state_neither_end_allocates() {
    let ends = Ends::new();
    ends.run(async {
        let client = &ends.clients[0];
        let each = count(&ends, |calls| lone(client, calls)).await;
        each.at_most("a lone call", NONE, NONE);

        let each = count(&ends, |calls| many(client, calls)).await;
        each.at_most("a call of many", NONE, NONE);

        let player = ends.player(client);
        let each = count(&ends, |calls| ends.at_server(asked(player.clone(), calls))).await;
        each.at_most("a lone call of the server", NONE, NONE);

        let each = count(&ends, |messages| notes(client, messages)).await;
        each.at_most("a message", NONE, NONE);

        let (group, players) = (ends.group(), ends.clients.iter().map(|client| ends.player(client)));
        let players: Vec<_> = players.collect();
        let push = |messages| ends.at_server(pushes(group.clone(), players.clone(), messages / MEMBERS));
        let each = count(&ends, push).await;
        // Its body is encoded once, for all.
        each.at_most("a message to one of a group", 1.0 / MEMBERS as f64 + NONE, NONE);
    });
}
