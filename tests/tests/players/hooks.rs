//! Whom the game is told of: each session once, in legal order, whatever the hooks themselves do.

use std::time::Duration;

use farcall_server::{Admission, CloseCode, DuplicateLogin};
use farcall_tests::over_both_transports;
use farcall_tests::waiting::{count_panics, panics, until};
use futures_util::future::join_all;

use crate::hall::{Hall, Place, Story, refused_with};

/// Admission whose hooks write down what happens.
fn writing(story: &Story) -> Admission {
    let (opened, closed) = (story.clone(), story.clone());
    Admission::anonymous()
        .opened(move |player| opened.add(format!("opened {}", player.session().id())))
        .closed(move |ended| {
            let closed = closed.clone();
            async move {
                tokio::task::yield_now().await;
                closed.add(format!("closed {} {}", ended.player.session().id(), ended.reason.code.name()));
            }
        })
}

over_both_transports! {
    async fn each_session_is_opened_once_and_closed_once_and_never_overlaps_its_successor(over: Over) {
        let story = Story::default();
        let hall = Place::new(over, DuplicateLogin::KickOld, writing(&story)).await;
        let clients = join_all((0..20).map(|_| hall.enter("ann"))).await;
        drop(clients);
        until(|| hall.sessions() == 0 && story.all().len() == 40).await;
        let lines = story.all();
        for pair in lines.chunks(2) {
            let opened = pair[0].strip_prefix("opened ").expect("opened first");
            assert!(pair[1].starts_with(&format!("closed {opened} ")), "{pair:?}");
        }
    }

    async fn the_hooks_know_why(over: Over) {
        let story = Story::default();
        let hall = Place::new(over, DuplicateLogin::KickOld, writing(&story)).await;
        let (ann, _) = hall.enter("ann").await;
        let (bob, _) = hall.enter("bob").await;
        hall.table.server.kick("ann", "");
        bob.session().leave().await;
        let (cat, _) = hall.enter("cat").await;
        hall.table.server.shutdown(Duration::from_secs(1)).await;
        let mut whys: Vec<String> = story.all().iter()
            .filter(|line| line.starts_with("closed"))
            .filter_map(|line| line.rsplit(' ').next().map(str::to_owned))
            .collect();
        whys.sort();
        assert_eq!(whys, ["Done", "Kicked", "Shutdown"]);
        drop((ann, cat));
    }

    async fn nothing_of_a_player_is_handled_before_its_opened_hook_has_returned(over: Over) {
        let story = Story::default();
        let told = story.clone();
        let admission = Admission::anonymous().opened(move |player| {
            player.session().close(CloseCode::Kicked.into());
            told.add("opened");
        });
        let hall = Place::new(over, DuplicateLogin::KickOld, admission).await;
        if let Ok((ann, _)) = hall.try_enter("ann").await {
            assert!(ann.sum(1, 1).await.is_err());
            assert_eq!(ann.session().closed().await.code, CloseCode::Kicked);
        }
        until(|| hall.sessions() == 0).await;
        assert_eq!(story.all(), ["opened"]);
    }

    async fn hooks_that_panic_harm_nobody(over: Over) {
        count_panics();
        let admission = Admission::anonymous()
            .opened(|_| panic!("on purpose, opened"))
            .closed(|ended| async move {
                tokio::task::yield_now().await;
                panic!("on purpose, closed {}", ended.player.session().uid())
            });
        let hall = Place::new(over, DuplicateLogin::KickOld, admission).await;
        for _ in 0..3 {
            let (ann, _) = hall.enter("ann").await;
            assert_eq!(ann.sum(2, 3).await, Ok(5));
        }
        until(|| hall.sessions() == 0 && hall.table.server.stats().players == 0).await;
        assert_eq!(panics(), 0);
    }

    async fn a_hook_that_panics_before_it_awaits_harms_nobody(over: Over) {
        let admission = Admission::anonymous().closed(|ended| {
            assert!(ended.player.session().uid().as_str().is_empty(), "on purpose, closed at once");
            async {}
        });
        let hall = Place::new(over, DuplicateLogin::KickOld, admission).await;
        drop(hall.enter("ann").await);
        until(|| hall.sessions() == 0).await;
        let (ann, _) = hall.enter("ann").await;
        assert_eq!(ann.sum(2, 3).await, Ok(5));
    }
}

#[tokio::test(start_paused = true)]
async fn a_login_waits_five_seconds_for_a_hook_that_hangs_and_is_told_busy() {
    let admission = Admission::anonymous().closed(|_| std::future::pending());
    let hall = Place::new(farcall_tests::Over::Memory, DuplicateLogin::KickOld, admission).await;
    let (ann, _) = hall.enter("ann").await;
    ann.session().leave().await;
    let (config, _) = hall.config("ann");
    // Longer than the server waits, so that its answer comes first.
    let limits = farcall_client::Limits { login_timeout: Duration::from_secs(20), ..Default::default() };
    let start = tokio::time::Instant::now();
    let refused = hall.table.connect(farcall_client::ClientConfig { limits, ..config }).await;
    assert_eq!(refused_with(refused.map(drop).unwrap_err()), CloseCode::Busy);
    assert_eq!(start.elapsed().as_secs(), 5);
    let (bob, _) = hall.enter("bob").await;
    assert_eq!(bob.sum(2, 3).await, Ok(5), "others do not wait");
}
