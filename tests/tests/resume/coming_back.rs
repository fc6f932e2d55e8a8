//! The connection is lost, and neither side's calls notice more than a pause.

use super::*;

#[tokio::test(start_paused = true)]
async fn calls_in_flight_both_ways_survive_a_cut() {
    let (game, notes, network) = game().await;
    let ann = game.player_over(&network, "ann").await;
    ann.answer(Player.asked, |number| number + 1);
    let (running, asked) = (ann.slow(1, 500), ann.slow(2, 500).then(|_| ()));
    drop(asked);
    let cut = async {
        until(|| notes.all().len() == 2).await;
        network.cut();
        network.cut();
    };
    let (answer, ()) = tokio::join!(running, cut);
    assert_eq!(answer, Ok(1));
    assert_eq!(notes.all(), [2, 1]);
    // And the other way, asked while there is no connection.
    network.cut();
    let player = game.server().await.player("ann").expect("she is present");
    assert_eq!(player.asked(41).await, Ok(42));
    assert_eq!(ann.ask_me(1).await, Ok(2));
    assert_eq!(network.connections(), 3);
    assert_eq!(game.server().await.stats().resumed, 2);
}

#[tokio::test(start_paused = true)]
async fn messages_arrive_once_and_in_order_across_many_cuts() {
    let (game, notes, network) = game().await;
    let ann = game.player_over(&network, "ann").await;
    let mut told = ann.hear(Player.told);
    let player = game.server().await.player("ann").unwrap();
    let all = 0..600_u32;
    for number in all.clone() {
        assert_eq!(ann.note(number), Notified::Sent);
        assert_eq!(player.told(number), Notified::Sent);
        if number % 20 == 0 {
            network.cut();
        }
        tokio::task::yield_now().await;
        // Longer in all than a few of the client's random pauses, of at most 100 ms each at first.
        if number % 10 == 0 {
            tokio::time::advance(ms(30)).await;
        }
    }
    until(|| notes.all().len() == 600).await;
    assert_eq!(notes.all(), all.clone().collect::<Vec<_>>());
    for number in all {
        assert_eq!(told.next().await, number);
    }
    assert!(network.connections() > 5);
}

#[tokio::test(start_paused = true)]
async fn what_was_steered_last_before_the_cut_is_held_after_it() {
    let (game, notes, network) = game().await;
    let ann = game.player_over(&network, "ann").await;
    // The link takes the value and brings it nowhere.
    network.lose();
    ann.steer(7);
    tokio::time::sleep(ms(5)).await;
    network.cut();
    until(|| notes.all() == [7]).await;
}

#[tokio::test(start_paused = true)]
async fn a_call_whose_time_is_up_before_the_return_never_starts() {
    let (game, notes, network) = game().await;
    let ann = game.player_over(&network, "ann").await;
    network.refuse(true);
    network.cut();
    until(|| !ann.session().is_attached()).await;
    let late = ann.slow(1, 0).within(ms(5_000)).await;
    assert_eq!(late, Err(farcall_client::NotExecuted::NeverSent.into()));
    tokio::time::sleep(ms(3_000)).await;
    network.refuse(false);
    assert_eq!(ann.slow(2, 0).await, Ok(2));
    assert_eq!(notes.all(), [2]);
}

#[tokio::test(start_paused = true)]
async fn a_dead_link_is_noticed_by_silence_and_left() {
    let (game, notes, network) = game().await;
    let ann = game.player_over(&network, "ann").await;
    let began = tokio::time::Instant::now();
    network.lose();
    assert_eq!(ann.slow(1, 0).within(ms(60_000)).await, Ok(1));
    assert!(began.elapsed() <= ms(21_000), "{:?}", began.elapsed());
    assert_eq!((notes.all(), network.connections()), (vec![1], 2));
}

#[tokio::test(start_paused = true)]
async fn a_slow_link_is_no_dead_one() {
    let (game, _, network) = game().await;
    network.delay(ms(1_000));
    let ann = game.player_over(&network, "ann").await;
    for number in 0..30 {
        assert_eq!(ann.slow(number, 2_000).await, Ok(number));
    }
    assert_eq!(network.connections(), 1);
}

#[tokio::test(start_paused = true)]
async fn both_sides_are_told_in_order() {
    let (game, _, network) = game().await;
    let ann = game.player_over(&network, "ann").await;
    let mut events = ann.session().events();
    assert_eq!(events.next().await, Some(ClientEvent::Opened));
    network.cut();
    assert!(
        matches!(events.next().await, Some(ClientEvent::Detached(why)) if why.code == CloseCode::ConnectionLost)
    );
    ann.note(1);
    assert!(
        matches!(events.next().await, Some(ClientEvent::Resumed { replayed: 0, away }) if away < ms(200))
    );
    game.server().await.kick("ann", "enough");
    assert!(matches!(events.next().await, Some(ClientEvent::Closed(why)) if why.code == CloseCode::Kicked));
    assert_eq!(events.next().await, None);
}

#[tokio::test(start_paused = true)]
async fn a_session_that_has_said_nothing_comes_back_too() {
    let (game, _, network) = game().await;
    let ann = game.player_over(&network, "ann").await;
    network.cut();
    until(|| network.connections() == 2 && ann.session().is_attached()).await;
    assert_eq!(ann.slow(1, 0).await, Ok(1));
}

#[tokio::test]
async fn over_real_sockets_too() {
    let notes = Notes::default();
    let config = farcall_server::ServerConfig {
        serves: contracts![Lobby],
        states: States::new().with(notes.clone()),
        ..Default::default()
    };
    let server = farcall_server::Server::bind(config, farcall_server::Admission::anonymous()).await.unwrap();
    let address = server.local_addr().unwrap();
    let sockets: Arc<Mutex<Vec<std::net::TcpStream>>> = Arc::default();
    let kept = sockets.clone();
    let dial = move || {
        let kept = kept.clone();
        async move {
            let stream = tokio::net::TcpStream::connect(address).await?.into_std()?;
            kept.lock().unwrap().push(stream.try_clone()?);
            tokio::net::TcpStream::from_std(stream)
        }
    };
    let ann = Client::connect_by(dial, ClientConfig::new("", "ann").unwrap()).await.unwrap();
    for number in 0..50 {
        let answer = ann.slow(number, 5);
        let cut = async {
            until(|| notes.all().len() == number as usize + 1).await;
            if number % 10 == 5 {
                let socket = sockets.lock().unwrap().last().unwrap().try_clone().unwrap();
                socket.shutdown(std::net::Shutdown::Both).unwrap();
            }
        };
        assert_eq!(tokio::join!(answer, cut).0, Ok(number));
    }
    assert_eq!(notes.all(), (0..50).collect::<Vec<_>>());
    assert_eq!(server.stats().resumed, 5);
}
