//! Bots: players that answer, steer and talk by themselves. First their side of the contract, what the server's calls
//! do at a bot; then what a bot does by itself.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use farcall_client::{Client, ClientConfig, CloseCode, ConnectError, Context, State, States, route};
use farcall_protocol::{Uid, contracts};
use tokio::time::{MissedTickBehavior, interval, sleep};

use crate::arena::brain::Brain;
use crate::arena::{Prng, World};
use crate::contract::{ChatLine, Event, GameId, Lobby, Player};
use crate::link::{Link, leave};
use crate::numbers::Towards;
use crate::scribe::Scribe;
use crate::snapshot::Snapshot;
use crate::wire::Wire;

/// What a bot is like.
#[derive(Debug, Clone)]
pub struct Bot {
    /// Its name.
    pub uid: Uid,
    /// Two bots of one seed play alike.
    pub seed: u64,
    /// It does not want to play: it says so to every ready check, and is left out.
    pub is_away: bool,
    /// How many rematches it wants.
    pub rematches: u32,
    /// Whom it whispers to.
    pub friends: Vec<Uid>,
}

/// A bot at play: what its handlers share.
struct Mind {
    bot: Bot,
    brain: Mutex<Brain>,
    rematches_voted: AtomicU32,
    wire: Wire,
    scribe: Scribe,
}

#[route(Player::ready_check)]
fn ready_check(mind: State<Mind>, game: GameId) -> bool {
    mind.scribe.ready_check(game);
    !mind.bot.is_away
}

#[route(Player::rematch)]
async fn rematch(mind: State<Mind>) -> bool {
    mind.scribe.rematch();
    sleep(THOUGHT * (1 + mind.bot.seed as u32 % 8)).await;
    mind.rematches_voted.fetch_add(1, Relaxed) < mind.bot.rematches
}

#[route(Player::snapshot)]
fn snapshot(ctx: Context, mind: State<Mind>, world: Snapshot) {
    mind.wire.tally().snapshot();
    let world = World::from(world);
    if let Some(disc) = world.discs.iter().find(|disc| disc.name == ctx.uid().as_str()) {
        let mut brain = mind.brain.lock().unwrap_or_else(PoisonError::into_inner);
        let wish = brain.steer(&world, disc.id);
        ctx.peer().steer(wish.dx, wish.dy);
    }
    mind.scribe.sees(world);
}

#[route(Player::event)]
async fn event(ctx: Context, mind: State<Mind>, event: Event) {
    mind.scribe.event(&event);
    if let Event::Ends { .. } = event {
        let watched = mind.wire.to_server(ctx.uid(), "leaderboard");
        let _ = watched.ended(ctx.peer().leaderboard().await);
    }
}

#[route(Player::chat)]
fn chat(mind: State<Mind>, line: ChatLine) {
    mind.scribe.chat(&line);
}

#[route(Player::hear)]
fn hear(mind: State<Mind>, from: Uid, text: String) -> String {
    mind.scribe.heard(&from, &text);
    let replies =
        if text.ends_with('?') { ["ok", "never", "after this pellet"] } else { ["noted", "ha", "we'll see"] };
    replies[mind.bot.seed as usize % replies.len()].to_owned()
}

#[route(Player::count)]
fn count(ctx: Context, mind: State<Mind>, number: u64) {
    mind.wire.came(Towards::Player, ctx.uid(), number);
}

impl Bot {
    /// Plays until it is time to go home, or its session ends. What it sees is written down by the scribe.
    pub async fn play(&self, link: &Link, wire: &Wire, scribe: Scribe) -> Result<(), ConnectError> {
        let mind = Mind {
            bot: self.clone(),
            brain: Mutex::new(Brain::new(self.seed)),
            rematches_voted: AtomicU32::new(0),
            wire: wire.clone(),
            scribe,
        };
        let config = ClientConfig {
            serves: contracts![Player],
            handlers_in: Some(module_path!()),
            states: States::new().with(mind),
            ..ClientConfig::for_uid(link.cable.address(), self.uid.clone())
        };
        let server = Client::connect_by(link.cable.dial(), config).await?;
        let watched = wire.to_server(&self.uid, "enqueue");
        let _ = watched.ended(server.enqueue().await);
        tokio::select! {
            () = self.talk(&server, wire), if !self.is_away => {}
            () = link.endure(&server, self.seed, wire) => leave(&server, wire).await,
            reason = server.session().closed() => {
                if reason.code != CloseCode::Shutdown {
                    wire.tally().error(&format!("{}: {reason}", self.uid));
                }
            }
        }
        Ok(())
    }

    /// Says something now and then: mostly to a friend, sometimes to all.
    async fn talk(&self, server: &Client, wire: &Wire) {
        let mut prng = Prng::new(self.seed);
        let mut pick = |count: usize| (prng.between(0.0, count as f32) as usize).min(count - 1);
        let mut pauses = interval(PAUSE + THOUGHT * (self.seed as u32 % 16));
        pauses.set_missed_tick_behavior(MissedTickBehavior::Delay);
        // The first tick comes at once, when not all friends are here yet.
        pauses.tick().await;
        loop {
            pauses.tick().await;
            let Some(friend) = self.friends.get(pick(self.friends.len() + 1)) else {
                server.chat(SHOUTS[pick(SHOUTS.len())]);
                continue;
            };
            let watched = wire.relayed(&self.uid, friend, "whisper");
            let answer = server.whisper(friend, WHISPERS[pick(WHISPERS.len())]).await;
            wire.tally().whisper(watched.ended(answer).is_ok());
        }
    }
}

const PAUSE: Duration = Duration::from_millis(2_500);
const THOUGHT: Duration = Duration::from_millis(110);
const WHISPERS: [&str; 4] = ["truce?", "swap corners?", "behind you", "I see you"];
const SHOUTS: [&str; 3] = ["good luck", "who ate my pellet", "this corner is mine"];
