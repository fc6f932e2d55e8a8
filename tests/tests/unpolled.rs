//! A game that does not poll for half a minute while its server goes on pushing: what it holds does not grow, and what
//! it then finds is in order. Alone in its process, because it counts every allocation in it.

#[path = "memory/counting.rs"]
mod counting;

use std::sync::atomic::Ordering;
use std::time::Duration;

use counting::{IN_USE, LARGEST};
use farcall_client::{Client, ClientConfig, CloseCode, Polled};
use farcall_protocol::{contract, contracts};
use farcall_server::{Admission, Player, ServerConfig};
use farcall_tests::{Over, Table};
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep};

/// What the server pushes.
#[contract(served_by = client)]
pub trait Screen {
    /// Has everything before it arrived?
    async fn ping() -> u32;
    /// Something happened.
    #[notify]
    fn event(number: u64);
    /// Where everybody is.
    #[notify(latest)]
    fn places(tick: u64, places: Vec<u64>);
    /// What everybody has.
    #[notify(latest)]
    fn scores(tick: u64, scores: Vec<u64>);
}

/// What the game has seen, in order.
#[derive(Debug, Default)]
struct Game(Vec<Seen>);

#[derive(Debug, PartialEq, Eq)]
enum Seen {
    Event(u64),
    Places(u64),
    Scores(u64),
}

#[farcall_client::route(Screen::ping)]
fn ping() -> u32 {
    7
}

#[farcall_client::route(Screen::event)]
fn event(game: &mut Game, number: u64) {
    game.0.push(Seen::Event(number));
}

#[farcall_client::route(Screen::places)]
fn places(game: &mut Game, tick: u64, places: Vec<u64>) {
    assert_eq!(places.len(), 512);
    game.0.push(Seen::Places(tick));
}

#[farcall_client::route(Screen::scores)]
fn scores(game: &mut Game, tick: u64, _scores: Vec<u64>) {
    game.0.push(Seen::Scores(tick));
}

/// One test at a time: each counts what the process has.
static ALONE: Mutex<()> = Mutex::const_new(());
const FRAME: Duration = Duration::from_millis(33);
const HALF_A_MINUTE: Duration = Duration::from_secs(30);

async fn ann() -> (Table, Client, Player) {
    let table = Table::start(Over::Memory, ServerConfig::default(), Admission::anonymous()).await;
    let config = ClientConfig { serves: contracts![Screen], ..table.player("ann") };
    let client = table.connect(config).await.expect("a login");
    let player = table.server.player("ann").expect("a player");
    (table, client, player)
}

#[tokio::test(start_paused = true)]
async fn half_a_minute_without_a_poll_leaves_memory_flat_and_order_kept() {
    let _alone = ALONE.lock().await;
    let (_table, client, player) = ann().await;
    let everything = vec![u64::MAX; 512];
    let (began, mut tick) = (Instant::now(), 0);
    let mut settled = None;
    LARGEST.store(0, Ordering::SeqCst);
    player.event(0);
    while began.elapsed() < HALF_A_MINUTE {
        tick += 1;
        player.places(tick, &everything);
        player.scores(tick, &everything[..100]);
        // The last events come early on: from then on only newer values of the same.
        if tick <= 20 {
            player.event(tick);
        }
        assert_eq!(player.ping().await, Ok(7), "what is not for the frame goes on");
        sleep(FRAME).await;
        let in_use = IN_USE.load(Ordering::SeqCst);
        if tick > 30 {
            let settled = *settled.get_or_insert(in_use);
            assert!(in_use <= settled + (24 << 10), "{settled} bytes in use, and {in_use} at tick {tick}");
        }
    }
    assert!(tick > 900, "{tick} ticks");
    assert!(LARGEST.load(Ordering::SeqCst) < 64 << 10);
    let mut game = Game::default();
    assert_eq!(client.poll(&mut game, HALF_A_MINUTE), Ok(Polled { ran: 23, left: 0 }));
    let (latest, events) = (game.0.split_off(21), game.0);
    assert!(events.into_iter().eq((0..=20).map(Seen::Event)));
    assert_eq!(latest, [Seen::Places(tick), Seen::Scores(tick)]);
}

#[tokio::test(start_paused = true)]
async fn pushes_that_cannot_replace_each_other_fill_a_bounded_inbox_and_no_more() {
    let _alone = ALONE.lock().await;
    let (table, client, player) = ann().await;
    let before = IN_USE.load(Ordering::SeqCst);
    let (began, mut sent, mut most) = (Instant::now(), 0_u64, 0);
    while began.elapsed() < HALF_A_MINUTE && client.session().is_open() {
        for _ in 0..10 {
            player.event(sent);
            sent += 1;
        }
        sleep(FRAME).await;
        most = most.max(IN_USE.load(Ordering::SeqCst).saturating_sub(before));
    }
    // 1,024 wait; the next one means that nobody polls.
    assert!(!client.session().is_open(), "{sent} were sent and all of them are kept");
    assert_eq!(client.session().closed().await.code, CloseCode::InboundOverflow);
    assert!((1_024..1_200).contains(&sent), "{sent} were sent");
    assert!(most < 1 << 20, "{most} bytes for 1,024 small messages");
    client.session().ended().await;
    farcall_tests::waiting::until(|| table.server.stats().sessions == 0).await;
    let kept = IN_USE.load(Ordering::SeqCst).saturating_sub(before);
    assert!(kept < 128 << 10, "{kept} bytes are left of it");
}
