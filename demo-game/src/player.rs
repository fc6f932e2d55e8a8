//! The player's side of the contract: what the server's calls do at a player. Each becomes news for whoever plays, a bot
//! or a person, who answers in its own time.

use farcall_client::{Client, ClientConfig, ConnectError, State, States, route};
use farcall_protocol::{Uid, contracts};
use tokio::sync::{mpsc, oneshot, watch};

use crate::arena::World;
use crate::contract::{ChatLine, Event, GameId, Player};
use crate::snapshot::Snapshot;
use crate::wire::Wire;

/// What the server has asked or told a player, in order.
#[derive(Debug)]
pub enum News {
    /// A match is found.
    ReadyCheck(GameId, Answer<bool>),
    /// The match is over.
    Rematch(Answer<bool>),
    /// Somebody whispers.
    Heard(Uid, String, Answer<String>),
    /// Something happened in the match.
    Event(Event),
    /// Somebody said something.
    Chat(ChatLine),
}

/// The way to answer a question. Dropped unanswered, it says no.
#[derive(Debug)]
pub struct Answer<T>(oneshot::Sender<T>);

impl<T> Answer<T> {
    /// Answers. False if nobody waits for it any more: the deadline has passed.
    pub fn give(self, value: T) -> bool {
        self.0.send(value).is_ok()
    }

    /// Waits until nobody waits for the answer any more.
    pub async fn is_too_late(&mut self) {
        self.0.closed().await;
    }
}

/// Where a player learns what the server calls.
#[derive(Debug)]
pub struct Inbox {
    /// In order.
    pub news: mpsc::Receiver<News>,
    /// The newest field.
    pub world: watch::Receiver<Option<World>>,
}

/// The other end of the [`Inbox`], for the handlers.
#[derive(Debug)]
struct Doorstep {
    news: mpsc::Sender<News>,
    world: watch::Sender<Option<World>>,
    wire: Wire,
}

/// Logs in and serves the server's calls from then on.
pub async fn connect(address: &str, uid: &Uid, wire: &Wire) -> Result<(Client, Inbox), ConnectError> {
    let (news, inbox) = mpsc::channel(NEWS_MAX);
    let (world, newest) = watch::channel(None);
    let config = ClientConfig {
        serves: contracts![Player],
        states: States::new().with(Doorstep { news, world, wire: wire.clone() }),
        ..ClientConfig::for_uid(address, uid.clone())
    };
    Ok((Client::connect(config).await?, Inbox { news: inbox, world: newest }))
}

#[route(Player::ready_check)]
async fn ready_check(door: State<Doorstep>, game: GameId) -> bool {
    door.ask(|answer| News::ReadyCheck(game, answer)).await.unwrap_or(false)
}

#[route(Player::rematch)]
async fn rematch(door: State<Doorstep>) -> bool {
    door.ask(News::Rematch).await.unwrap_or(false)
}

#[route(Player::hear)]
async fn hear(door: State<Doorstep>, from: Uid, text: String) -> String {
    door.ask(|answer| News::Heard(from, text, answer)).await.unwrap_or_default()
}

#[route(Player::snapshot)]
fn snapshot(door: State<Doorstep>, world: Snapshot) {
    door.wire.tally().snapshot();
    door.world.send_replace(Some(world.into()));
}

#[route(Player::event)]
fn event(door: State<Doorstep>, event: Event) {
    door.tell(News::Event(event));
}

#[route(Player::chat)]
fn chat(door: State<Doorstep>, line: ChatLine) {
    door.tell(News::Chat(line));
}

impl Doorstep {
    /// Waits for the player's answer; `None` if it gives none. The caller's deadline ends the wait.
    async fn ask<T>(&self, question: impl FnOnce(Answer<T>) -> News) -> Option<T> {
        let (answer, answered) = oneshot::channel();
        self.news.send(question(Answer(answer))).await.ok()?;
        answered.await.ok()
    }

    fn tell(&self, news: News) {
        // Full: this player has stopped looking. It misses the line, and says so in the summary.
        if matches!(self.news.try_send(news), Err(mpsc::error::TrySendError::Full(_))) {
            self.wire.tally().error("a player's inbox is full");
        }
    }
}

/// News waiting for a player who looks at least twice a second.
const NEWS_MAX: usize = 256;
