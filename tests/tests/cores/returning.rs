//! Players who come back by way of another thread's listener than their session's.

use farcall_tests::proxy::{Fault, Proxy};
use farcall_tests::waiting::until;

use super::*;

/// After which peers take a connection for dead.
const SILENCE: Duration = Duration::from_secs(20);

/// Cuts ann's connection until another thread than her session's takes her next one, and says which.
async fn brought_back_by_another(place: &Place, proxy: &Proxy, home: &str) -> String {
    // A hash over three threads that always gives the same one: once in 10^48 times.
    for _ in 0..100 {
        let resumed = place.server.stats().resumed;
        proxy.fail(Fault::Rst);
        until(|| place.server.stats().resumed > resumed).await;
        let by = place.taken_by.lock().unwrap()["ann"].clone();
        if by != home {
            return by;
        }
    }
    panic!("one thread takes all connections")
}

/// Another player whose session is on that thread; `called` tells those of one call from those of others.
async fn somebody_on(place: &Place, thread: &str, called: &str) -> Client {
    for n in 0..100 {
        let (client, _) = place.enter(&format!("{called}{n}")).await;
        if client.thread().await.as_deref() == Ok(thread) {
            return client;
        }
    }
    panic!("nobody on {thread}")
}

#[tokio::test]
async fn a_session_stays_on_its_thread_whoever_brings_its_player_back() {
    let _alone = alone().await;
    let place = place(Threads::Own(3)).await;
    let proxy = Proxy::to(place.server.local_addr().unwrap()).await.unwrap();
    let (ann, heard) = place.enter_by(proxy.address().to_string(), "ann").await;
    let id = ann.session().id();
    let home = ann.thread().await.unwrap();
    for line in 0..5 {
        brought_back_by_another(&place, &proxy, &home).await;
        assert_eq!(ann.session().id(), id, "it is the same session");
        assert_eq!(ann.thread().await.as_ref(), Ok(&home));
        assert_eq!(ann.thread_later().await.as_ref(), Ok(&home));
        assert_eq!(ann.ask_back(line).await, Ok(line * 2));
        let seen = place.server.player("ann").unwrap();
        assert_eq!(seen.twice(line).await, Ok(line * 2));
        seen.hear(line);
    }
    until(|| heard.all() == [0, 1, 2, 3, 4]).await;
    place.server.shutdown(LONG).await;
}

#[tokio::test]
async fn a_thread_that_is_held_up_holds_up_its_own_players_only() {
    let _alone = alone().await;
    let place = place(Threads::Own(3)).await;
    let proxy = Proxy::to(place.server.local_addr().unwrap()).await.unwrap();
    let (ann, heard) = place.enter_by(proxy.address().to_string(), "ann").await;
    let home = ann.thread().await.unwrap();
    // Her connection was accepted by the very thread that is held up, and does not need it any more.
    let by = brought_back_by_another(&place, &proxy, &home).await;
    let holder = somebody_on(&place, &by, "holder").await;
    let neighbour = somebody_on(&place, &by, "neighbour").await;
    let holding = tokio::spawn(async move { holder.hold().await });
    until(|| place.gate.held() == 1).await;
    let mut waiting = Box::pin(neighbour.thread());
    for number in 0..20 {
        let answer = tokio::select! {
            biased;
            // Half of the silence after which her client would look for another connection.
            answer = ann.ask_back(number).within(SILENCE / 2) => answer,
            answer = &mut waiting => panic!("a thread that is held up has answered: {answer:?}"),
        };
        assert_eq!(answer, Ok(number * 2));
        place.server.player("ann").unwrap().hear(number);
    }
    until(|| heard.all().len() == 20).await;
    place.gate.open();
    assert_eq!(waiting.await, Ok(by));
    assert_eq!(holding.await.unwrap(), Ok(()));
    place.server.shutdown(LONG).await;
}
