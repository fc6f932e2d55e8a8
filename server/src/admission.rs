//! Who may enter: what a server asks of a player at the door, and whom it tells when players come and go.

use std::any::Any;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;

use farcall_link::__private::Need;
use farcall_link::{Address, Session, SessionEvent};
use farcall_protocol::handshake::{Login, Metadata, Refusal};
use farcall_protocol::{CloseReason, Uid};

use crate::Player;
use crate::hooks::Hooks;

/// How a server decides who a player is, what its session carries, and whom it tells when players come and go.
///
/// Two questions, asked apart: *who* is this (`anonymous`, `shared_key`, `new`), and *what* does the session carry
/// ([`session`](Self::session)). Only when the first is answered may an older session of the same player be closed,
/// and only when that one has been saved may its data be loaded again.
#[derive(Debug)]
pub struct Admission<T = ()> {
    pub(crate) door: DoorKeeper,
    _session: PhantomData<fn() -> T>,
}

/// Admission without its type.
#[derive(Debug)]
pub(crate) struct DoorKeeper {
    judge: Judge,
    load: Loader,
    /// What sessions carry, for the check at start.
    pub(crate) carries: Option<Need>,
    pub(crate) hooks: Hooks,
    /// `closed` was given before `session`: it would be handed what it does not expect.
    pub(crate) is_out_of_order: bool,
}

enum Judge {
    Anonymous,
    SharedKey(KeyOf),
    Game(Box<dyn Fn(Arrival) -> Verdict + Send + Sync>),
}

type KeyOf = Box<dyn Fn(&Uid) -> Option<Vec<u8>> + Send + Sync>;
type Verdict = Pin<Box<dyn Future<Output = Result<Uid, Refusal>> + Send>>;

/// Makes a session's value.
struct Loader(Option<Box<dyn Fn(Arrival) -> Loading + Send + Sync>>);

type Loading = Pin<Box<dyn Future<Output = Result<SessionData, Refusal>> + Send>>;
/// A session's value without its type.
pub(crate) type SessionData = Arc<dyn Any + Send + Sync>;

impl std::fmt::Debug for Loader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.0.is_some() { "Loader" } else { "None" })
    }
}

impl std::fmt::Debug for Judge {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Anonymous => "Anonymous",
            Self::SharedKey(_) => "SharedKey",
            Self::Game(_) => "Game",
        })
    }
}

/// A player at the door, as the game's admission sees it. When it says who the player is, nothing in it is proved;
/// when it loads the session, `uid` is.
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

impl Admission<()> {
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
        let door = DoorKeeper {
            judge,
            load: Loader(None),
            carries: None,
            hooks: Hooks::default(),
            is_out_of_order: false,
        };
        Self { door, _session: PhantomData }
    }

    /// Gives each session a value of its own, such as the player's loaded save: handlers take it as `Session<T>`,
    /// and the `closed` hook gets it to save. Runs when it is proved who the player is and nothing of the player's
    /// previous session is left: its handlers have stopped and its `closed` hook has returned. Bounded by
    /// `Limits::login_timeout`; an error refuses the login. Give it before [`closed`](Admission::closed).
    #[must_use]
    pub fn session<T, F>(self, load: impl Fn(Arrival) -> F + Send + Sync + 'static) -> Admission<T>
    where
        T: Send + Sync + 'static,
        F: Future<Output = Result<T, Refusal>> + Send + 'static,
    {
        let is_out_of_order = self.door.hooks.closed.is_some();
        let load = Loader(Some(Box::new(move |arrival| {
            let loading = load(arrival);
            Box::pin(async move { Ok(Arc::new(loading.await?) as SessionData) })
        })));
        let door = DoorKeeper { load, carries: Some(Need::session::<T>()), is_out_of_order, ..self.door };
        Admission { door, _session: PhantomData }
    }
}

impl<T: Send + Sync + 'static> Admission<T> {
    /// Is told of every session that begins, before any of its messages are handled. Must be quick.
    #[must_use]
    pub fn opened(mut self, hook: impl Fn(&Player) + Send + Sync + 'static) -> Self {
        self.door.hooks.opened = Some(Arc::new(hook));
        self
    }

    /// Is told when a session loses its connection and when it has another one, in that order. Must be quick.
    #[must_use]
    pub fn changed(mut self, hook: impl Fn(&Player, &SessionEvent) + Send + Sync + 'static) -> Self {
        self.door.hooks.changed = Some(Arc::new(hook));
        self
    }

    /// Is told of every session that has ended, once, after its handlers have stopped. The player's next login
    /// waits for it (at most 5 s, then it is refused as busy), so this is where to save what the session changed.
    #[must_use]
    pub fn closed<F>(mut self, hook: impl Fn(Closed<T>) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.door.hooks.closed = Some(Arc::new(move |player, data: SessionData, reason| {
            // Always of this type: what is loaded is what was promised, and an order that breaks it does not start.
            match data.downcast::<T>() {
                Ok(data) => Box::pin(hook(Closed { player, session: Session::shared(data), reason })),
                Err(_) => Box::pin(std::future::ready(())),
            }
        }));
        self
    }
}

/// A session that has ended, as the `closed` hook is told of it.
#[derive(Debug)]
#[non_exhaustive]
pub struct Closed<T = ()> {
    /// The player. Calls on it end at once.
    pub player: Player,
    /// What the session carried.
    pub session: Session<T>,
    /// Why it ended.
    pub reason: CloseReason,
}

impl DoorKeeper {
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
            Judge::Game(admit) => admit(Arrival::of(login, address)).await,
        }
    }

    /// Makes the value that the session of a proved player carries.
    pub(crate) async fn load(&self, arrival: Arrival) -> Result<SessionData, Refusal> {
        match &self.load.0 {
            Some(load) => load(arrival).await,
            None => Ok(Arc::new(())),
        }
    }
}

impl Arrival {
    pub(crate) fn of(login: &Login, address: Address) -> Self {
        Self {
            uid: login.uid.clone(),
            bearer: login.bearer().map(str::to_owned),
            build: login.build,
            metadata: login.metadata.clone(),
            address,
        }
    }
}
