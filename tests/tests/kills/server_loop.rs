//! A server that is killed at random moments of its life, again and again.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use farcall_tests::chance::Chance;
use farcall_tests::victim::Held;
use farcall_tests::waiting::until;

use crate::crew::Crew;
use crate::history::History;
use crate::process::{PATIENCE, Victim, Watched};

/// Kills, unless `KILLS` says otherwise.
const KILLS: u32 = 20;
const PLAYERS: u64 = 4;
/// Without `KILLS_SEED`.
const SEED: u64 = 1;
/// No session waits as long in this test: whatever ends, ends because it was found out.
const WINDOW_MS: &str = "600000";

/// When a life ends.
enum Moment {
    /// So long after it was started, whatever it is doing.
    After(Duration),
    /// When it has written so much.
    Entries(u64),
}

impl Moment {
    /// One in five early, while the process starts and players come back; the others anywhere from the first entries on.
    fn draw(chance: &mut Chance) -> Self {
        if chance.percent(20) {
            Self::After(Duration::from_micros(chance.below(60_000) as u64))
        } else {
            let about = 1 << chance.below(11);
            Self::Entries((about + chance.below(about)) as u64)
        }
    }
}

/// A server's lives, one after the other, at one address.
struct Lives {
    history: Arc<Watched<History>>,
    /// Where the first life has come to listen.
    address: String,
    life: u32,
    server: Victim,
    began: Instant,
}

impl Lives {
    fn begin() -> Self {
        let history = Arc::new(Watched::<History>::default());
        let server = start(&history, 0, "127.0.0.1:0");
        history.must_become("listening", |history| history.listening.is_some());
        let address = history.look().listening.expect("an address").to_string();
        Self { history, address, life: 0, server, began: Instant::now() }
    }

    /// Lets the server live until that moment, kills it, reads its journal to the end, and starts it again.
    fn end_at(self, moment: &Moment) -> Self {
        match *moment {
            // Nothing is waited for but the time.
            Moment::After(time) => {
                self.history.becomes(time.saturating_sub(self.began.elapsed()), |_| false);
            }
            Moment::Entries(number) => {
                self.history.must_become("a journal", |history| history.entries >= number);
            }
        }
        self.server.kill();
        self.history.change(|history| {
            history.summary.kills += 1;
            history.summary.kills_early += u64::from(history.listening.is_none());
        });
        let life = self.life + 1;
        Self { server: start(&self.history, life, &self.address), life, began: Instant::now(), ..self }
    }

    /// Lets the last life end in order.
    fn end(mut self) {
        let ended = self.server.end();
        let mut history = self.history.look();
        if !ended.success() || history.held.get(&self.life) != Some(&Held::default()) {
            let what = format!("the last life holds {:?} and ends with {ended}", history.held);
            history.finds(what);
        }
    }
}

/// Starts a life, whose journal is read into the history.
fn start(history: &Arc<Watched<History>>, life: u32, address: &str) -> Victim {
    history.change(History::life_begins);
    let (reads, life_text) = (history.clone(), life.to_string());
    let arguments = ["serve", "--address", address, "--life", &life_text, "--window-ms", WINDOW_MS];
    Victim::start(&arguments, move |entry| reads.change(|history| history.wrote(life, entry)))
}

/// A loop of so many kills. What it has come to.
fn run(kills: u32, seed: u64) -> Arc<Watched<History>> {
    let mut chance = Chance::new(seed);
    let mut lives = Lives::begin();
    let history = lives.history.clone();
    let address = lives.address.clone();
    let crew = Arc::new(Crew { address, history: history.clone(), is_leaving: AtomicBool::new(false) });
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    let players: Vec<_> = (0..PLAYERS)
        .map(|nth| runtime.spawn(crew.clone().play(format!("player {nth}"), Chance::new(chance.next()))))
        .collect();
    for _ in 0..kills {
        lives = lives.end_at(&Moment::draw(&mut chance));
    }
    // All are back, and have been answered.
    history.must_become("a last life", |history| history.entries >= 1_000);
    crew.is_leaving.store(true, Ordering::SeqCst);
    runtime.block_on(async {
        for player in players {
            tokio::time::timeout(PATIENCE * 3, player).await.expect("an end").expect("no panic");
        }
        // Of no session, lost or left, anything goes on.
        until(|| runtime.metrics().num_alive_tasks() == 0).await;
    });
    lives.end();
    history.change(History::check);
    history
}

/// A number from the environment.
fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|value| value.parse().expect("a number"))
}

#[test]
fn whatever_a_server_killed_in_a_loop_leaves_behind_is_told_truly() {
    let kills = number("KILLS").map_or(KILLS, |kills| u32::try_from(kills).expect("fewer"));
    let seed = number("KILLS_SEED").unwrap_or(SEED);
    println!("seed        {seed}");
    let began = Instant::now();
    let history = run(kills, seed);
    let history = history.look();
    println!("{}\ntime        {:?}", history.summary, began.elapsed());
    assert!(history.violations.is_empty(), "KILLS_SEED={seed}:\n  {}", history.violations.join("\n  "));
    let summary = &history.summary;
    assert_eq!((summary.kills, summary.resumed), (u64::from(kills), 0));
    // What could not have failed has shown nothing.
    let enough = u64::from(kills);
    assert!(summary.answered > 10 * enough && summary.unsure > enough && summary.noted > enough);
    assert!(summary.not_executed > 0 && summary.overdue > 0 && summary.dropped > 0);
}
