//! Matches in one process: what players and a game's own code see of them. One over real sockets, the rest with the
//! test kit, in memory and on virtual time.

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use demo_game::contract::{EnqueueError, Event, GameId, Lobby, Player, Ticket, WhisperError};
use demo_game::demo::Evening;
use demo_game::director::{Director, Plan};
use demo_game::hall::Hall;
use demo_game::handlers::admission;
use demo_game::link::Cuts;
use demo_game::wire::Wire;
use farcall_client::{CallError, Client, ClientConfig, ConnectError, Routes};
use farcall_protocol::{Uid, contracts};
use farcall_server::States;
use farcall_tests::{TestPlayer, TestServer};

fn uid(name: &str) -> Uid {
    Uid::new(name).expect("a uid")
}

fn game() -> (Arc<Hall>, TestServer) {
    let hall = Hall::new(Wire::default());
    let states = States::new().with_shared(hall.clone());
    let game = TestServer::new(contracts![Lobby]).states(states).admission(admission(hall.clone()));
    (hall, game)
}

#[tokio::test]
async fn a_match_and_its_rematch_without_a_view() {
    let soon = Duration::from_secs(60);
    let evening = Evening::start(8, Duration::from_secs(1), Cuts::OnRequest).await.expect("a server");
    tokio::time::timeout(soon, evening.matches()).await.expect("matches end");
    let ending = tokio::time::timeout(soon, evening.end()).await.expect("an evening ends");
    assert_eq!(ending.summary.errors, 0, "{:?}", ending.summary);
    assert_eq!((ending.summary.ready_checks_asked, ending.summary.ready_checks_answered), (8, 8));
    assert_eq!(ending.summary.matches_played, 2);
    assert_eq!((ending.summary.cuts, ending.summary.resumes), (1, 1));
    assert_eq!((ending.summary.lost, ending.summary.repeated), (0, 0));
    // One said no and was left out: it is not on the leaderboard.
    assert_eq!(ending.ranks.len(), 7);
    assert_eq!(ending.ranks.iter().map(|rank| rank.wins).sum::<u32>(), 2);
}

#[tokio::test(start_paused = true)]
async fn who_does_not_answer_the_ready_check_is_left_out() {
    let (hall, game) = game();
    let (ann, bob, eve) = (game.player("ann").await, game.player("bob").await, game.player("eve").await);
    let silent = Routes::new().add_async("Player.ready_check", |(_,): (GameId,)| pending::<bool>());
    let config = ClientConfig { routes: silent, ..ClientConfig::for_uid("in memory", uid("cat")) };
    let cat = game.player_with(config).await;
    ann.answer(Player.ready_check, |_| true);
    bob.answer(Player.ready_check, |_| true);
    eve.answer(Player.ready_check, |_| false);
    let mut told = ann.hear(Player.event);
    for player in [&ann, &bob, &cat, &eve] {
        player.enqueue().await.expect("a ticket");
    }
    let second = Duration::from_secs(1);
    let plan = Plan {
        players_min: 4,
        gather_time: second,
        ready_time: second,
        match_time: second,
        rematch_time: second,
        vote_time: second,
    };
    Director { server: game.server().await.clone(), hall: hall.clone(), plan }.run(1).await;
    let Event::Begins { players, mut left_out, .. } = told.next().await else { panic!("other news") };
    left_out.sort();
    assert_eq!((players, left_out), (vec![uid("ann"), uid("bob")], vec![uid("cat"), uid("eve")]));
    assert_eq!(hall.ranks().len(), 2);
}

#[tokio::test]
async fn a_name_that_cannot_be_shown_is_refused_at_the_door() {
    let (_hall, game) = game();
    let stream = game.server().await.dialer().connect().await.expect("the server's ear");
    let refused = Client::over(stream, ClientConfig::for_uid("in memory", uid("a b"))).await;
    let Err(ConnectError::Login(why)) = refused else { panic!("it was let in") };
    assert!(why.to_string().contains("a name has 1 to 12 letters and digits"), "{why}");
}

#[tokio::test]
async fn nobody_stands_in_the_queue_twice() {
    let (_hall, game) = game();
    let ann = game.player("ann").await;
    assert_eq!(ann.enqueue().await, Ok(Ticket(0)));
    assert_eq!(ann.enqueue().await, Err(CallError::Handler(EnqueueError::AlreadyIn)));
}

#[tokio::test]
async fn a_whisper_brings_the_other_players_own_answer() {
    let (_hall, game) = game();
    let (cat, owl) = (game.player("cat").await, game.player("owl").await);
    owl.answer(Player.hear, |from: Uid, text: String| format!("{from} said {text}"));
    assert_eq!(cat.whisper(uid("owl"), "truce?").await, Ok("cat said truce?".to_owned()));
    assert_eq!(cat.whisper(uid("elk"), "hello?").await, Err(CallError::Handler(WhisperError::Offline)));
}

#[tokio::test]
async fn chat_reaches_everybody_in_order() {
    let (_hall, game) = game();
    let (cat, owl) = (game.player("cat").await, game.player("owl").await);
    let ears = |player: &TestPlayer| player.hear(Player.chat);
    let (mut cats, mut owls) = (ears(&cat), ears(&owl));
    for text in ["one", "two", "three"] {
        cat.chat(text);
    }
    for text in ["one", "two", "three"] {
        for line in [cats.next().await, owls.next().await] {
            assert_eq!((line.from.as_str(), line.text.as_str()), ("cat", text));
        }
    }
}
