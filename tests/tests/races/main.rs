//! Logins, returns, kicks, expiry and shutdown at once: several clients of one player race for its one place at a server whose
//! admission and hooks take their time (P14, P15). Whole servers in memory, on virtual time; a seed that fails is printed, and
//! `RACE_SEED=<seed> cargo test -p farcall-tests --test races` runs it again. The clock is as under `start_paused = true`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

mod actor;
mod book;

use std::sync::Arc;
use std::time::Duration;

use actor::Actor;
use book::Book;
use farcall_protocol::{contract, contracts};
use farcall_server::{CloseCode, Context, DuplicateLogin, State, States, route};
use farcall_tests::chance::Chance;
use farcall_tests::faults::Network;
use farcall_tests::{TestServer, seeded};
use tokio::time::timeout;

#[contract(served_by = server)]
trait Lobby {
    async fn work(number: u32) -> u32;
}

#[route(Lobby::work)]
fn work(ctx: Context, book: State<Book>, number: u32) -> u32 {
    book.works(&ctx.peer());
    number
}

const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// Longer than anything may take here: half-open links are noticed in half a second, windows are two seconds at most.
const FOR_EVER: Duration = Duration::from_secs(120);

/// What came of one seed, or of many.
#[derive(Debug, Default)]
struct Sums {
    opened: u64,
    resumed: u64,
    refused: u64,
    /// Sessions closed, by reason: those that a race is about.
    replaced: u64,
    kicked: u64,
    expired: u64,
    shut_down: u64,
}

impl Sums {
    fn add(&mut self, other: &Self) {
        self.opened += other.opened;
        self.resumed += other.resumed;
        self.refused += other.refused;
        self.replaced += other.replaced;
        self.kicked += other.kicked;
        self.expired += other.expired;
        self.shut_down += other.shut_down;
    }
}

/// One seed: a few clients at once, then the end of the server, then nothing may be left.
async fn race(mut chance: Chance, policy: DuplicateLogin) -> Sums {
    let book = Arc::new(Book::new(policy, chance.next()));
    let window = ms([30, 100, 300, 2_000][chance.below(4)]);
    let game = TestServer::new(contracts![Lobby])
        .states(States::new().with_shared(book.clone()))
        .configured(|config| {
            config.duplicate_login = policy;
            config.limits.resume_window = window;
            (config.limits.heartbeat, config.limits.silence_max) = (ms(200), ms(500));
        })
        .admission(book.admission());
    let server = game.server().await.clone();
    book.watch(&server);
    let mut actors = tokio::task::JoinSet::new();
    let (count, uids) = (2 + chance.below(4), 1 + chance.below(100) / 80);
    for number in 0..count {
        let uid = ["ann", "bob"][number % uids];
        actors.spawn(Actor::new(uid, &server, &book, chance.next()).act());
    }
    let early = chance.percent(40).then(|| (ms(chance.below(700) as u64), ms(chance.below(60) as u64)));
    let (ends, ending) = (server.clone(), book.clone());
    let shutdown = async move {
        let (after, grace) = early.unwrap_or_default();
        tokio::time::sleep(after).await;
        ending.shuts_down();
        ends.shutdown(grace).await;
        ending.is_shut_down();
    };
    let mut sums = Sums::default();
    let (mut clients, mut networks) = (Vec::new(), Vec::new());
    let all = async {
        while let Some(actor) = actors.join_next().await {
            let (kept, network, refused) = actor.expect("an actor that did not panic");
            sums.refused += refused;
            clients.extend(kept);
            networks.push(network);
        }
    };
    if early.is_some() {
        timeout(FOR_EVER, async { tokio::join!(all, shutdown) }).await.expect("somebody hangs");
    } else {
        timeout(FOR_EVER, all).await.expect("a client hangs");
        timeout(FOR_EVER, shutdown).await.expect("the server does not end");
    }
    for client in &clients {
        let reason =
            timeout(FOR_EVER, client.session().closed()).await.expect("a client never hears its end");
        book.client_ended(&reason);
    }
    let stats = server.stats();
    assert_eq!((stats.sessions, stats.players, stats.logins_pending), (0, 0, 0), "left over: {stats:?}");
    clients.clear();
    // What nobody was told of is carried on for ever.
    networks.iter().for_each(Network::cut);
    // What looks after all sessions together sees within seconds that its server has ended.
    let tasks = || tokio::runtime::Handle::current().metrics().num_alive_tasks();
    let ended = async {
        while tasks() > 0 {
            tokio::time::sleep(ms(1_000)).await;
        }
    };
    assert!(timeout(ms(10_000), ended).await.is_ok(), "{} tasks are left over", tasks());
    let closed = |code| stats.closed.iter().find(|(known, _)| *known == code).map_or(0, |(_, count)| *count);
    sums.resumed = stats.resumed;
    sums.replaced = closed(CloseCode::Replaced);
    sums.kicked = closed(CloseCode::Kicked);
    sums.expired = closed(CloseCode::ConnectionLost) + closed(CloseCode::PeerSilent);
    sums.shut_down = closed(CloseCode::Shutdown);
    sums.opened = book.is_done();
    sums
}

fn run(policy: DuplicateLogin) -> Sums {
    let mut sums = Sums::default();
    let seeds = seeded::each("RACE", 500, |seed| {
        sums.add(&seeded::run(seed, |chance| race(chance, policy)));
    });
    println!("{policy:?}: {seeds} seeds, {sums:?}");
    let Sums { opened, resumed, replaced, kicked, expired, shut_down, .. } = sums;
    let tamest = [opened, resumed, replaced, kicked, expired, shut_down].into_iter().min();
    assert!(seeds == 1 || tamest > Some(seeds / 20), "too tame to tell anything: {sums:?}");
    sums
}

#[test]
fn one_place_for_each_player_where_the_newest_wins() {
    run(DuplicateLogin::KickOld);
}

#[test]
fn one_place_for_each_player_where_the_first_wins() {
    assert!(run(DuplicateLogin::RejectNew).refused > 0);
}

#[test]
fn two_places_for_each_player() {
    run(DuplicateLogin::Allow(2));
}
