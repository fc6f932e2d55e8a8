//! The end of such a server: in order, in time, and nothing is left of it.

use std::sync::atomic::{AtomicU32, Ordering};

use farcall_tests::waiting::until;
use futures_util::future::join_all;
use tokio::runtime::Builder;
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout};

use super::*;

#[cfg(target_os = "linux")]
#[tokio::test]
async fn shutdown_ends_all_threads_and_frees_the_port() {
    let _alone = alone().await;
    for _ in 0..3 {
        let place = place(Threads::Own(3)).await;
        let address = place.server.local_addr().unwrap().to_string();
        let uids: Vec<String> = (0..10).map(|n| format!("p{n}")).collect();
        let players = join_all(uids.iter().map(|uid| place.enter(uid))).await;
        assert_eq!(crew(), 3);
        place.server.shutdown(LONG).await;
        until(|| crew() == 0).await;
        assert_eq!(place.server.stats().sessions, 0);
        drop(players);
        let again = ServerConfig { address, ..config(Threads::Own(2)) };
        let again = Server::bind(again, Admission::anonymous()).await.expect("the port is free");
        again.shutdown(LONG).await;
    }
    until(|| crew() == 0).await;
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_server_that_is_dropped_leaves_no_thread() {
    let _alone = alone().await;
    let place = place(Threads::Own(3)).await;
    let (ann, _) = place.enter("ann").await;
    assert_eq!(ann.leave_behind().await, Ok(()));
    drop(place);
    ann.session().closed().await;
    until(|| crew() == 0).await;
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_handler_may_end_the_server_that_runs_it() {
    let _alone = alone().await;
    let place = place(Threads::Own(2)).await;
    let (ann, _) = place.enter("ann").await;
    ann.end();
    ann.session().closed().await;
    until(|| crew() == 0).await;
    place.server.shutdown(LONG).await;
}

#[tokio::test]
async fn tasks_that_handlers_left_behind_hold_up_no_shutdown() {
    let _alone = alone().await;
    let place = place(Threads::Own(2)).await;
    let (ann, _) = place.enter("ann").await;
    assert_eq!(ann.leave_behind().await, Ok(()));
    timeout(LONG / 6, place.server.shutdown(LONG)).await.expect("it ends");
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn threads_last_until_every_closed_hook_has_returned() {
    let _alone = alone().await;
    let (saved, disk) = (Arc::new(AtomicU32::new(0)), Arc::new(Semaphore::new(0)));
    let (saves, writes) = (saved.clone(), disk.clone());
    let admission = Admission::anonymous().session(|_| async { Ok(()) }).closed(move |_| {
        let (saves, writes) = (saves.clone(), writes.clone());
        async move {
            let _written = writes.acquire().await;
            saves.fetch_add(1, Ordering::SeqCst);
        }
    });
    let server = Server::bind(config(Threads::Own(3)), admission).await.unwrap();
    let address = server.local_addr().unwrap().to_string();
    let entering =
        (0..10).map(|n| Client::connect(player(address.clone(), &format!("p{n}"), &Heard::default())));
    let players = join_all(entering).await;
    assert!(players.iter().all(Result::is_ok));
    let ending = timeout(Duration::from_millis(500), server.shutdown(LONG)).await;
    assert!(ending.is_err() && crew() == 3, "the saves are not written");
    disk.add_permits(10);
    server.shutdown(LONG).await;
    assert_eq!(saved.load(Ordering::SeqCst), 10);
    until(|| crew() == 0).await;
}

/// Calls beyond those that may be in flight wait in tasks of the session's runtime, which ends with the session.
#[tokio::test]
async fn every_callback_is_called_though_its_thread_ends() {
    let _alone = alone().await;
    const CALLS: u32 = 500;
    let limits = Limits { calls_in_flight_max: 4, ..config(Threads::Own(1)).limits };
    let server = ServerConfig { limits, ..config(Threads::Own(1)) };
    let server = Server::bind(server, Admission::anonymous()).await.unwrap();
    let address = server.local_addr().unwrap().to_string();
    let _ann = Client::connect(player(address, "ann", &Heard::default())).await.unwrap();
    let ended = Arc::new(AtomicU32::new(0));
    let player = server.player("ann").unwrap();
    for _ in 0..CALLS {
        let ended = ended.clone();
        player.ponder().then(move |_| {
            ended.fetch_add(1, Ordering::SeqCst);
        });
    }
    until(|| player.session().calls_outgoing() >= 4).await;
    server.shutdown(Duration::ZERO).await;
    assert_eq!(ended.load(Ordering::SeqCst), CALLS);
}

/// `shutdown` runs on a clock of its own here, which leaps to whatever it waits for.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_thread_that_does_not_come_back_is_waited_for_half_a_minute() {
    let _alone = alone().await;
    let place = place(Threads::Own(2)).await;
    let (ann, _) = place.enter("ann").await;
    let holding = tokio::spawn(async move { ann.hold().await });
    until(|| place.gate.held() == 1).await;
    let server = place.server.clone();
    let waited = tokio::task::spawn_blocking(move || {
        let runtime = Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let began = Instant::now();
            server.shutdown(Duration::ZERO).await;
            began.elapsed()
        })
    });
    assert_eq!(waited.await.unwrap().as_secs(), 30);
    assert_eq!(crew(), 2, "they last as long as a session does");
    place.gate.open();
    until(|| crew() == 0).await;
    assert!(holding.await.unwrap().is_err(), "its session is over");
}
