//! The whole game in one process: a server and its bots over loopback TCP, for one evening of two matches.

use std::error::Error;
use std::future::Future;
use std::time::Duration;

use farcall_protocol::Uid;
use farcall_server::{BindError, Server};
use tokio::task::JoinSet;

use crate::bots::Bot;
use crate::contract::Rank;
use crate::director::{Director, Plan};
use crate::hall::Hall;
use crate::handlers::serve;
use crate::scribe::Scribe;
use crate::show::Show;
use crate::tally::Summary;
use crate::view::Phase;
use crate::wire::Wire;

/// A server with bots, whom nobody needs to watch.
#[derive(Debug)]
pub struct Evening {
    /// Where its calls are noted.
    pub wire: Wire,
    director: Director,
    bots: JoinSet<()>,
}

/// How an evening ended.
#[derive(Debug, Clone)]
pub struct Ending {
    /// The totals.
    pub summary: Summary,
    /// The leaderboard.
    pub ranks: Vec<Rank>,
}

impl Evening {
    /// Starts the server on a free port, and this many bots that connect to it.
    pub async fn start(bots: usize, match_time: Duration) -> Result<Self, BindError> {
        let wire = Wire::default();
        let hall = Hall::new(wire.clone());
        let server = serve("127.0.0.1:0", hall.clone()).await?;
        let address = server.local_addr().map(|address| address.to_string()).unwrap_or_default();
        let plan = Plan {
            players_min: bots,
            gather_time: Duration::from_millis(500),
            ready_time: Duration::from_millis(1_500),
            match_time,
            rematch_time: match_time / 2,
            vote_time: Duration::from_secs(2),
        };
        let guests = guests(bots, 1, Some(bots.saturating_sub(1)));
        let bots = spawn(guests, &address, &wire, Some(Scribe::new(wire.clone())));
        Ok(Self { wire, director: Director { server, hall, plan }, bots })
    }

    /// Plays a match and its rematch.
    pub fn matches(&self) -> impl Future<Output = ()> {
        self.director.run(2)
    }

    /// Sends everyone home and counts.
    pub async fn end(mut self) -> Ending {
        let players = self.bots.len();
        self.bots.shutdown().await;
        let Director { server, hall, .. } = &self.director;
        server.shutdown(Duration::from_secs(1)).await;
        Ending { summary: self.wire.tally().summary(players), ranks: hall.ranks() }
    }

    /// The server.
    pub fn server(&self) -> &Server {
        &self.director.server
    }
}

/// Plays an evening and shows it. Ends early when somebody presses `q` or Ctrl-C.
pub async fn run(bots: usize, match_time: Duration, is_quiet: bool) -> Result<Ending, Box<dyn Error>> {
    let mut show = Show::open(is_quiet)?;
    let evening = Evening::start(bots, match_time).await?;
    let wire = evening.wire.clone();
    wire.scene().title = "farcall arena".to_owned();
    wire.scene().note = format!("{bots} bots are coming");
    tokio::select! {
        () = evening.matches() => close(&mut show, &wire, evening.director.hall.ranks()).await?,
        quit = show.until_quit(&wire) => quit?,
        interrupted = tokio::signal::ctrl_c() => interrupted?,
        () = tokio::time::sleep(match_time * 2 + SLACK) => return Err("the evening did not end in time".into()),
    }
    Ok(evening.end().await)
}

/// Shows how it ended, to a person for a moment longer.
async fn close(show: &mut Show, wire: &Wire, ranks: Vec<Rank>) -> std::io::Result<()> {
    wire.scene().phase = Phase::Over;
    wire.scene().note =
        ranks.first().map(|best| format!("{} leads the board", best.player)).unwrap_or_default();
    show.draw(wire)?;
    if !show.is_live() {
        return Ok(());
    }
    let quit = tokio::time::timeout(LAST_LOOK, show.until_quit(wire)).await;
    quit.unwrap_or(Ok(()))
}

/// So many bots. `away` is the place of one that does not want to play.
pub fn guests(count: usize, rematches: u32, away: Option<usize>) -> Vec<Bot> {
    tagged_guests("", count, rematches, away)
}

/// Bots whose names end with a tag, so that bots of two programs are not taken for each other.
pub fn tagged_guests(tag: &str, count: usize, rematches: u32, away: Option<usize>) -> Vec<Bot> {
    let names = NAMES.iter().take(count).filter_map(|name| Uid::new(format!("{name}{tag}")).ok());
    let names: Vec<Uid> = names.collect();
    let present = |(place, uid): (usize, &Uid)| (Some(place) != away).then(|| uid.clone());
    let present: Vec<Uid> = names.iter().enumerate().filter_map(present).collect();
    let bot = |(place, uid): (usize, &Uid)| Bot {
        uid: uid.clone(),
        seed: place as u64 + 1,
        is_away: away == Some(place),
        rematches,
        friends: present.iter().filter(|friend| *friend != uid).cloned().collect(),
    };
    names.iter().enumerate().map(bot).collect()
}

/// Lets bots play, each in a task of its own. The scribe follows the first.
pub fn spawn(bots: Vec<Bot>, address: &str, wire: &Wire, scribe: Option<Scribe>) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
    for (place, bot) in bots.into_iter().enumerate() {
        let (address, wire) = (address.to_owned(), wire.clone());
        let scribe = scribe.clone().filter(|_| place == 0).unwrap_or_default();
        tasks.spawn(async move {
            let uid = bot.uid.clone();
            if let Err(error) = bot.play(&address, &wire, scribe).await {
                wire.tally().error(&format!("{uid}: {error}"));
            }
        });
    }
    tasks
}

/// What everything but the matches may take.
const SLACK: Duration = Duration::from_secs(15);
const LAST_LOOK: Duration = Duration::from_millis(2_500);
/// As many as an arena holds.
const NAMES: [&str; 16] = [
    "cat", "owl", "fox", "elk", "bee", "yak", "emu", "ant", "cod", "ape", "hen", "pig", "rat", "jay", "bat",
    "ram",
];
