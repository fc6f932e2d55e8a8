//! What sessions carry is loaded and saved in turn, whatever hangs: a handler on the game's thread, a hook, a login that
//! takes its time, a client that says too much.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

use std::sync::{Mutex, mpsc};
use std::time::Duration;

use bytes::BytesMut;
use farcall_client::ClientConfig;
use farcall_protocol::{contract, contracts};
use farcall_server::{Admission, Limits, ServerConfig, Session, State, States, route};
use farcall_tests::kept::Kept;
use farcall_tests::waiting::until;
use farcall_tests::{Over, Table, raw};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, sleep, timeout};

#[contract(served_by = server)]
trait Bag {
    async fn take(item: String) -> bool;
}

/// The game's own thread, which a test holds up in the middle of a handler.
struct World {
    entered: mpsc::SyncSender<()>,
    leave: mpsc::Receiver<()>,
}

#[derive(Debug, Default)]
struct Save(Mutex<Vec<String>>);

type Story = Kept<String>;

#[route(Bag::take)]
fn take(world: &mut World, story: State<Story>, save: Session<Save>, item: String) -> bool {
    world.entered.send(()).unwrap();
    world.leave.recv().unwrap();
    save.0.lock().unwrap().retain(|held| *held != item);
    story.add("taken");
    true
}

async fn table<T>(story: &Story, admission: Admission<T>) -> Table {
    let config = ServerConfig {
        serves: contracts![Bag],
        states: States::new().with(story.clone()),
        ..ServerConfig::default()
    };
    Table::start(Over::Memory, config, admission).await
}

fn loads() -> Admission<Save> {
    Admission::anonymous().session(|_| async { Ok(Save(Mutex::new(vec!["sword".into()]))) })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_handler_on_the_games_thread_ends_before_the_session_is_saved() {
    let story = Story::default();
    let told = story.clone();
    let admission = loads().closed(move |ended| {
        told.add(if ended.session.0.lock().unwrap().is_empty() {
            "saved without it"
        } else {
            "saved with it"
        });
        async {}
    });
    let table = table(&story, admission).await;
    let ann = table.connect(table.player("ann")).await.unwrap();
    let taking = ann.take("sword").send();
    let ((enters, entered), (leave, leaves)) = (mpsc::sync_channel(1), mpsc::sync_channel(1));
    let server = table.server.clone();
    until(|| server.stats().calls_of_players == 1).await;
    let polling = std::thread::spawn(move || {
        server.poll(&mut World { entered: enters, leave: leaves }, Duration::from_secs(1))
    });
    entered.recv().unwrap();
    assert!(table.server.kick("ann", "in the middle of it"));
    let again = tokio::spawn({
        let (table, config) = (table.clone(), table.player("ann"));
        async move { table.connect(config).await }
    });
    until(|| table.server.stats().logins_pending == 1).await;
    assert_eq!(story.all(), [""; 0], "nothing is saved while the handler runs");
    leave.send(()).unwrap();
    polling.join().unwrap().unwrap();
    let ann_again = again.await.unwrap().unwrap();
    assert_eq!(story.all(), ["taken", "saved without it"]);
    drop((taking, ann_again));
}

#[tokio::test(start_paused = true)]
async fn a_login_has_one_bound_whatever_it_waits_for() {
    let slow = || sleep(Duration::from_millis(4_500));
    let admission = Admission::new(move |arrival| async move {
        slow().await;
        Ok(arrival.uid)
    })
    .session(move |_| async move {
        slow().await;
        Ok(Save::default())
    });
    let table = table(&Story::default(), admission).await;
    let began = Instant::now();
    let limits = Limits { login_timeout: Duration::from_secs(100), ..Limits::default() };
    let refused = table.connect(ClientConfig { limits, ..table.player("ann") }).await;
    assert!(refused.is_err());
    assert_eq!(began.elapsed().as_secs(), 5);
}

#[tokio::test(start_paused = true)]
async fn a_login_refused_as_busy_is_heard_by_a_client_as_it_comes() {
    let table = table(&Story::default(), loads().closed(|_| std::future::pending())).await;
    let _ann = table.connect(table.player("ann")).await.unwrap();
    let refused = table.connect(table.player("ann")).await.map(drop).unwrap_err();
    assert!(refused.to_string().starts_with("busy"), "{refused}");
}

#[tokio::test(start_paused = true)]
async fn a_server_ends_although_a_hook_does_not() {
    let table = table(&Story::default(), loads().closed(|_| std::future::pending())).await;
    let _ann = table.connect(table.player("ann")).await.unwrap();
    let began = Instant::now();
    let ended = timeout(Duration::from_secs(3_600), table.server.shutdown(Duration::from_secs(1))).await;
    assert!(ended.is_ok() && began.elapsed() <= Duration::from_secs(31), "{:?}", began.elapsed());
}

#[tokio::test]
async fn nothing_is_loaded_for_a_client_that_says_more_than_its_login() {
    let story = Story::default();
    let told = story.clone();
    let admission = Admission::anonymous().session(move |_| {
        told.add("loaded");
        async { Ok(Save::default()) }
    });
    let table = table(&story, admission).await;
    let mut io = table.server.dialer().connect().await.unwrap();
    let mut login = BytesMut::new();
    let _ = raw::connecting("ann").start(&mut login);
    login.extend_from_slice(&[9]);
    io.write_all(&login).await.unwrap();
    io.read_to_end(&mut Vec::new()).await.unwrap();
    until(|| table.server.stats().logins_failed == 1).await;
    assert_eq!(story.all(), [""; 0]);
}
