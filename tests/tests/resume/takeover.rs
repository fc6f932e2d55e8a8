//! Two connections, one session; two logins, one player.

use super::*;

#[tokio::test(start_paused = true)]
async fn a_client_that_notices_first_takes_its_session_over() {
    let (game, notes, network) = game().await;
    let ann = game.player_over(&network, "ann").await;
    // The server hears nothing of the end: for it the old connection is as good as ever.
    network.hold(Towards::Server, true);
    ann.note(1);
    tokio::time::sleep(ms(10)).await;
    let server = game.server().await;
    let before = server.player("ann").unwrap();
    network.cut();
    network.hold(Towards::Server, false);
    ann.note(2);
    until(|| notes.all().len() == 2).await;
    assert_eq!(notes.all(), [1, 2]);
    assert_eq!(before.session().id(), ann.session().id());
    assert_eq!(server.stats().sessions, 1);
}

#[tokio::test(start_paused = true)]
async fn a_new_login_ends_the_session_that_waits_and_is_welcomed_promptly() {
    let (game, _, network) = game().await;
    let old = game.player_over(&network, "ann").await;
    network.lose();
    let began = tokio::time::Instant::now();
    let new = game.player("ann").await;
    assert!(began.elapsed() < ms(100), "{:?}", began.elapsed());
    assert_eq!(new.slow(1, 0).await, Ok(1));
    // The old one finds out when it comes back, and does not fight for its place.
    assert_eq!(old.session().closed().await.code, CloseCode::Replaced);
    assert_eq!(new.slow(2, 0).await, Ok(2));
}

#[tokio::test(start_paused = true)]
async fn the_save_of_a_session_that_waits_is_written_before_it_is_loaded_again() {
    use farcall_server::{Admission, Refusal};
    let saved = Arc::new(Mutex::new(0_u32));
    let (read, write) = (saved.clone(), saved.clone());
    let admission = Admission::anonymous()
        .session(move |_| {
            let loaded = *read.lock().unwrap();
            async move { Ok::<_, Refusal>(std::sync::atomic::AtomicU32::new(loaded)) }
        })
        .closed(move |ended| {
            let write = write.clone();
            async move {
                tokio::time::sleep(ms(1_000)).await;
                *write.lock().unwrap() = ended.session.load(std::sync::atomic::Ordering::SeqCst) + 1;
            }
        });
    let game =
        TestServer::new(contracts![Lobby]).states(States::new().with(Notes::default())).admission(admission);
    let network = Network::to(game.server().await);
    for logins in 0..5 {
        let ann = game.player_over(&network, "ann").await;
        assert_eq!(*saved.lock().unwrap(), logins);
        network.lose();
        std::mem::forget(ann);
    }
}

#[tokio::test(start_paused = true)]
async fn a_second_login_is_refused_only_where_somebody_is_there() {
    let notes = Notes::default();
    let game = TestServer::new(contracts![Lobby])
        .states(States::new().with(notes))
        .configured(|config| config.duplicate_login = farcall_server::DuplicateLogin::RejectNew);
    let network = Network::to(game.server().await);
    let first = game.player_over(&network, "ann").await;
    let second = Client::connect_by(network.dial(), ClientConfig::new("", "ann").unwrap()).await;
    assert!(second.unwrap_err().to_string().contains("already connected"));
    network.refuse(true);
    network.cut();
    until(|| !first.session().is_attached()).await;
    // Its client may have crashed: the player is not locked out.
    let third = game.player("ann").await;
    assert_eq!(third.slow(1, 0).await, Ok(1));
}
