//! Who may enter: what a server asks of a player at the door, and whom it tells when players come and go.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use farcall_link::Address;
use farcall_protocol::handshake::{Login, Metadata, Refusal};
use farcall_protocol::{CloseReason, Uid};

use crate::Player;
use crate::hooks::Hooks;

/// How a server decides who a player is.
#[derive(Debug)]
pub struct Admission {
    judge: Judge,
    pub(crate) hooks: Hooks,
}

enum Judge {
    Anonymous,
    SharedKey(KeyOf),
    Game(Box<dyn Fn(Arrival) -> Verdict + Send + Sync>),
}

type KeyOf = Box<dyn Fn(&Uid) -> Option<Vec<u8>> + Send + Sync>;
type Verdict = Pin<Box<dyn Future<Output = Result<Uid, Refusal>> + Send>>;

impl std::fmt::Debug for Judge {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Anonymous => "Anonymous",
            Self::SharedKey(_) => "SharedKey",
            Self::Game(_) => "Game",
        })
    }
}

/// A player at the door, as the game's admission sees it. Nothing in it is proved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrival {
    /// Who the player claims to be.
    pub uid: Uid,
    /// What it shows, where it shows something: a token to be verified.
    pub bearer: Option<String>,
    /// The build number of its game.
    pub build: u32,
    /// Small facts about its machine.
    pub metadata: Metadata,
    /// Where it is.
    pub address: Address,
}

impl Admission {
    /// Believes every player its name. For development and tests: anybody can be anybody.
    pub fn anonymous() -> Self {
        Self::of(Judge::Anonymous)
    }

    /// Lets in who proves to know this key. The key never travels, and the server proves it, too.
    pub fn shared_key(key: impl Into<Vec<u8>>) -> Self {
        let key = key.into();
        Self::shared_key_of(move |_| Some(key.clone()))
    }

    /// Lets in who proves to know its own key; `None` refuses. The function must be quick: it runs on the
    /// connection's task.
    pub fn shared_key_of(key: impl Fn(&Uid) -> Option<Vec<u8>> + Send + Sync + 'static) -> Self {
        Self::of(Judge::SharedKey(Box::new(key)))
    }

    /// Asks the game: its function says who the player is, or refuses. Bounded by `Limits::login_timeout`; a panic
    /// refuses that login only.
    pub fn new<F>(admit: impl Fn(Arrival) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<Uid, Refusal>> + Send + 'static,
    {
        Self::of(Judge::Game(Box::new(move |arrival| Box::pin(admit(arrival)))))
    }

    fn of(judge: Judge) -> Self {
        Self { judge, hooks: Hooks::default() }
    }

    /// Is told of every session that begins, before any of its messages are handled. Must be quick.
    #[must_use]
    pub fn opened(mut self, hook: impl Fn(&Player) + Send + Sync + 'static) -> Self {
        self.hooks.opened = Some(Arc::new(hook));
        self
    }

    /// Is told of every session that has ended, once, after its handlers have stopped. The player's next login
    /// waits for it (at most 5 s), so this is where to save what the session has changed.
    #[must_use]
    pub fn closed<F>(mut self, hook: impl Fn(Player, CloseReason) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.hooks.closed = Some(Arc::new(move |player, reason| Box::pin(hook(player, reason))));
        self
    }

    /// Says who it is that knocks.
    pub(crate) async fn judge(&self, login: &mut Login, address: Address) -> Result<Uid, Refusal> {
        match &self.judge {
            Judge::Anonymous if login.is_anonymous() => Ok(login.uid.clone()),
            Judge::Anonymous => Err(Refusal::unauthorized("this server takes no credentials")),
            Judge::SharedKey(key) => match key(&login.uid) {
                Some(key) if login.knows_key(&key) => Ok(login.uid.clone()),
                // The same words whether the player or the key is unknown.
                _ => Err(Refusal::unauthorized("the shared key was not proved")),
            },
            Judge::Game(admit) => {
                let arrival = Arrival {
                    uid: login.uid.clone(),
                    bearer: login.bearer().map(str::to_owned),
                    build: login.build,
                    metadata: login.metadata.clone(),
                    address,
                };
                admit(arrival).await
            }
        }
    }
}
