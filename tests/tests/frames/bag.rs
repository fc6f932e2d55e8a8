//! Session data: a player's loaded save, and the oldest trick against it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use farcall_client::{ClientConfig, ConnectError, LoginError, LoginFailed, Refusal};
use farcall_protocol::{Uid, contract, contracts};
use farcall_server::{Admission, Context, Limits, Server, ServerConfig, Session, State, States, route};
use farcall_tests::{Over, Table};
use tokio::time::{Instant, sleep};

/// What players do with what they carry.
#[contract(served_by = server)]
pub trait Bag {
    /// What is in it.
    async fn items() -> Vec<String>;
    /// Puts one on the ground, where anybody may take it.
    async fn put_down(item: String) -> bool;
    /// Puts one on the ground, slowly: it takes a while to bend down.
    async fn lay_down(item: String) -> bool;
}

/// What a session carries.
#[derive(Debug, Default)]
struct Save {
    items: Mutex<Vec<String>>,
}

/// What the game keeps: saves on a slow disk, and the ground.
#[derive(Debug, Default, Clone)]
struct Store {
    saves: Arc<Mutex<HashMap<Uid, Vec<String>>>>,
    ground: Arc<Mutex<Vec<String>>>,
    saved: Arc<Mutex<u32>>,
}

impl Save {
    fn take(&self, item: &str) -> Option<String> {
        let mut items = self.items.lock().unwrap();
        let at = items.iter().position(|held| held == item)?;
        Some(items.remove(at))
    }
}

#[route(Bag::items)]
fn items(save: Session<Save>) -> Vec<String> {
    save.items.lock().unwrap().clone()
}

#[route(Bag::put_down)]
fn put_down(store: State<Store>, save: Session<Save>, item: String) -> bool {
    let taken = save.take(&item);
    let is_there = taken.is_some();
    store.ground.lock().unwrap().extend(taken);
    is_there
}

#[route(Bag::lay_down)]
async fn lay_down(ctx: Context, store: State<Store>, save: Session<Save>, item: String) -> bool {
    assert_eq!(ctx.uid().as_str(), "ann");
    let taken = save.take(&item);
    store.ground.lock().unwrap().extend(taken.clone());
    sleep(Duration::from_secs(1)).await;
    taken.is_some()
}

/// A server whose saves take this long to write.
async fn game(slow: Duration) -> (Table, Store) {
    let store = Store::default();
    store.saves.lock().unwrap().insert(Uid::new("ann").unwrap(), vec!["sword".into()]);
    let (load, write) = (store.clone(), store.clone());
    let admission = Admission::anonymous()
        .session(move |arrival| {
            let items = load.saves.lock().unwrap().get(&arrival.uid).cloned();
            async move {
                let items = items.ok_or(Refusal::unauthorized("no such player"))?;
                Ok(Save { items: Mutex::new(items) })
            }
        })
        .closed(move |closed| {
            let (store, uid) = (write.clone(), closed.player.session().uid().clone());
            async move {
                sleep(slow).await;
                let items = closed.session.items.lock().unwrap().clone();
                store.saves.lock().unwrap().insert(uid, items);
                *store.saved.lock().unwrap() += 1;
            }
        });
    let states = States::new().with(store.clone());
    let config = ServerConfig { serves: contracts![Bag], states, ..ServerConfig::default() };
    (Table::start(Over::Memory, config, admission).await, store)
}

fn ann(table: &Table) -> ClientConfig {
    table.player("ann")
}

#[tokio::test(start_paused = true)]
async fn an_item_cannot_be_doubled_by_logging_in_twice_while_the_save_is_slow() {
    let slow = Duration::from_secs(3);
    let (table, store) = game(slow).await;
    let first = table.connect(ann(&table)).await.unwrap();
    assert_eq!(first.items().await, Ok(vec!["sword".into()]));
    assert_eq!(first.put_down("sword").await, Ok(true));
    let began = Instant::now();
    // The first session is replaced; its save, without the sword, takes its time.
    let second = table.connect(ann(&table)).await.unwrap();
    assert!(began.elapsed() >= slow, "the second login waited for the save");
    assert_eq!(*store.saved.lock().unwrap(), 1);
    assert_eq!(second.items().await, Ok(vec![]), "the sword is on the ground and nowhere else");
    assert_eq!(second.put_down("sword").await, Ok(false));
    assert_eq!(*store.ground.lock().unwrap(), ["sword"]);
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_still_runs_cannot_be_used_for_it_either() {
    let (table, store) = game(Duration::from_millis(100)).await;
    let first = table.connect(ann(&table)).await.unwrap();
    let laying = tokio::spawn(async move { first.lay_down("sword").await });
    farcall_tests::waiting::until(|| !store.ground.lock().unwrap().is_empty()).await;
    let second = table.connect(ann(&table)).await.unwrap();
    assert!(laying.await.unwrap().is_err(), "its session was replaced");
    assert_eq!(second.items().await, Ok(vec![]));
    assert_eq!(*store.ground.lock().unwrap(), ["sword"]);
}

#[tokio::test(start_paused = true)]
async fn a_save_that_takes_too_long_keeps_the_next_login_out() {
    let (table, store) = game(Duration::from_secs(60)).await;
    let first = table.connect(ann(&table)).await.unwrap();
    assert_eq!(first.put_down("sword").await, Ok(true));
    // More patient than the server, which waits 5 s for the save.
    let limits = Limits { login_timeout: Duration::from_secs(20), ..Limits::default() };
    let refused = table.connect(ClientConfig { limits, ..ann(&table) }).await.unwrap_err();
    let said = refused.to_string();
    assert!(
        matches!(&refused, ConnectError::Login(LoginFailed::Login(LoginError::Refused(_)))),
        "{refused:?}"
    );
    assert!(said.contains("busy") || said.contains("Busy"), "{said}");
    sleep(Duration::from_secs(60)).await;
    assert_eq!(*store.saved.lock().unwrap(), 1);
    let second = table.connect(ann(&table)).await.unwrap();
    assert_eq!(second.items().await, Ok(vec![]));
}

#[tokio::test]
async fn a_server_whose_admission_gives_something_else_does_not_start() {
    let states = States::new().with(Store::default());
    let config = ServerConfig { serves: contracts![Bag], states, ..ServerConfig::default() };
    let said = match Server::in_memory(config, Admission::anonymous()) {
        Err(error) => error.to_string(),
        Ok(_) => panic!("it started"),
    };
    let sentence = "takes a `Session<frames::bag::Save>`, and admission gives each session nothing";
    assert!(said.contains(sentence) && said.contains("bag.rs:"), "{said}");
}

#[tokio::test(start_paused = true)]
async fn twenty_logins_at_once_while_the_save_is_slow_leave_one_sword() {
    let slow = Duration::from_millis(100);
    let (table, store) = game(slow).await;
    // Patient: nineteen saves are waited for, one behind the other.
    let limits = Limits { login_timeout: Duration::from_secs(60), ..Limits::default() };
    let patient = || ClientConfig { limits: limits.clone(), ..ann(&table) };
    let first = table.connect(patient()).await.unwrap();
    assert_eq!(first.put_down("sword").await, Ok(true));
    let logins = (0..20).map(|_| async {
        let ann = table.connect(patient()).await.unwrap();
        // Whichever session this is, it may be replaced at any moment.
        ann.put_down("sword").await.unwrap_or(false)
    });
    let put_down = futures_util::future::join_all(logins).await;
    drop(first);
    farcall_tests::waiting::until(|| table.server.stats().sessions == 0).await;
    assert_eq!(*store.saved.lock().unwrap(), 21);
    let (ground, saves) = (store.ground.lock().unwrap().len(), store.saves.lock().unwrap());
    assert_eq!((ground, saves[&Uid::new("ann").unwrap()].len()), (1, 0), "told {put_down:?}");
}
