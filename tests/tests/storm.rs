//! Whole servers and clients in memory, on virtual time, over networks that fail at random: whatever the weather, what was
//! sent is dispatched once and in order, and every call ends once and honestly. A seed that fails is printed, and
//! `STORM_SEED=<seed> cargo test -p farcall-tests --test storm` runs it again, the same in everything. The clock is as under
//! `start_paused = true`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use farcall_client::{CallError, Notified};
use farcall_protocol::{contract, contracts};
use farcall_server::{Context, SessionEvent, State, States, Uid, route};
use farcall_tests::chance::Chance;
use farcall_tests::faults::{Network, Towards};
use farcall_tests::waiting::until;
use farcall_tests::{TestPlayer, TestServer, seeded};
use futures_util::FutureExt;

#[contract(served_by = server)]
trait Lobby {
    async fn work(number: u32, ms: u64) -> u32;
    #[notify]
    fn note(number: u32);
    #[notify(latest)]
    fn steer(number: u32);
}

#[contract(served_by = client)]
trait Player {
    async fn asked(number: u32) -> u32;
    #[notify]
    fn told(number: u32);
}

/// What the server's handlers have seen of one player, in order.
#[derive(Debug, Clone, Default)]
struct Seen {
    notes: Vec<u32>,
    worked: Vec<u32>,
    steered: Option<u32>,
}

#[derive(Debug, Default)]
struct Book(Mutex<HashMap<Uid, Seen>>);

impl Book {
    fn write(&self, uid: &Uid, write: impl FnOnce(&mut Seen)) {
        write(self.0.lock().unwrap().entry(uid.clone()).or_default());
    }

    fn of(&self, uid: &str) -> Seen {
        self.0.lock().unwrap().get(uid).cloned().unwrap_or_default()
    }
}

#[route(Lobby::work)]
async fn work(ctx: Context, book: State<Book>, number: u32, ms: u64) -> u32 {
    book.write(ctx.uid(), |seen| seen.worked.push(number));
    tokio::time::sleep(Duration::from_millis(ms)).await;
    number
}

#[route(Lobby::note)]
fn note(ctx: Context, book: State<Book>, number: u32) {
    book.write(ctx.uid(), |seen| seen.notes.push(number));
}

#[route(Lobby::steer)]
fn steer(ctx: Context, book: State<Book>, number: u32) {
    book.write(ctx.uid(), |seen| seen.steered = Some(number));
}

const fn ms(ms: usize) -> Duration {
    Duration::from_millis(ms as u64)
}

type Outcomes<T> = Arc<Mutex<Vec<(u32, Result<u32, T>)>>>;

/// One player in the storm: what it has sent and been told, and what its calls came to.
struct Sailor {
    uid: String,
    network: Network,
    player: TestPlayer,
    told: Arc<Mutex<Vec<u32>>>,
    answered: Arc<Mutex<Vec<u32>>>,
    noted: Vec<u32>,
    steered: Option<u32>,
    calls: Outcomes<CallError>,
    told_to: Vec<u32>,
    asks: Outcomes<CallError>,
    made: [usize; 2],
}

impl Sailor {
    async fn embark(game: &TestServer, number: usize) -> Self {
        let (uid, network) = (format!("sailor {number}"), Network::to(game.server().await));
        let player = game.player_over(&network, &uid).await;
        let (told, answered) = (Arc::new(Mutex::new(vec![])), Arc::new(Mutex::new(vec![])));
        let (hears, answers) = (told.clone(), answered.clone());
        player.answer(Player.told, move |number: u32| hears.lock().unwrap().push(number));
        player.answer(Player.asked, move |number: u32| {
            answers.lock().unwrap().push(number);
            number
        });
        let (calls, asks) = (Outcomes::default(), Outcomes::default());
        Self {
            uid,
            network,
            player,
            told,
            answered,
            noted: vec![],
            steered: None,
            calls,
            told_to: vec![],
            asks,
            made: [0; 2],
        }
    }

    /// Something happens, at sea or ashore.
    async fn step(&mut self, game: &TestServer, number: u32, chance: &mut Chance) {
        let within = ms(100 + chance.below(40_000));
        let ashore = game.server().await.player(&self.uid).expect("the window is longer than any storm");
        match chance.below(40) {
            0 => self.network.cut(),
            1 if chance.below(4) == 0 => self.network.lose(),
            2 => self.network.hold(Towards::Server, chance.below(2) == 0),
            3 => self.network.hold(Towards::Client, chance.below(2) == 0),
            4 => self.network.refuse(chance.below(2) == 0),
            5 => self.network.delay(ms(chance.below(80))),
            6..14 => {
                if self.player.note(number) == Notified::Sent {
                    self.noted.push(number);
                }
            }
            14..17 => {
                if self.player.steer(number) == Notified::Sent {
                    self.steered = Some(number);
                }
            }
            17..24 => {
                let calls = self.calls.clone();
                self.made[0] += 1;
                let call = self.player.work(number, chance.below(300) as u64).within(within);
                call.then(move |ended| calls.lock().unwrap().push((number, ended)));
            }
            24..31 => {
                if ashore.told(number) == Notified::Sent {
                    self.told_to.push(number);
                }
            }
            31..37 => {
                let asks = self.asks.clone();
                self.made[1] += 1;
                let ask = ashore.asked(number).within(within);
                ask.then(move |ended| asks.lock().unwrap().push((number, ended)));
            }
            _ => tokio::time::sleep(ms(chance.below(300))).await,
        }
    }

    fn calm(&self) {
        self.network.refuse(false);
        self.network.hold(Towards::Server, false);
        self.network.hold(Towards::Client, false);
        self.network.delay(Duration::ZERO);
        self.network.cut();
    }

    fn has_settled(&self, book: &Book) -> bool {
        let ended = [self.calls.lock().unwrap().len(), self.asks.lock().unwrap().len()];
        let seen = book.of(&self.uid);
        ended == self.made
            && seen.notes.len() >= self.noted.len()
            && seen.steered == self.steered
            && self.told.lock().unwrap().len() >= self.told_to.len()
    }

    /// How long the session was without a connection, each time that is still known.
    fn away_ms(&self) -> Vec<u64> {
        let (mut seen, mut away_ms) = (0, Vec::new());
        while let Some(event) = self.player.session().next_event(&mut seen).now_or_never().flatten() {
            if let SessionEvent::Resumed { away, .. } = event {
                away_ms.push(away.as_millis() as u64);
            }
        }
        away_ms
    }

    fn check(&self, book: &Book) {
        let seen = book.of(&self.uid);
        assert_eq!(seen.notes, self.noted, "{}: notes", self.uid);
        assert_eq!(*self.told.lock().unwrap(), self.told_to, "{}: told", self.uid);
        honest(&self.uid, &self.calls.lock().unwrap(), &seen.worked);
        honest(&self.uid, &self.asks.lock().unwrap(), &self.answered.lock().unwrap());
        assert_eq!(self.player.session().calls_outgoing(), 0);
    }
}

/// Every call has ended as it went: what ran ran once, and nothing ran that is said not to have.
fn honest(uid: &str, calls: &[(u32, Result<u32, CallError>)], ran: &[u32]) {
    let once: HashSet<u32> = ran.iter().copied().collect();
    assert_eq!(once.len(), ran.len(), "{uid}: a handler ran twice");
    for (number, ended) in calls {
        match ended {
            Ok(answer) => assert!(answer == number && once.contains(number), "{uid}: {number} never ran"),
            Err(CallError::NotExecuted(why)) => assert!(!once.contains(number), "{uid}: {number} ran: {why}"),
            Err(CallError::DeadlineExceeded) => {}
            Err(other) => panic!("{uid}: {number} ended as {other:?}, and the session never did"),
        }
    }
}

/// What a voyage has come to, to be added up.
#[derive(Debug, Default)]
struct Log {
    resumed: u64,
    simulated: Duration,
    /// Calls that were answered, that certainly never ran, and that may have.
    calls: [usize; 3],
    /// How long sessions were without a connection, in milliseconds.
    away_ms: Vec<u64>,
}

impl Log {
    fn add(&mut self, mut other: Self) {
        self.resumed += other.resumed;
        self.simulated += other.simulated;
        (0..3).for_each(|kind| self.calls[kind] += other.calls[kind]);
        self.away_ms.append(&mut other.away_ms);
    }

    fn print(&mut self, seeds: u64) {
        let Self { resumed, simulated, calls: [answered, never_ran, unsure], away_ms } = self;
        let calls = *answered + *never_ran + *unsure;
        let definite = 100.0 * (*answered + *never_ran) as f64 / calls.max(1) as f64;
        away_ms.sort_unstable();
        let at =
            |share: f64| away_ms.get((away_ms.len() as f64 * share) as usize).copied().unwrap_or_default();
        println!(
            "{seeds} seeds, {:.1} simulated hours, {resumed} sessions resumed",
            simulated.as_secs_f64() / 3_600.0
        );
        println!(
            "{calls} calls: {answered} answered, {never_ran} never ran, {unsure} overdue; {definite:.2} % definite"
        );
        println!("without a connection: half at most {} ms, 99 % at most {} ms", at(0.5), at(0.99));
    }
}

/// How much is asked for; by default what a test has time for.
fn asked(variable: &str, otherwise: usize) -> usize {
    std::env::var(variable).map_or(otherwise, |number| number.parse().expect("a number"))
}

async fn sail(mut chance: Chance) -> Log {
    let began = tokio::time::Instant::now();
    let book = Arc::new(Book::default());
    let states = States::new().with_shared(book.clone());
    let game = TestServer::new(contracts![Lobby]).states(states);
    let game = game.configured(|config| config.limits.resume_window = Duration::from_secs(3_600));
    let mut sailors = Vec::new();
    let players = asked("STORM_PLAYERS", 3);
    for number in 0..players {
        sailors.push(Sailor::embark(&game, number).await);
    }
    for number in 0..asked("STORM_STEPS", 150) as u32 {
        let sailor = chance.below(players);
        sailors[sailor].step(&game, number, &mut chance).await;
    }
    sailors.iter().for_each(Sailor::calm);
    until(|| sailors.iter().all(|sailor| sailor.has_settled(&book))).await;
    until(|| sailors.iter().all(|sailor| sailor.player.session().calls_outgoing() == 0)).await;
    sailors.iter().for_each(|sailor| sailor.check(&book));
    let resumed = game.server().await.stats().resumed;
    let mut log = Log { resumed, simulated: began.elapsed(), ..Log::default() };
    for sailor in &sailors {
        log.away_ms.append(&mut sailor.away_ms());
        for calls in [&sailor.calls, &sailor.asks] {
            for (_, ended) in calls.lock().unwrap().iter() {
                log.calls[match ended {
                    Ok(_) => 0,
                    Err(CallError::NotExecuted(_)) => 1,
                    Err(_) => 2,
                }] += 1;
            }
        }
    }
    log
}

#[test]
fn whatever_the_weather_everything_arrives_once_and_in_order() {
    let mut log = Log::default();
    let seeds = seeded::each("STORM", 150, |seed| log.add(seeded::run(seed, sail)));
    log.print(seeds);
    assert!(seeds == 1 || log.resumed > seeds, "{} returns are no storm", log.resumed);
}

#[test]
fn a_storm_repeats_itself() {
    seeded::each("STORM", 20, |seed| seeded::twice(seed, sail));
    assert_ne!(seeded::logged(1, sail).1, seeded::logged(2, sail).1, "the log tells nothing");
}
