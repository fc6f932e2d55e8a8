//! Matches in one process: what players and a game's own code see of them.

use std::time::Duration;

use demo_game::contract::{EnqueueError, Lobby, Ticket, WhisperError};
use demo_game::demo::Evening;
use demo_game::hall::Hall;
use demo_game::handlers::serve;
use demo_game::player::{News, connect};
use demo_game::wire::Wire;
use farcall_client::{CallError, ConnectError};
use farcall_protocol::Uid;

fn uid(name: &str) -> Uid {
    Uid::new(name).expect("a uid")
}

async fn hall() -> (farcall_server::Server, String) {
    let server = serve("127.0.0.1:0", Hall::new(Wire::default())).await.expect("a server");
    let address = server.local_addr().expect("an address").to_string();
    (server, address)
}

/// Nothing here may hang a test run.
async fn soon<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(20), what).await.expect("it took too long")
}

#[tokio::test]
async fn a_match_and_its_rematch_without_a_view() {
    let evening = Evening::start(8, Duration::from_secs(1)).await.expect("a server");
    soon(evening.matches()).await;
    let ending = soon(evening.end()).await;
    assert_eq!(ending.summary.errors, 0, "{:?}", ending.summary);
    assert_eq!((ending.summary.ready_checks_asked, ending.summary.ready_checks_answered), (8, 7));
    assert_eq!(ending.summary.matches_played, 2);
    // One was left out: it is not on the leaderboard.
    assert_eq!(ending.ranks.len(), 7);
    assert_eq!(ending.ranks.iter().map(|rank| rank.wins).sum::<u32>(), 2);
}

#[tokio::test]
async fn a_name_that_cannot_be_shown_is_refused_at_the_door() {
    let (_server, address) = hall().await;
    let refused = soon(connect(&address, &uid("a b"), &Wire::default())).await;
    let Err(ConnectError::Login(why)) = refused else { panic!("it was let in") };
    assert!(why.to_string().contains("a name has 1 to 12 letters and digits"), "{why}");
}

#[tokio::test]
async fn nobody_stands_in_the_queue_twice() {
    let (_server, address) = hall().await;
    let (ann, _inbox) = soon(connect(&address, &uid("ann"), &Wire::default())).await.expect("a login");
    assert_eq!(soon(ann.enqueue()).await, Ok(Ticket(0)));
    assert_eq!(soon(ann.enqueue()).await, Err(CallError::Handler(EnqueueError::AlreadyIn)));
}

#[tokio::test]
async fn a_whisper_brings_the_other_players_own_answer() {
    let (_server, address) = hall().await;
    let wire = Wire::default();
    let (cat, _cats) = soon(connect(&address, &uid("cat"), &wire)).await.expect("a login");
    let (_owl, mut owls) = soon(connect(&address, &uid("owl"), &wire)).await.expect("a login");
    let owl = async {
        let Some(News::Heard(from, text, answer)) = owls.news.recv().await else { panic!("other news") };
        assert_eq!((from.as_str(), text.as_str()), ("cat", "truce?"));
        assert!(answer.give("never".to_owned()), "nobody waits");
    };
    let (answer, ()) = soon(async { tokio::join!(cat.whisper(uid("owl"), "truce?"), owl) }).await;
    assert_eq!(answer, Ok("never".to_owned()));
    let nobody = soon(cat.whisper(uid("elk"), "hello?")).await;
    assert_eq!(nobody, Err(CallError::Handler(WhisperError::Offline)));
}

#[tokio::test]
async fn chat_reaches_everybody_in_order() {
    let (_server, address) = hall().await;
    let wire = Wire::default();
    let (cat, mut cats) = soon(connect(&address, &uid("cat"), &wire)).await.expect("a login");
    let (_owl, mut owls) = soon(connect(&address, &uid("owl"), &wire)).await.expect("a login");
    for text in ["one", "two", "three"] {
        cat.chat(text);
    }
    for text in ["one", "two", "three"] {
        for inbox in [&mut cats, &mut owls] {
            let Some(News::Chat(line)) = soon(inbox.news.recv()).await else { panic!("other news") };
            assert_eq!((line.from.as_str(), line.text.as_str()), ("cat", text));
        }
    }
}
