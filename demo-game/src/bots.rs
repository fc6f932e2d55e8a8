//! Bots: players that answer, steer and talk by themselves, over the same session a person would have.

use std::time::Duration;

use farcall_client::{Client, CloseCode, ConnectError};
use farcall_protocol::Uid;
use tokio::time::{MissedTickBehavior, interval, sleep};

use crate::arena::brain::Brain;
use crate::arena::{PlayerId, Prng};
use crate::contract::{Event, Lobby, Ticket};
use crate::player::{Inbox, News, connect};
use crate::scribe::Scribe;
use crate::wire::Wire;

/// What a bot is like.
#[derive(Debug, Clone)]
pub struct Bot {
    /// Its name.
    pub uid: Uid,
    /// Two bots of one seed play alike.
    pub seed: u64,
    /// It has left its keyboard: it never answers a ready check.
    pub is_away: bool,
    /// How many rematches it wants.
    pub rematches: u32,
    /// Whom it whispers to.
    pub friends: Vec<Uid>,
}

impl Bot {
    /// Plays until its session ends. A bot with a scribe has what it sees written down.
    pub async fn play(
        &self,
        address: &str,
        wire: &Wire,
        scribe: Option<&Scribe>,
    ) -> Result<(), ConnectError> {
        let (server, inbox) = connect(address, &self.uid, wire).await?;
        let session = server.session();
        // What it says may wait for another bot's answer, which may wait for this one's: so both go on at once.
        tokio::select! {
            () = self.listen(&server, inbox, wire, scribe) => {}
            () = self.talk(&server, wire), if !self.is_away => {}
            reason = session.closed() => {
                if reason.code != CloseCode::Shutdown {
                    wire.tally().error(&format!("{}: {reason}", self.uid));
                }
            }
        }
        Ok(())
    }

    /// Enters the queue, steers by what the server shows, and answers what it asks.
    async fn listen(&self, server: &Client, mut inbox: Inbox, wire: &Wire, scribe: Option<&Scribe>) {
        let Ok(Ticket(number)) = wire.to_server(&self.uid, "enqueue", server.enqueue()).await else { return };
        let mut brain = Brain::new(self.seed);
        let mut rematches_left = self.rematches;
        loop {
            tokio::select! {
                Some(news) = inbox.news.recv() => {
                    scribe.inspect(|scribe| scribe.hears(&news));
                    self.hears(news, &mut rematches_left, server, wire).await;
                }
                Ok(()) = inbox.world.changed() => {
                    let Some(world) = inbox.world.borrow_and_update().clone() else { continue };
                    let wish = brain.steer(&world, PlayerId(number));
                    server.steer(wish.dx, wish.dy);
                    scribe.inspect(|scribe| scribe.sees(world));
                }
                else => return,
            }
        }
    }

    async fn hears(&self, news: News, rematches_left: &mut u32, server: &Client, wire: &Wire) {
        match news {
            News::ReadyCheck(_, mut answer) if self.is_away => answer.is_too_late().await,
            News::ReadyCheck(_, answer) => drop(answer.give(true)),
            News::Rematch(answer) => {
                let wants = *rematches_left > 0;
                *rematches_left = rematches_left.saturating_sub(1);
                // In a task of its own, so that it goes on answering whispers while it thinks about this.
                let thinking = THOUGHT * (1 + self.seed as u32 % 8);
                tokio::spawn(async move {
                    sleep(thinking).await;
                    answer.give(wants);
                });
            }
            News::Heard(_, text, answer) => drop(answer.give(reply_to(&text, self.seed))),
            News::Event(Event::Ends { .. }) => {
                let _ = wire.to_server(&self.uid, "leaderboard", server.leaderboard()).await;
            }
            News::Event(_) | News::Chat(_) => {}
        }
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
            match self.friends.get(pick(self.friends.len() + 1)) {
                Some(friend) => {
                    let call = server.whisper(friend, WHISPERS[pick(WHISPERS.len())]);
                    let answer = wire.relayed(&self.uid, friend, "whisper", call).await;
                    wire.tally().whisper(answer.is_ok());
                }
                None => {
                    server.chat(SHOUTS[pick(SHOUTS.len())]);
                }
            }
        }
    }
}

fn reply_to(text: &str, seed: u64) -> String {
    let replies =
        if text.ends_with('?') { ["ok", "never", "after this pellet"] } else { ["noted", "ha", "we'll see"] };
    replies[seed as usize % replies.len()].to_owned()
}

const PAUSE: Duration = Duration::from_millis(2_500);
const THOUGHT: Duration = Duration::from_millis(110);
const WHISPERS: [&str; 4] = ["truce?", "swap corners?", "behind you", "I see you"];
const SHOUTS: [&str; 3] = ["good luck", "who ate my pellet", "this corner is mine"];
/// As many as an arena holds.
pub const NAMES: [&str; 16] = [
    "cat", "owl", "fox", "elk", "bee", "yak", "emu", "ant", "cod", "ape", "hen", "pig", "rat", "jay", "bat",
    "ram",
];
