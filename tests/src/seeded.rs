//! Worlds whose every chance follows from a seed: time is virtual, one thread runs everything, and servers and clients draw
//! their ids, tokens and pauses from the seed. A seed that fails is printed, and fails again the same way.
//!
//! ```standalone_crate
//! # use farcall_protocol::{contract, contracts};
//! # use farcall_server::route;
//! # use farcall_tests::{TestServer, faults::Network, seeded};
//! # #[contract(served_by = server)] trait Lobby { async fn sum(x: i64, y: i64) -> i64; }
//! # #[route(Lobby::sum)] fn sum(x: i64, y: i64) -> i64 { x + y }
//! # fn main() {
//! seeded::each("LOBBY", 20, |seed| {
//!     seeded::run(seed, |mut chance| async move {
//!         let game = TestServer::new(contracts![Lobby]);
//!         let network = Network::to(game.server().await);
//!         let ann = game.player_over(&network, "ann").await;
//!         for number in 0..20 {
//!             if chance.percent(30) {
//!                 network.cut();
//!             }
//!             assert_eq!(ann.sum(number, 1).await, Ok(number + 1));
//!         }
//!     })
//! });
//! # }
//! ```

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::OnceLock;

use farcall_link::randomness::simulation::Simulated;
use tracing::Dispatch;
use tracing_subscriber::fmt::format;
use tracing_subscriber::fmt::time::FormatTime;

use crate::chance::Chance;
use crate::log::Log;

/// Runs one world to its end and gives what it comes to. Chance for whatever the test itself decides is handed in.
pub fn run<F: Future>(seed: u64, world: impl FnOnce(Chance) -> F) -> F::Output {
    let mut chance = Chance::new(seed);
    let mut theirs = Chance::new(chance.next());
    let _simulated = Simulated::drawing_from(move |bytes| theirs.fill(bytes));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build();
    runtime.expect("a runtime").block_on(world(chance))
}

/// As [`run`], and all that servers and clients say in their logs, with the virtual time: the same for the same seed.
pub fn logged<F: Future>(seed: u64, world: impl FnOnce(Chance) -> F) -> (F::Output, Vec<String>) {
    // While a process has one subscriber only, `tracing` asks the thread that comes to a line of code first whether anybody
    // listens there, and takes a no of one without subscriber, such as another test's, for all threads. So there are two.
    static ANOTHER: OnceLock<Dispatch> = OnceLock::new();
    ANOTHER.get_or_init(|| {
        tracing_subscriber::fmt().with_max_level(tracing::Level::DEBUG).with_writer(io::sink).finish().into()
    });
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .event_format(format().with_timer(Virtual::default()))
        .with_ansi(false)
        .with_max_level(tracing::Level::DEBUG)
        .with_writer(log.clone())
        .finish();
    let ended = tracing::subscriber::with_default(subscriber, || run(seed, world));
    (ended, log.take())
}

/// Runs one world twice.
///
/// # Panics
/// Where the second run says something else in its log, with the first line that differs.
pub fn twice<F: Future>(seed: u64, world: impl Fn(Chance) -> F) {
    let ((_, first), (_, second)) = (logged(seed, &world), logged(seed, &world));
    for (number, (one, other)) in first.iter().zip(&second).enumerate() {
        assert_eq!(one, other, "line {number} differs");
    }
    assert_eq!(first.len(), second.len(), "one run says more");
}

/// Runs the seeds from 1 to `many`, or to `{name}_SEEDS` of the environment; of `{name}_SEED` only that one. Says how many
/// it were.
///
/// # Panics
/// As soon as one does, with the command that runs it again.
pub fn each(name: &str, many: u64, mut world: impl FnMut(u64)) -> u64 {
    let asked = |variable: String| {
        let number = std::env::var(&variable).ok()?;
        Some(number.parse().unwrap_or_else(|_| panic!("{variable} is a number, not `{number}`")))
    };
    let seeds = match asked(format!("{name}_SEED")) {
        Some(seed) => seed..=seed,
        None => 1..=asked(format!("{name}_SEEDS")).unwrap_or(many),
    };
    let mut ran = 0;
    for seed in seeds {
        let ended = catch_unwind(AssertUnwindSafe(|| world(seed)));
        assert!(ended.is_ok(), "seed {seed} fails; {name}_SEED={seed} runs it again");
        ran += 1;
    }
    ran
}

/// The virtual time since the first line.
#[derive(Default)]
struct Virtual(OnceLock<tokio::time::Instant>);

impl FormatTime for Virtual {
    fn format_time(&self, to: &mut format::Writer<'_>) -> std::fmt::Result {
        write!(to, "{:?}", self.0.get_or_init(tokio::time::Instant::now).elapsed())
    }
}
