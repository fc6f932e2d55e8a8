//! The whole game in one process: a server and its bots over loopback TCP, for one evening of two matches.

use std::error::Error;
use std::time::Duration;

use farcall_protocol::Uid;
use farcall_server::{BindError, Server};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::bots::Bot;
use crate::contract::Rank;
use crate::director::{Director, Plan};
use crate::hall::Hall;
use crate::handlers::serve;
use crate::link::{Cuts, Link};
use crate::scribe::Scribe;
use crate::show::Show;
use crate::tally::Summary;
use crate::view::{Key, Phase};
use crate::wire::Wire;

/// A server with bots, whom nobody needs to watch.
#[derive(Debug)]
pub struct Evening {
    /// Where its calls are noted.
    pub wire: Wire,
    director: Director,
    guests: Guests,
    cuts: Cuts,
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
    pub async fn start(bots: usize, match_time: Duration, cuts: Cuts) -> Result<Self, BindError> {
        let wire = Wire::of_both_ends();
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
        let guests = spawn(guests, &address, &wire, Some(Scribe::new(wire.clone())), cuts);
        Ok(Self { wire, director: Director { server, hall, plan }, guests, cuts })
    }

    /// Plays a match and its rematch. In the first one, a bot loses its connection.
    pub async fn matches(&self) {
        let cut_once = async {
            sleep(CUT_AT.min(self.director.plan.match_time.mul_f32(0.8))).await;
            if self.cuts == Cuts::OnRequest {
                self.guests.cut(CUT_PLACE);
            }
        };
        tokio::join!(self.director.run(2), cut_once);
    }

    /// Sends everyone home and counts.
    pub async fn end(self) -> Ending {
        let players = self.guests.links.len();
        self.guests.go_home().await;
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
pub async fn run(
    bots: usize,
    match_time: Duration,
    cuts: Cuts,
    is_quiet: bool,
) -> Result<Ending, Box<dyn Error>> {
    let mut show = Show::open(is_quiet)?;
    let evening = Evening::start(bots, match_time, cuts).await?;
    let wire = evening.wire.clone();
    wire.scene().title = "farcall arena".to_owned();
    wire.scene().note = format!("{bots} bots are coming");
    let press = |key| {
        if key == Key::Cut {
            evening.guests.cut(FOLLOWED);
        }
    };
    tokio::select! {
        () = evening.matches() => close(&mut show, &wire, evening.director.hall.ranks()).await?,
        quit = show.until_quit(&wire, press) => quit?,
        interrupted = tokio::signal::ctrl_c() => interrupted?,
        () = sleep(match_time * 2 + SLACK) => return Err("the evening did not end in time".into()),
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
    let quit = tokio::time::timeout(LAST_LOOK, show.until_quit(wire, drop)).await;
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

/// Bots at play.
#[derive(Debug)]
pub struct Guests {
    tasks: JoinSet<()>,
    links: Vec<Link>,
    home: watch::Sender<bool>,
}

/// Lets bots play, each in a task of its own. The scribe follows the first.
pub fn spawn(bots: Vec<Bot>, address: &str, wire: &Wire, scribe: Option<Scribe>, cuts: Cuts) -> Guests {
    let (home, is_time) = watch::channel(false);
    let mut guests = Guests { tasks: JoinSet::new(), links: Vec::new(), home };
    for (place, bot) in bots.into_iter().enumerate() {
        let (link, wire) = (Link::new(address, cuts, is_time.clone()), wire.clone());
        guests.links.push(link.clone());
        let scribe = scribe.clone().filter(|_| place == FOLLOWED).unwrap_or_default();
        guests.tasks.spawn(async move {
            let uid = bot.uid.clone();
            if let Err(error) = bot.play(&link, &wire, scribe).await {
                wire.tally().error(&format!("{uid}: {error}"));
            }
        });
    }
    guests
}

impl Guests {
    /// Cuts the connection of the one at this place.
    pub fn cut(&self, place: usize) {
        self.links.iter().skip(place).take(1).for_each(Link::cut);
    }

    /// Waits until none is left.
    pub async fn all_gone(&mut self) {
        while self.tasks.join_next().await.is_some() {}
    }

    /// Lets each leave in order, when it has what was sent to it.
    pub async fn go_home(mut self) {
        self.home.send_replace(true);
        if timeout(HOME_TIME, self.all_gone()).await.is_err() {
            self.tasks.shutdown().await;
        }
    }
}

/// What everything but the matches may take.
const SLACK: Duration = Duration::from_secs(15);
const LAST_LOOK: Duration = Duration::from_millis(2_500);
/// Who is not home by then is not waited for: what it has not got is lost.
const HOME_TIME: Duration = Duration::from_secs(3);
/// When, and of whom (owl), the connection is cut once. Earlier in a shorter match: it is to be seen in the first one.
const CUT_AT: Duration = Duration::from_secs(8);
const CUT_PLACE: usize = 1;
/// The place of the bot through whose eyes the match is shown.
const FOLLOWED: usize = 0;
/// As many as an arena holds.
const NAMES: [&str; 16] = [
    "cat", "owl", "fox", "elk", "bee", "yak", "emu", "ant", "cod", "ape", "hen", "pig", "rat", "jay", "bat",
    "ram",
];
