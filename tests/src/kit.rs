//! The test kit for games: a server with the game's own routes, players who answer as a test says, all in memory.
//! No ports and no waiting: under `#[tokio::test(start_paused = true)]` time is virtual, and a deadline of ten seconds
//! passes at once when nothing else is left to do. A handler stays a plain function that a test may simply call.
//!
//! ```standalone_crate
//! # use farcall_protocol::{contract, contracts};
//! # use farcall_server::{Context, route};
//! # use farcall_tests::TestServer;
//! # #[contract(served_by = server)] trait Lobby { async fn sum(x: i64, y: i64) -> i64; async fn enter() -> bool; }
//! # #[contract(served_by = client)] trait Player { async fn ready_check(game: u32) -> bool; }
//! # #[route(Lobby::sum)] fn sum(x: i64, y: i64) -> i64 { x + y }
//! # #[route(Lobby::enter)] async fn enter(ctx: Context) -> bool { ctx.peer().ready_check(7).await == Ok(true) }
//! # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
//! let game = TestServer::new(contracts![Lobby]);
//! let ann = game.player("ann").await;
//! ann.answer(Player.ready_check, |game| game == 7);
//!
//! assert_eq!(ann.sum(2, 3).await, Ok(5));
//! assert_eq!(ann.enter().await, Ok(true));
//! # }
//! ```
//! Everything here panics when something cannot be: it is for tests.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use farcall_client::{Client, ClientConfig, ConnectError, ServerSession};
use farcall_link::RawCall;
use farcall_protocol::codec::Codec;
use farcall_protocol::{
    Answer, Caller, ContractDescriptor, Failure, Message, Notified, Reaches, Route, RouteDescriptor,
    RouteError, RouteId, ServedByClient, ServedByServer,
};
use farcall_server::{Admission, Limits, Routes, Server, ServerConfig, States};
use serde::Serialize;

use crate::faults::Network;
use tokio::sync::mpsc;

/// A game's server under test. It starts with its first player; say before that what it needs.
#[derive(Debug)]
pub struct TestServer {
    parts: Mutex<Option<Parts>>,
    server: tokio::sync::OnceCell<Server>,
}

/// What it will start with.
#[derive(Debug)]
struct Parts {
    config: ServerConfig,
    start: fn(ServerConfig, Box<dyn std::any::Any + Send>) -> Server,
    admission: Box<dyn std::any::Any + Send>,
}

impl TestServer {
    /// A server for these contracts, which believes every player its name.
    pub fn new(serves: Vec<&'static ContractDescriptor>) -> Self {
        let config = ServerConfig { serves, ..ServerConfig::default() };
        let parts = Parts { config, start: start::<()>, admission: Box::new(Admission::anonymous()) };
        Self { parts: Mutex::new(Some(parts)), server: tokio::sync::OnceCell::new() }
    }

    fn with(self, change: impl FnOnce(&mut Parts)) -> Self {
        change(
            self.parts.lock().unwrap_or_else(PoisonError::into_inner).as_mut().expect("it has not started"),
        );
        self
    }

    /// Gives a value for handlers that take `State<T>`.
    #[must_use]
    pub fn state<T: Send + Sync + 'static>(self, value: T) -> Self {
        self.with(|parts| parts.config.states = std::mem::take(&mut parts.config.states).with(value))
    }

    /// Gives several.
    #[must_use]
    pub fn states(self, states: States) -> Self {
        self.with(|parts| parts.config.states = states)
    }

    /// Adds routes by hand.
    #[must_use]
    pub fn routes(self, routes: Routes) -> Self {
        self.with(|parts| parts.config.routes = routes)
    }

    /// Sets limits.
    #[must_use]
    pub fn limits(self, limits: Limits) -> Self {
        self.with(|parts| parts.config.limits = limits)
    }

    /// Sets anything else of the configuration.
    #[must_use]
    pub fn configured(self, change: impl FnOnce(&mut ServerConfig)) -> Self {
        self.with(|parts| change(&mut parts.config))
    }

    /// Uses the game's own admission.
    #[must_use]
    pub fn admission<T: 'static>(self, admission: Admission<T>) -> Self {
        self.with(|parts| (parts.start, parts.admission) = (start::<T>, Box::new(admission)))
    }

    /// The server, to call and push from as the game does. Starts it.
    ///
    /// # Panics
    /// When it cannot start, with what is wrong.
    pub async fn server(&self) -> &Server {
        self.server
            .get_or_init(|| async {
                let parts = self.parts.lock().unwrap_or_else(PoisonError::into_inner).take();
                let Parts { config, start, admission } = parts.expect("parts to start with");
                start(config, admission)
            })
            .await
    }

    /// A player who has logged in and answers as it is told.
    ///
    /// # Panics
    /// When it is not let in.
    pub async fn player(&self, uid: &str) -> TestPlayer {
        let config = ClientConfig::new("in memory", uid).expect("a uid");
        self.player_with(config).await
    }

    /// A player who logs in with this configuration. What it serves by itself is asked before what it is told.
    ///
    /// # Panics
    /// When it is not let in.
    pub async fn player_with(&self, config: ClientConfig) -> TestPlayer {
        let (answers, config) = Answers::asked_by(config);
        let stream = self.server().await.dialer().connect().await.expect("the server's ear");
        TestPlayer { client: Client::over(stream, config).await.expect("a login"), answers }
    }

    /// A player behind a network that can fail, and that comes back by itself when it has.
    ///
    /// # Panics
    /// When it is not let in.
    pub async fn player_over(&self, network: &Network, uid: &str) -> TestPlayer {
        let config = ClientConfig::new("in memory", uid).expect("a uid");
        self.player_over_with(network, config).await
    }

    /// The same with this configuration.
    ///
    /// # Panics
    /// When it is not let in.
    pub async fn player_over_with(&self, network: &Network, config: ClientConfig) -> TestPlayer {
        self.try_player_over(network, config).await.expect("a login")
    }

    /// The same for a login that may fail.
    ///
    /// # Errors
    /// The client's own.
    pub async fn try_player_over(
        &self,
        network: &Network,
        config: ClientConfig,
    ) -> Result<TestPlayer, ConnectError> {
        let (answers, config) = Answers::asked_by(config);
        Ok(TestPlayer { client: Client::connect_by(network.dial(), config).await?, answers })
    }
}

fn start<T: 'static>(config: ServerConfig, admission: Box<dyn std::any::Any + Send>) -> Server {
    let admission = admission.downcast::<Admission<T>>().expect("the admission it was given");
    Server::in_memory(config, *admission).unwrap_or_else(|error| panic!("the server cannot start: {error}"))
}

/// A player under test: the game's contracts are called on it, and it answers the server's calls as it was told.
/// What it was not told is refused as `UnknownRoute`. Dropping it ends its session.
#[derive(Debug)]
pub struct TestPlayer {
    client: Client,
    answers: Answers,
}

/// How one route is answered.
type Handler = Box<dyn Fn(RawCall<'_>) -> Option<Result<Vec<u8>, Vec<u8>>> + Send + Sync>;

#[derive(Clone, Default)]
struct Answers(Arc<Mutex<HashMap<RouteId, Handler>>>);

impl std::fmt::Debug for Answers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Answers")
    }
}

impl Answers {
    /// Answers that a client with this configuration asks for what it does not serve by itself.
    fn asked_by(config: ClientConfig) -> (Self, ClientConfig) {
        let answers = Self::default();
        let asked = answers.clone();
        let routes = config.routes.fallback(move |call| asked.answer(call));
        (answers, ClientConfig { routes, ..config })
    }

    fn answer(&self, call: RawCall<'_>) -> Option<Result<Vec<u8>, Vec<u8>>> {
        let answers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        answers.get(&call.route).and_then(|handler| handler(call))
    }
}

impl TestPlayer {
    /// From now on the player answers this route so: `ann.answer(Player.ready_check, |game| true)`. Also for notifies,
    /// which get no answer. A later word for the same route replaces an earlier one.
    pub fn answer<F, H>(&self, route: Route<F, ServedByClient>, handler: H)
    where
        H: AnswersRoute<F> + Send + Sync + 'static,
    {
        let signature = route.descriptor().signature;
        let handler: Handler = Box::new(move |call: RawCall<'_>| {
            let fits = call.signature == signature || call.codec.is_self_describing();
            if fits { handler.answer(call.codec, call.body) } else { None }
        });
        self.answers.0.lock().unwrap_or_else(PoisonError::into_inner).insert(route.descriptor().id, handler);
    }

    /// Collects what a notify brings, to be awaited: `let lines = ann.hear(Player.chat); lines.next().await`.
    pub fn hear<A: Message + Clone>(&self, route: Route<fn(A), ServedByClient>) -> Heard<A> {
        let (sender, receiver) = mpsc::channel(HEARD_MAX);
        self.answer(route, move |value: A| match sender.try_send(value) {
            Ok(()) | Err(mpsc::error::TrySendError::Closed(_)) => {}
            Err(mpsc::error::TrySendError::Full(_)) => panic!("{HEARD_MAX} messages and nobody looks"),
        });
        Heard { receiver }
    }

    /// The player's session.
    pub fn session(&self) -> ServerSession<'_> {
        self.client.session()
    }

    /// The player's client, for whatever needs one.
    pub const fn client(&self) -> &Client {
        &self.client
    }
}

/// Messages that may wait for a test to look at them.
const HEARD_MAX: usize = 65_536;

/// What a notify has brought to a player under test.
#[derive(Debug)]
pub struct Heard<A> {
    receiver: mpsc::Receiver<A>,
}

impl<A> Heard<A> {
    /// The next one.
    ///
    /// # Panics
    /// When the player has gone and nothing is left.
    pub async fn next(&mut self) -> A {
        self.receiver.recv().await.expect("the player has gone")
    }

    /// What has come by now.
    pub fn so_far(&mut self) -> Vec<A> {
        std::iter::from_fn(|| self.receiver.try_recv().ok()).collect()
    }
}

impl Reaches<ServedByServer> for TestPlayer {}

impl Caller for TestPlayer {
    type Call<R: Answer> = farcall_client::Call<R>;
    type Notified = Notified;

    fn call<A: Serialize, R: Answer>(
        &self,
        route: &'static RouteDescriptor,
        arguments: &A,
    ) -> farcall_client::Call<R> {
        self.client.call(route, arguments)
    }

    fn notify<A: Serialize>(&self, route: &'static RouteDescriptor, arguments: &A) -> Notified {
        self.client.notify(route, arguments)
    }
}

/// A closure that answers a route of type `F`.
#[diagnostic::on_unimplemented(
    message = "this closure does not answer a route of type `{F}`",
    label = "its parameters or its result differ from the contract's"
)]
pub trait AnswersRoute<F> {
    /// Decodes, runs, encodes. `None` when the arguments cannot be read.
    fn answer(&self, codec: Codec, body: &[u8]) -> Option<Result<Vec<u8>, Vec<u8>>>;
}

macro_rules! answers {
    ($($($name:ident)*;)*) => {
        $(
            impl<Handler, Reply: Answer, $($name: Message),*> AnswersRoute<fn($($name),*) -> Reply> for Handler
            where
                Handler: Fn($($name),*) -> Reply,
            {
                #[allow(non_snake_case, reason = "a parameter is named as its type")]
                fn answer(&self, codec: Codec, body: &[u8]) -> Option<Result<Vec<u8>, Vec<u8>>> {
                    #[allow(clippy::unused_unit, reason = "no arguments are the unit")]
                    let ($($name,)*) = codec.decode::<($($name,)*)>(body).ok()?;
                    encode(self($($name),*), codec)
                }
            }
        )*
    };
}

answers! {
    ;
    A;
    A B;
    A B C;
    A B C D;
    A B C D E;
    A B C D E G;
}

fn encode<R: Answer>(answer: R, codec: Codec) -> Option<Result<Vec<u8>, Vec<u8>>> {
    let mut bytes = Vec::new();
    match answer.into_result() {
        Ok(value) => codec.encode(&value, &mut bytes).ok().map(|()| Ok(bytes)),
        Err(Failure::Handler(error)) => error.encode(codec, &mut bytes).ok().map(|()| Err(bytes)),
        Err(Failure::Internal(error)) => panic!("a test's answer failed: {error}"),
    }
}
