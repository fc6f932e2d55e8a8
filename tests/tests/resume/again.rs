//! Another session after one that is over: only when the game asks for it, and only where there is any use in it.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use farcall_client::{ConnectError, Credential};
use farcall_server::{Admission, Refusal};

use super::*;

/// What the game is told when there is no use in trying.
fn refused(again: Result<Client, ConnectError>) -> CloseCode {
    match again {
        Err(ConnectError::Over(reason)) => reason.code,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_has_restarted_is_logged_in_to_again() {
    let (_first, _, before) = game().await;
    let (_second, notes, after) = game().await;
    let restarted = Arc::new(AtomicBool::new(false));
    let (first, second, has) = (before.dial(), after.dial(), restarted.clone());
    let dial = move || if has.load(Ordering::SeqCst) { second() } else { first() };
    let ann = Client::connect_by(dial, ClientConfig::new("", "ann").unwrap()).await.unwrap();
    let lost = ann.slow(1, 60_000).within(ms(60_000));
    let restart = async {
        until(|| ann.session().calls_outgoing() == 1).await;
        tokio::time::sleep(ms(1)).await;
        restarted.store(true, Ordering::SeqCst);
        before.cut();
    };
    let (lost, ()) = tokio::join!(lost, restart);
    assert_eq!(lost, Err(farcall_client::CallError::Indeterminate));
    assert_eq!(ann.session().closed().await.code, CloseCode::Restarted);
    // It does not answer at first.
    after.refuse(true);
    let back = async {
        tokio::time::sleep(ms(10_000)).await;
        after.refuse(false);
    };
    let (again, ()) = tokio::join!(ann.session().reconnect(), back);
    let again = again.unwrap();
    assert_ne!(again.session().id(), ann.session().id());
    assert_eq!(again.slow(2, 0).await, Ok(2));
    assert_eq!(notes.all(), [2], "what the first session had called is not called again");
    // The new one comes back like any other, and the old one's end does not end it.
    drop(ann);
    after.cut();
    assert_eq!(again.slow(3, 0).await, Ok(3));
}

#[tokio::test(start_paused = true)]
async fn whose_time_ran_out_has_a_session_again_when_the_network_is_back() {
    let (game, _, network) = game_with(|limits| limits.resume_window = ms(5_000)).await;
    let ann = game.player_over(&network, "ann").await;
    network.refuse(true);
    network.cut();
    let asked = ann.session().reconnect();
    let healed = async {
        assert_eq!(ann.session().closed().await.code, CloseCode::ConnectionLost);
        tokio::time::sleep(ms(20_000)).await;
        network.refuse(false);
    };
    let (again, ()) = tokio::join!(asked, healed);
    assert_eq!(again.unwrap().slow(1, 0).await, Ok(1));
}

#[tokio::test(start_paused = true)]
async fn whoever_is_not_wanted_or_has_left_is_told_so_and_does_not_try() {
    let (game, _, network) = game().await;
    let ann = game.player_over(&network, "ann").await;
    game.server().await.kick("ann", "enough");
    assert_eq!(refused(ann.session().reconnect().await), CloseCode::Kicked);
    let bob = game.player_over(&network, "bob").await;
    let _other = game.player_over(&network, "bob").await;
    assert_eq!(refused(bob.session().reconnect().await), CloseCode::Replaced);
    let eve = game.player_over(&network, "eve").await;
    eve.session().leave().await;
    assert_eq!(refused(eve.session().reconnect().await), CloseCode::Done);
    assert_eq!(network.connections(), 4);
    let without_a_way = game.player("joe").await;
    game.server().await.shutdown(ms(0)).await;
    assert_eq!(refused(without_a_way.session().reconnect().await), CloseCode::Shutdown);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_ends_the_trying_unless_a_fresh_credential_helps() {
    let good = Arc::new(Mutex::new("first"));
    let asked = good.clone();
    let game = TestServer::new(contracts![Lobby]).states(States::new().with(Notes::default())).admission(
        Admission::new(move |arrival| {
            let is_good = arrival.bearer.as_deref() == Some(*asked.lock().unwrap());
            async move { if is_good { Ok(arrival.uid) } else { Err(Refusal::unauthorized("expired")) } }
        }),
    );
    let game = game.configured(|config| config.limits.resume_window = ms(1_000));
    let network = Network::to(game.server().await);
    let shows = |shown: &str, reconnect| ClientConfig {
        credential: Credential::Bearer(shown.into()),
        reconnect,
        ..ClientConfig::new("", shown).unwrap()
    };
    let ann = game.player_over_with(&network, shows("first", Reconnect::default())).await;
    let times = Arc::new(AtomicUsize::new(0));
    let count = times.clone();
    let fresh = Reconnect::default().asking(move || {
        count.fetch_add(1, Ordering::SeqCst);
        async { Some(Credential::Bearer("second".into())) }
    });
    let bob = game
        .player_over_with(&network, ClientConfig { uid: "bob".parse().unwrap(), ..shows("first", fresh) })
        .await;
    network.refuse(true);
    network.cut();
    ann.session().closed().await;
    bob.session().closed().await;
    *good.lock().unwrap() = "second";
    network.refuse(false);
    let again = ann.session().reconnect().await.unwrap_err();
    assert_eq!(again.to_string(), "not authorized: expired");
    let again = bob.session().reconnect().await.unwrap();
    assert_eq!(again.slow(1, 0).await, Ok(1));
    // What it was given is what it shows from now on, wherever it was asked for.
    network.cut();
    assert_eq!(again.slow(2, 0).await, Ok(2));
    assert_eq!(times.load(Ordering::SeqCst), 1);
}

#[tokio::test(start_paused = true)]
async fn what_a_return_was_given_is_shown_at_the_next_login_too() {
    let good = Arc::new(Mutex::new("first"));
    let asked = good.clone();
    let admission = Admission::new(move |arrival| {
        let is_good = arrival.bearer.as_deref() == Some(*asked.lock().unwrap());
        async move { if is_good { Ok(arrival.uid) } else { Err(Refusal::unauthorized("expired")) } }
    });
    let game = TestServer::new(contracts![Lobby]).states(States::new().with(Notes::default()));
    let game = game.admission(admission).configured(|config| config.limits.resume_window = ms(5_000));
    let network = Network::to(game.server().await);
    let times = Arc::new(AtomicUsize::new(0));
    let count = times.clone();
    let reconnect = Reconnect::default().asking(move || {
        count.fetch_add(1, Ordering::SeqCst);
        async { Some(Credential::Bearer("second".into())) }
    });
    let credential = Credential::Bearer("first".into());
    let config = ClientConfig { credential, reconnect, ..ClientConfig::new("", "ann").unwrap() };
    let ann = game.player_over_with(&network, config).await;
    *good.lock().unwrap() = "second";
    network.cut();
    assert_eq!(ann.slow(1, 0).await, Ok(1), "it came back with a fresh one");
    network.refuse(true);
    network.cut();
    ann.session().closed().await;
    network.refuse(false);
    let refused = game.server().await.stats().logins_failed;
    assert_eq!(ann.session().reconnect().await.unwrap().slow(2, 0).await, Ok(2));
    assert_eq!((times.load(Ordering::SeqCst), game.server().await.stats().logins_failed - refused), (1, 0));
}
