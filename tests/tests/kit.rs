//! The test kit, used as a game would use it.

use std::sync::Mutex;
use std::time::Duration;

use farcall_client::{CallError, NotExecuted};
use farcall_protocol::{Uid, contract, contracts};
use farcall_server::{Admission, Context, Refusal, Session, State, route};
use farcall_tests::TestServer;

#[contract(served_by = server)]
trait Shop {
    async fn buy(item: String) -> Result<u32, String>;
    async fn price(item: String) -> u32;
}

#[contract(served_by = client)]
trait Customer {
    async fn confirm(item: String, price: u32) -> bool;
    async fn sign() -> String;
    #[notify]
    fn news(text: String);
}

/// What a player owns.
#[derive(Debug, Default)]
struct Purse(Mutex<u32>);

/// What things cost.
#[derive(Debug)]
struct Prices(u32);

#[route(Shop::price)]
fn price(prices: State<Prices>, item: String) -> u32 {
    prices.0 * item.len() as u32
}

#[route(Shop::buy)]
async fn buy(
    ctx: Context,
    prices: State<Prices>,
    purse: Session<Purse>,
    item: String,
) -> Result<u32, String> {
    let price = price(prices, item.clone());
    let confirmed = ctx.peer().confirm(&item, price).within(Duration::from_secs(30)).await;
    if confirmed != Ok(true) {
        return Err("not confirmed".into());
    }
    let mut coins = purse.0.lock().unwrap();
    *coins = coins.checked_sub(price).ok_or("too poor")?;
    Ok(*coins)
}

fn shop() -> TestServer {
    let admission = Admission::new(|arrival| async move {
        if arrival.build < 3 { Err(Refusal::because("too old")) } else { Ok(arrival.uid) }
    });
    let admission = admission.session(|_| async { Ok(Purse(Mutex::new(100))) });
    TestServer::new(contracts![Shop]).state(Prices(10)).admission(admission)
}

async fn customer(shop: &TestServer, uid: &str) -> farcall_tests::TestPlayer {
    let config =
        farcall_client::ClientConfig { build: 3, ..farcall_client::ClientConfig::new("", uid).unwrap() };
    shop.player_with(config).await
}

#[test]
fn a_handler_is_a_plain_function() {
    assert_eq!(price(State::new(Prices(2)), "lamp".into()), 8);
}

#[tokio::test(start_paused = true)]
async fn a_player_answers_as_it_is_told() {
    let shop = shop();
    let ann = customer(&shop, "ann").await;
    ann.answer(Customer.confirm, |item: String, price| item == "lamp" && price == 40);
    assert_eq!(ann.price("lamp").await, Ok(40));
    assert_eq!(ann.buy("lamp").await, Ok(60));
    assert_eq!(ann.buy("sword").await, Err(CallError::Handler("not confirmed".into())));
    ann.answer(Customer.confirm, |_: String, _| true);
    assert_eq!(ann.buy("cloak").await, Ok(10));
    assert_eq!(ann.buy("rope").await, Err(CallError::Handler("too poor".into())));
}

#[tokio::test(start_paused = true)]
async fn what_a_player_was_not_told_it_refuses_and_time_is_virtual() {
    let shop = shop();
    let ann = customer(&shop, "ann").await;
    let player = shop.server().await.player("ann").unwrap();
    assert_eq!(player.sign().await, Err(CallError::NotExecuted(NotExecuted::UnknownRoute)));
    ann.answer(Customer.sign, || "ann".to_owned());
    assert_eq!(player.sign().await.as_deref(), Ok("ann"));
    let before = tokio::time::Instant::now();
    tokio::time::advance(Duration::from_secs(3_600)).await;
    assert_eq!(before.elapsed(), Duration::from_secs(3_600));
}

#[tokio::test(start_paused = true)]
async fn pushes_are_heard_in_order() {
    let shop = shop();
    let (ann, bob) = (customer(&shop, "ann").await, customer(&shop, "bob").await);
    let (mut ann_hears, mut bob_hears) = (ann.hear(Customer.news), bob.hear(Customer.news));
    let server = shop.server().await;
    for number in 0..100 {
        server.everyone().news(format!("news {number}"));
    }
    server.player(Uid::new("bob").unwrap()).unwrap().news("for bob");
    for number in 0..100 {
        assert_eq!(ann_hears.next().await, format!("news {number}"));
        assert_eq!(bob_hears.next().await, format!("news {number}"));
    }
    assert_eq!(bob_hears.next().await, "for bob");
    assert!(ann_hears.so_far().is_empty());
}
