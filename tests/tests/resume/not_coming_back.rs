//! Sessions that end although their clients would come back, and what both sides are told.

use super::*;

async fn ended(player: &TestPlayer) -> CloseCode {
    player.session().closed().await.code
}

#[tokio::test(start_paused = true)]
async fn whose_time_is_up_is_gone_on_both_sides() {
    let (game, _, network) = game_with(|limits| limits.resume_window = ms(10_000)).await;
    let ann = game.player_over(&network, "ann").await;
    let server = game.server().await;
    let player = server.player("ann").unwrap();
    network.refuse(true);
    network.cut();
    let began = tokio::time::Instant::now();
    assert_eq!(ann.slow(1, 0).within(ms(60_000)).await, Err(farcall_client::NotExecuted::NeverSent.into()));
    assert_eq!(began.elapsed().as_secs(), 10);
    assert_eq!(player.session().closed().await.code, CloseCode::ConnectionLost);
    assert_eq!(ended(&ann).await, CloseCode::ConnectionLost);
    assert!(server.player("ann").is_err());
}

#[tokio::test(start_paused = true)]
async fn who_was_kicked_while_away_is_told_when_it_comes_back_and_stays_away() {
    let (game, _, network) = game().await;
    let ann = game.player_over(&network, "ann").await;
    network.refuse(true);
    network.cut();
    until(|| !ann.session().is_attached()).await;
    assert!(game.server().await.kick("ann", "enough"));
    network.refuse(false);
    assert_eq!(ended(&ann).await, CloseCode::Kicked);
    let connections = network.connections();
    tokio::time::sleep(ms(60_000)).await;
    assert_eq!(network.connections(), connections, "it does not try again");
}

#[tokio::test(start_paused = true)]
async fn a_call_that_did_not_arrive_before_the_end_certainly_never_ran() {
    let (game, notes, network) = game().await;
    let ann = game.player_over(&network, "ann").await;
    let arrived = ann.slow(1, 100_000).within(ms(100_000));
    let lost = async {
        until(|| notes.all() == [1]).await;
        network.lose();
        let lost = ann.slow(2, 0).within(ms(100_000));
        let end = async {
            tokio::time::sleep(ms(10)).await;
            game.server().await.kick("ann", "enough");
        };
        tokio::join!(lost, end).0
    };
    let (arrived, lost) = tokio::join!(arrived, lost);
    assert_eq!(arrived, Err(farcall_client::CallError::Indeterminate));
    assert_eq!(lost, Err(farcall_client::NotExecuted::NeverSent.into()));
    assert_eq!(notes.all(), [1]);
}

#[tokio::test(start_paused = true)]
async fn another_server_at_the_same_place_has_never_heard_of_it() {
    let (game, _, network) = game().await;
    let (other, ..) = super::game().await;
    let (here, there) = (game.server().await.dialer(), other.server().await.dialer());
    let first = std::sync::atomic::AtomicBool::new(true);
    let dial = move || {
        let dialer =
            if first.swap(false, std::sync::atomic::Ordering::SeqCst) { here.clone() } else { there.clone() };
        async move { dialer.connect().await }
    };
    let ann = Client::connect_by(dial, ClientConfig::new("", "ann").unwrap()).await.unwrap();
    game.server().await.shutdown(ms(0)).await;
    assert_eq!(
        ann.session().closed().await.code,
        CloseCode::Shutdown,
        "an orderly end is no lost connection"
    );
    drop(network);
}

#[tokio::test(start_paused = true)]
async fn a_client_without_a_way_back_ends_with_its_connection() {
    let (game, ..) = game().await;
    let ann = game.player("ann").await;
    assert!(ann.session().resume_window().is_zero());
}

#[tokio::test(start_paused = true)]
async fn a_server_may_want_no_resume() {
    let (game, _, network) = game_with(|limits| limits.resume_window = Duration::ZERO).await;
    let ann = game.player_over(&network, "ann").await;
    network.cut();
    assert_eq!(ended(&ann).await, CloseCode::ConnectionLost);
    assert_eq!(network.connections(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_credential_that_is_no_longer_good_is_asked_for_once() {
    use farcall_client::Credential;
    use farcall_server::{Admission, Refusal, Uid};
    let good = Arc::new(Mutex::new("first".to_owned()));
    let asked = good.clone();
    let game = TestServer::new(contracts![Lobby]).states(States::new().with(Notes::default())).admission(
        Admission::new(move |arrival| {
            let is_good = arrival.bearer.as_ref() == Some(&*asked.lock().unwrap());
            async move { if is_good { Ok(Uid::from(7)) } else { Err(Refusal::unauthorized("expired")) } }
        }),
    );
    let network = Network::to(game.server().await);
    let fresh = good.clone();
    let reconnect = Reconnect::default().asking(move || {
        let fresh = fresh.lock().unwrap().clone();
        async move { Some(Credential::Bearer(fresh)) }
    });
    let config = ClientConfig {
        credential: Credential::Bearer("first".into()),
        reconnect,
        ..ClientConfig::new("", "whoever").unwrap()
    };
    let player = game.player_over_with(&network, config).await;
    "second".clone_into(&mut good.lock().unwrap());
    network.cut();
    assert_eq!(player.slow(1, 0).await, Ok(1));
    assert_eq!((network.connections(), player.session().uid().as_str()), (3, "7"));
}

#[tokio::test(start_paused = true)]
async fn who_has_waited_longest_makes_room_when_too_much_waits() {
    let notes = Notes::default();
    let game = TestServer::new(contracts![Lobby])
        .states(States::new().with(notes))
        .configured(|config| config.detached_bytes_max = 30_000);
    let server = game.server().await;
    let mut away = Vec::new();
    for uid in ["ann", "bob", "eve"] {
        let network = Network::to(server);
        let player = game.player_over(&network, uid).await;
        network.refuse(true);
        network.cut();
        until(|| !player.session().is_attached()).await;
        // Some 13 KB each.
        (0..150).for_each(|number| assert_eq!(server.player(uid).unwrap().told(number), Notified::Sent));
        tokio::time::sleep(ms(100)).await;
        away.push((network, player));
    }
    until(|| server.player("ann").is_err()).await;
    assert_eq!(server.stats().detached, 2);
    let (network, ann) = &away[0];
    network.refuse(false);
    assert_eq!(ended(ann).await, CloseCode::SlowConsumer);
}

#[tokio::test(start_paused = true)]
async fn who_is_refused_for_good_does_not_try_again() {
    use farcall_server::{Admission, Refusal};
    let update = || Refusal::UpdateRequired { message: "old".into(), url: "https://example.org".into() };
    for refusal in [Refusal::unauthorized("expired"), Refusal::because("banned"), update()] {
        let (is_open, code) = (Arc::new(std::sync::atomic::AtomicBool::new(true)), refusal.code());
        let door = is_open.clone();
        let admission = Admission::new(move |arrival| {
            let let_in = door.load(std::sync::atomic::Ordering::SeqCst);
            let refusal = refusal.clone();
            async move { if let_in { Ok(arrival.uid) } else { Err(refusal) } }
        });
        let game = TestServer::new(contracts![Lobby]).states(States::new().with(Notes::default()));
        let game = game.admission(admission);
        let network = Network::to(game.server().await);
        let ann = game.player_over(&network, "ann").await;
        is_open.store(false, std::sync::atomic::Ordering::SeqCst);
        network.cut();
        assert_eq!(ended(&ann).await, code);
        tokio::time::sleep(ms(50_000)).await;
        assert_eq!(network.connections(), 2);
        assert!(game.server().await.player("ann").is_ok(), "the session waits for whoever may have it");
    }
}

#[tokio::test(start_paused = true)]
async fn why_a_session_is_over_is_told_for_ten_minutes() {
    for (after, code) in [(500, CloseCode::Kicked), (700, CloseCode::NotResumable)] {
        // A client that is more patient than the server: it still asks when nobody remembers.
        let (game, _, network) = game_with(|limits| limits.resume_window = ms(3_600_000)).await;
        let ann = game.player_over(&network, "ann").await;
        network.refuse(true);
        network.cut();
        until(|| !ann.session().is_attached()).await;
        assert!(game.server().await.kick("ann", "enough"));
        tokio::time::sleep(ms(after * 1_000)).await;
        network.refuse(false);
        assert_eq!(ended(&ann).await, code, "after {after} s");
    }
}
