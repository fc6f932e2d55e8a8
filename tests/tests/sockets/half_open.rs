//! Connections that are dead although nobody says so, and slow ones that are not dead.

use std::time::Instant;

use farcall_client::ClientEvent;
use farcall_server::{CloseCode, SessionEvent};

use super::*;

const HEARTBEAT: Duration = ms(250);
const SILENCE_MAX: Duration = ms(1_500);
const WINDOW: Duration = ms(1_000);
/// What a machine with too much to do may add before somebody is told.
const SLACK: Duration = ms(10_000);

/// A player and the server's end of it, over a proxy.
async fn ann_over(proxy: &Proxy, server: &Server) -> (Client, Player) {
    let ann = Client::connect(guest(proxy, "ann", &Notes::default())).await.unwrap();
    (ann, seen_by(server, "ann").await)
}

/// What comes of waiting, unless that takes too long.
async fn in_time<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(SILENCE_MAX + SLACK, what).await.expect("nobody has noticed")
}

/// Why the server's end has lost its connection, as the first thing that happens to it.
async fn lost_by(player: &Player) -> CloseCode {
    match in_time(player.session().next_event(&mut 0)).await {
        Some(SessionEvent::Detached(why)) => why.code,
        other => panic!("{other:?} before the connection was lost"),
    }
}

/// Why the client's has.
async fn lost_by_client(ann: &Client) -> CloseCode {
    let mut events = ann.session().events();
    assert_eq!(events.next().await, Some(ClientEvent::Opened));
    match in_time(events.next()).await {
        Some(ClientEvent::Detached(why)) => why.code,
        other => panic!("{other:?} before the connection was lost"),
    }
}

#[tokio::test]
async fn silence_is_noticed_at_both_ends_and_outlived() {
    let server = server(pinging(HEARTBEAT, SILENCE_MAX)).await;
    let proxy = Proxy::to(server.local_addr().unwrap()).await.unwrap();
    let (ann, player) = ann_over(&proxy, &server).await;
    assert_eq!(ann.ask(1).await, Ok(1));
    // Nobody comes back before both have noticed by themselves.
    proxy.refuse(true);
    let began = Instant::now();
    proxy.fail(Fault::BlackHole);
    ann.note(2);
    player.told(2);
    assert_eq!(
        tokio::join!(lost_by(&player), lost_by_client(&ann)),
        (CloseCode::PeerSilent, CloseCode::PeerSilent)
    );
    // The last sign of life may be as old as a heartbeat, and a busy machine sees it late.
    assert!(began.elapsed() >= SILENCE_MAX - HEARTBEAT * 2, "{:?}", began.elapsed());
    proxy.refuse(false);
    assert_eq!(ann.ask(3).await, Ok(3));
    assert_eq!(ann.noted().await, Ok(vec![1, 2, 3]));
    assert_eq!((player.asked(4).await, server.stats().resumed), (Ok(1_004), 1));
}

#[tokio::test]
async fn whoever_hears_nothing_more_leaves_and_the_other_is_told() {
    for (deaf, codes) in [
        (Towards::Server, (CloseCode::PeerSilent, CloseCode::ConnectionLost)),
        (Towards::Client, (CloseCode::ConnectionLost, CloseCode::PeerSilent)),
    ] {
        let server = server(pinging(HEARTBEAT, SILENCE_MAX)).await;
        let proxy = Proxy::to(server.local_addr().unwrap()).await.unwrap();
        let (ann, player) = ann_over(&proxy, &server).await;
        proxy.hold(deaf, true);
        let mut beat = tokio::time::interval(HEARTBEAT);
        // A client that hears no pings answers none, and would be silent itself.
        let chatter = async {
            loop {
                beat.tick().await;
                ann.note(0);
            }
        };
        let lost = async { tokio::join!(lost_by(&player), lost_by_client(&ann)) };
        let seen = tokio::select! { () = chatter => None, codes = lost => Some(codes) };
        assert_eq!(seen, Some(codes), "deaf: {deaf:?}");
        proxy.hold(deaf, false);
        assert_eq!((ann.ask(1).await, player.asked(2).await), (Ok(1), Ok(1_002)));
        assert!(server.stats().resumed >= 1);
    }
}

#[tokio::test]
async fn nothing_is_kept_of_a_player_who_vanished_and_did_not_come_back() {
    let server = server(Limits { resume_window: WINDOW, ..pinging(HEARTBEAT, SILENCE_MAX) }).await;
    let proxy = Proxy::to(server.local_addr().unwrap()).await.unwrap();
    let (ann, player) = ann_over(&proxy, &server).await;
    assert_eq!(ann.ask(1).await, Ok(1));
    proxy.refuse(true);
    proxy.fail(Fault::BlackHole);
    drop(ann);
    assert_eq!(lost_by(&player).await, CloseCode::PeerSilent);
    assert_eq!((server.stats().sessions, server.stats().detached), (1, 1));
    in_time(player.session().closed()).await;
    until(|| server.stats().sessions == 0 && server.stats().bytes_held == 0).await;
}

#[tokio::test]
async fn a_slow_link_is_no_dead_one() {
    let (heartbeat, silence_max) = (ms(250), ms(4_000));
    let server = server(pinging(heartbeat, silence_max)).await;
    let proxy = Proxy::to(server.local_addr().unwrap()).await.unwrap();
    // There and back takes five heartbeats.
    proxy.delay(ms(625));
    let (ann, player) = ann_over(&proxy, &server).await;
    for number in 0..3 {
        let both = async { tokio::join!(ann.ask(number), player.asked(number)) };
        let began = Instant::now();
        assert_eq!(both.await, (Ok(number), Ok(number + 1_000)));
        assert!(began.elapsed() >= ms(1_250), "{:?}", began.elapsed());
    }
    // Nor is one over which nothing goes but heartbeats.
    let quiet = tokio::time::timeout(silence_max * 3 / 2, player.session().next_event(&mut 0)).await;
    assert!(quiet.is_err(), "{quiet:?}");
    assert_eq!((proxy.connections(), server.stats().resumed), (1, 0));
    assert!(player.session().rtt().is_some_and(|rtt| rtt >= ms(1_250)));
}

#[tokio::test]
async fn a_link_that_stalls_and_goes_on_is_neither_dead_nor_a_flood() {
    let (heartbeat, silence_max) = (ms(200), ms(6_000));
    let server = server(pinging(heartbeat, silence_max)).await;
    let proxy = Proxy::to(server.local_addr().unwrap()).await.unwrap();
    let (ann, player) = ann_over(&proxy, &server).await;
    for way in [Towards::Client, Towards::Server] {
        proxy.hold(way, true);
        // A dozen pings, or their answers, gather here and come all at once.
        let quiet = tokio::time::timeout(heartbeat * 12, player.session().next_event(&mut 0)).await;
        assert!(quiet.is_err(), "{quiet:?}");
        proxy.hold(way, false);
        assert_eq!((ann.ask(1).await, player.asked(2).await), (Ok(1), Ok(1_002)), "stalled: {way:?}");
    }
    assert_eq!((proxy.connections(), server.stats().resumed), (1, 0));
}
