//! Every form in which a handler may be written, called by its wire name: what `#[route]` accepts is what runs.

use farcall_client::{CallError, Client};
use farcall_protocol::{contract, contracts};
use farcall_server::{Admission, Bare, Context, Routes, ServerConfig, State, States, route};
use farcall_tests::waiting::until;
use farcall_tests::{Over, Table};

/// What the server serves by contract.
#[contract(served_by = server)]
pub trait Forms {
    /// Plain, with a binding that is changed.
    async fn sum(x: i64, y: i64) -> i64;
    /// Takes a pattern, a context, a state, and may refuse.
    async fn pair(pair: (u8, u8)) -> Result<u16, String>;
    /// Ignores what it is given.
    #[notify]
    fn chat(line: String);
    /// Takes and gives nothing.
    async fn nothing();
}

/// What the client serves by contract.
#[contract(served_by = client)]
pub trait Back {
    /// Served in a module of its own.
    async fn ready(game: u64) -> bool;
}

#[route(Forms::sum)]
fn sum(x: i64, mut y: i64) -> i64 {
    y += x;
    y
}

#[route(Forms::pair)]
async fn pair(_ctx: Context, state: State<u16>, (a, b): (u8, u8)) -> Result<u16, String> {
    if a > b {
        return Err("greater".into());
    }
    Ok(*state + u16::from(a) + u16::from(b))
}

#[route(crate::Forms::chat)]
async fn chat(_: String) {}

#[route(self::Forms::nothing)]
fn nothing() {}

/// The message of the day.
#[route]
fn motd() -> String {
    "welcome".into()
}

#[route(name = "seed.7")]
async fn r#type(ctx: Context, r#type: u8) -> Result<u8, String> {
    assert_eq!(ctx.uid().as_str(), "ann");
    Ok(r#type)
}

#[cfg(any())]
#[route]
fn left_out() {}

#[route]
#[cfg(any())]
fn left_out_too() {}

mod at_the_client {
    use farcall_client::route;

    #[route(super::Back::ready)]
    fn ready(game: u64) -> bool {
        game > 1
    }

    #[route]
    fn bare() -> u8 {
        4
    }
}

fn not_at_the_top() {
    #[route(name = "inner")]
    fn shim(list: Vec<Option<u8>>) -> u64 {
        u64::from(list.is_empty())
    }
    let _ = shim;
}

async fn ann(bare: Bare) -> (Table, Client) {
    not_at_the_top();
    let config = ServerConfig {
        serves: contracts![Forms],
        states: States::new().with(10_u16),
        bare,
        routes: Routes::new()
            .add("twice", |(n,): (u32,)| n * 2)
            .add_async("later", |(n,): (u32,)| async move { Ok::<u32, String>(n + 1) }),
        ..ServerConfig::default()
    };
    let table = Table::start(Over::Memory, config, Admission::anonymous()).await;
    let player = table.player("ann");
    let config = farcall_client::ClientConfig { serves: contracts![Back], bare: Bare::All, ..player };
    let client = table.connect(config).await.expect("a login");
    (table, client)
}

#[tokio::test]
async fn every_form_of_a_contracts_handler_runs() {
    let (table, client) = ann(Bare::None).await;
    assert_eq!(client.sum(4, 6).await, Ok(10));
    assert_eq!(client.pair((1, 2)).await, Ok(13));
    assert_eq!(client.pair((2, 1)).await, Err(CallError::Handler("greater".to_owned())));
    client.chat("hello");
    assert_eq!(client.nothing().await, Ok(()));
    let player = table.server.player("ann").expect("ann");
    assert_eq!((player.ready(1).await, player.ready(2).await), (Ok(false), Ok(true)));
    assert_eq!(motd(), "welcome", "a handler stays a function");
}

#[tokio::test]
async fn bare_routes_are_served_when_they_are_named() {
    let (table, client) = ann(Bare::Named(vec!["motd", "seed.7"])).await;
    let by_name = client.session();
    assert_eq!(by_name.call::<_, String>("motd", ()).await, Ok("welcome".to_owned()));
    assert_eq!(by_name.call::<_, Result<u8, String>>("seed.7", (9_u8,)).await, Ok(9));
    assert!(by_name.call::<_, u64>("inner", (Vec::<Option<u8>>::new(),)).await.is_err());
    assert_eq!(table.server.player("ann").expect("ann").session().call::<_, u8>("bare", ()).await, Ok(4));
}

#[tokio::test]
async fn all_of_them_are_served_when_that_is_said() {
    let (_table, client) = ann(Bare::All).await;
    let by_name = client.session();
    assert_eq!(by_name.call::<_, u64>("inner", (Vec::<Option<u8>>::new(),)).await, Ok(1));
    for left_out in ["left_out", "left_out_too", "bare", "shim"] {
        assert!(by_name.call::<_, ()>(left_out, ()).await.is_err(), "{left_out}");
    }
}

#[tokio::test]
async fn closures_are_routes_too() {
    let (_table, client) = ann(Bare::None).await;
    let by_name = client.session();
    assert_eq!(by_name.call::<_, u32>("twice", (21_u32,)).await, Ok(42));
    assert_eq!(by_name.call::<_, Result<u32, String>>("later", (41_u32,)).await, Ok(42));
    assert!(by_name.call::<_, u32>("twice", (21_u64,)).await.is_err(), "another signature");
    until(|| by_name.slots_used() == 0).await;
}
