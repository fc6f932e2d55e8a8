//! Objects whose methods are routes.

use std::sync::atomic::{AtomicI64, Ordering};

use farcall_client::Client;
use farcall_protocol::{contract, contracts};
use farcall_server::{
    Admission, Bare, CallError, Context, NotExecuted, Reply, ServerConfig, StartError, State, States, route,
};
use farcall_tests::{Over, Table};

use super::{BUDGET, World};

/// Adds up what everybody gives it.
#[derive(Debug, Default)]
struct Calculator {
    sum: AtomicI64,
}

#[route]
impl Calculator {
    fn add(&self, x: i64, y: i64) -> i64 {
        self.note(x + y)
    }

    async fn slow(&self, ctx: Context, offset: State<i64>, x: i64) -> Result<i64, String> {
        tokio::task::yield_now().await;
        match x {
            0 => Err(format!("{} gave nothing", ctx.uid())),
            x => Ok(self.note(x + *offset)),
        }
    }

    #[cfg(any())]
    fn left_out(&self) {}

    #[route(name = "total")]
    fn sum_so_far(&self, reply: Reply<i64>) {
        reply.answer(self.sum.load(Ordering::SeqCst));
    }

    fn record(&self, world: &mut World, ctx: Context, x: i64) -> u64 {
        world.steps.push((ctx.uid().clone(), self.note(x).unsigned_abs()));
        world.steps.len() as u64
    }

    #[route(skip)]
    fn note(&self, x: i64) -> i64 {
        self.sum.fetch_add(x, Ordering::SeqCst);
        x
    }

    fn new() -> Self {
        Self::default()
    }
}

/// What players ask a shop.
#[contract(served_by = server)]
pub trait Shop {
    /// What it costs.
    async fn price(item: String) -> u32;
    /// Buys it.
    async fn buy(item: String) -> Result<u32, String>;
}

/// A shop.
pub struct Stall {
    price: u32,
}

#[route(Shop)]
impl Stall {
    fn price(&self, item: String) -> u32 {
        self.price + item.len() as u32
    }

    #[route(Shop::buy)]
    async fn sell(&self, item: String) -> Result<u32, String> {
        tokio::task::yield_now().await;
        if item.is_empty() { Err("nothing".into()) } else { Ok(self.price(item)) }
    }
}

/// A game may write its routes with a macro of its own.
macro_rules! constant {
    ($name:ident = $value:literal) => {
        #[route]
        async fn $name(_reads: State<i64>) -> u32 {
            $value
        }
    };
}

constant!(seven = 7);

async fn ann(config: ServerConfig) -> (Table, Client) {
    let table = Table::start(Over::Memory, config, Admission::anonymous()).await;
    let client = table.connect(table.player("ann")).await.expect("a login");
    (table, client)
}

#[tokio::test]
async fn an_objects_methods_are_routes() {
    let states = States::new().with(Calculator::new()).with(10_i64);
    let bare = Bare::Named(vec!["Calculator.add", "Calculator.slow", "Calculator.total", "seven"]);
    let (_table, client) = ann(ServerConfig { bare, states, ..ServerConfig::default() }).await;
    let session = client.session();
    assert_eq!(session.call::<_, i64>("Calculator.add", (2_i64, 3_i64)).await, Ok(5));
    assert_eq!(session.call::<_, Result<i64, String>>("Calculator.slow", (1_i64,)).await, Ok(11));
    let refused = session.call::<_, Result<i64, String>>("Calculator.slow", (0_i64,)).await;
    assert_eq!(refused, Err(CallError::Handler("ann gave nothing".into())));
    assert_eq!(session.call::<_, i64>("Calculator.total", ()).await, Ok(16));
    assert_eq!(session.call::<_, u32>("seven", ()).await, Ok(7));
    let skipped = session.call::<_, i64>("Calculator.note", (1_i64,)).await;
    assert_eq!(skipped, Err(NotExecuted::UnknownRoute.into()));
}

#[tokio::test]
async fn an_objects_method_may_be_a_frame_handler() {
    let states = States::new().with(Calculator::new());
    let bare = Bare::Named(vec!["Calculator.record", "Calculator.add"]);
    let (table, client) = ann(ServerConfig { bare, states, ..ServerConfig::default() }).await;
    let session = client.session();
    session.call::<_, u64>("Calculator.record", (-3_i64,)).then_on_frame(|seen: &mut Vec<u64>, reply| {
        seen.push(reply.expect("the number of steps"));
    });
    assert_eq!(session.call::<_, i64>("Calculator.add", (0_i64, 0_i64)).await, Ok(0));
    let (mut world, mut seen) = (World::default(), Vec::<u64>::new());
    assert_eq!(table.server.poll(&mut world, BUDGET).unwrap().ran, 1);
    assert_eq!(world.steps, [("ann".try_into().unwrap(), 3)]);
    assert_eq!(session.call::<_, i64>("Calculator.add", (0_i64, 0_i64)).await, Ok(0));
    client.poll(&mut seen, BUDGET).unwrap();
    assert_eq!(seen, [1]);
}

#[tokio::test]
async fn an_objects_methods_serve_a_contract() {
    let states = States::new().with(Stall { price: 10 });
    let (_table, client) =
        ann(ServerConfig { serves: contracts![Shop], states, ..ServerConfig::default() }).await;
    assert_eq!(client.price("hat").await, Ok(13));
    assert_eq!(client.buy("hat").await, Ok(13));
    assert_eq!(client.buy("").await, Err(CallError::Handler("nothing".into())));
}

#[tokio::test]
async fn a_server_without_the_object_does_not_start_and_names_each_methods_line() {
    let config = ServerConfig { serves: contracts![Shop], ..ServerConfig::default() };
    let error = match farcall_server::Server::in_memory(config, Admission::anonymous()) {
        Err(farcall_server::BindError::Routes(error)) => error,
        other => panic!("{other:?}"),
    };
    let said = StartError::to_string(&error);
    let line = |of: &str| {
        let place = include_str!("service.rs").lines().position(|line| line.contains(of)).unwrap();
        format!("service.rs:{}", place + 1)
    };
    assert!(said.contains(&line("fn price(&self, item: String)")), "{said}");
    assert!(said.contains(&line("async fn sell(&self")), "{said}");
    assert!(said.contains("Stall"), "{said}");
}
