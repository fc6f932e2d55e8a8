//! The same player twice: who stays, who goes, and what each is told.

use std::time::Duration;

use farcall_client::CloseCode;
use farcall_server::{Admission, DuplicateLogin};
use farcall_tests::over_both_transports;
use farcall_tests::waiting::until;
use futures_util::future::join_all;

use crate::hall::{Ear, Hall, Place, hall, refused_with, told};

over_both_transports! {
    async fn the_newer_login_replaces_the_older(over: Over) {
        let hall = hall(over).await;
        let (old, _) = hall.enter("ann").await;
        let (new, heard) = hall.enter("ann").await;
        let reason = told(&old).await;
        assert_eq!((reason.code, reason.by_peer), (CloseCode::Replaced, true));
        assert_eq!(new.sum(2, 3).await, Ok(5));
        hall.player("ann").hear(9);
        until(|| heard.all() == [9]).await;
        assert_eq!((hall.sessions(), hall.table.server.sessions("ann").len()), (1, 1));
    }

    async fn the_newer_login_is_refused_if_so_configured(over: Over) {
        let hall = Place::new(over, DuplicateLogin::RejectNew, Admission::anonymous()).await;
        let (old, _) = hall.enter("ann").await;
        let refused = hall.try_enter("ann").await.map(drop).unwrap_err();
        assert_eq!(refused_with(refused), CloseCode::AlreadyConnected);
        assert_eq!(old.sum(2, 3).await, Ok(5));
        old.session().leave().await;
        let (again, _) = hall.enter("ann").await;
        assert_eq!(again.sum(2, 3).await, Ok(5));
    }

    async fn a_player_whose_old_session_is_just_being_saved_waits_for_it(over: Over) {
        let (saved, save) = tokio::sync::watch::channel(false);
        let admission = Admission::anonymous().closed(move |_| {
            let mut save = save.clone();
            async move { drop(save.wait_for(|done| *done).await) }
        });
        let hall = Place::new(over, DuplicateLogin::RejectNew, admission).await;
        let (old, _) = hall.enter("ann").await;
        let kept = hall.player("ann");
        old.session().leave().await;
        // Its session is over on both ends, and its closed hook has not returned.
        until(|| !kept.session().is_open()).await;
        let again = hall.enter("ann");
        let ((again, _), ()) = tokio::join!(again, async {
            tokio::task::yield_now().await;
            saved.send_replace(true);
        });
        assert_eq!(again.sum(2, 3).await, Ok(5), "not refused: nobody of that name is connected");
    }

    async fn so_many_sessions_of_one_player_and_no_more(over: Over) {
        let hall = Place::new(over, DuplicateLogin::Allow(2), Admission::anonymous()).await;
        let (first, _) = hall.enter("ann").await;
        let (second, _) = hall.enter("ann").await;
        assert_eq!(hall.table.server.sessions("ann").len(), 2);
        let (third, _) = hall.enter("ann").await;
        assert_eq!(told(&first).await.code, CloseCode::Replaced);
        assert_eq!((second.sum(1, 1).await, third.sum(1, 1).await), (Ok(2), Ok(2)));
        assert_eq!(hall.player("ann").session().id(), third.session().id(), "the newest");
        assert_eq!(hall.table.server.sessions("ann").len(), 2);
    }

    async fn a_session_that_ends_makes_room_before_one_that_lives(over: Over) {
        let (saved, save) = tokio::sync::watch::channel(false);
        let admission = Admission::anonymous().closed(move |_| {
            let mut save = save.clone();
            async move { drop(save.wait_for(|done| *done).await) }
        });
        let hall = Place::new(over, DuplicateLogin::Allow(2), admission).await;
        let (first, _) = hall.enter("ann").await;
        let (second, _) = hall.enter("ann").await;
        let seen = hall.player("ann");
        second.session().leave().await;
        until(|| !seen.session().is_open()).await;
        let third = hall.enter("ann");
        let ((third, _), ()) = tokio::join!(third, async {
            tokio::task::yield_now().await;
            saved.send_replace(true);
        });
        assert_eq!((first.sum(1, 1).await, third.sum(1, 1).await), (Ok(2), Ok(2)), "the first was not in the way");
    }

    async fn fifty_logins_of_one_player_at_once_leave_one_and_each_loser_is_told(over: Over) {
        fifty_at_once(over, DuplicateLogin::KickOld, 1).await;
    }

    async fn fifty_logins_of_one_player_at_once_leave_as_many_as_allowed(over: Over) {
        fifty_at_once(over, DuplicateLogin::Allow(3), 3).await;
    }

    async fn of_fifty_logins_at_once_one_gets_in_where_the_rest_are_refused(over: Over) {
        let hall = Place::new(over, DuplicateLogin::RejectNew, Admission::anonymous()).await;
        let logins = join_all((0..50).map(|_| hall.try_enter("ann"))).await;
        let (entered, refused): (Vec<_>, Vec<_>) = logins.into_iter().partition(Result::is_ok);
        assert_eq!((entered.len(), refused.len()), (1, 49));
        for error in refused.into_iter().filter_map(Result::err) {
            assert_eq!(refused_with(error), CloseCode::AlreadyConnected);
        }
        assert_eq!(hall.table.server.sessions("ann").len(), 1);
    }

    async fn the_late_end_of_an_old_session_removes_nothing_of_the_new_one(over: Over) {
        let hall = hall(over).await;
        let (old, _) = hall.enter("ann").await;
        let kept = hall.player("ann");
        let (new, heard) = hall.enter("ann").await;
        kept.session().ended().await;
        kept.session().close(CloseCode::Done.into());
        drop(old);
        for n in 0..20 {
            tokio::task::yield_now().await;
            hall.player("ann").hear(n);
        }
        assert_eq!(new.sum(2, 3).await, Ok(5));
        until(|| heard.all().len() == 20).await;
        assert_eq!(hall.sessions(), 1);
    }

    async fn a_kicked_player_is_told_why_and_may_come_back(over: Over) {
        let hall = hall(over).await;
        let (ann, _) = hall.enter("ann").await;
        let (bob, _) = hall.enter("bob").await;
        assert!(hall.table.server.kick("ann", "no shouting"));
        let reason = told(&ann).await;
        assert_eq!(reason.code, CloseCode::Kicked);
        assert_eq!(reason.message, "no shouting");
        assert!(!hall.table.server.kick("eve", "who?"));
        let (again, _) = hall.enter("ann").await;
        assert_eq!((again.sum(1, 1).await, bob.sum(1, 1).await), (Ok(2), Ok(2)));
    }
}

async fn fifty_at_once(over: farcall_tests::Over, policy: DuplicateLogin, stay: usize) {
    let hall = Place::new(over, policy, Admission::anonymous()).await;
    let clients: Vec<_> = join_all((0..50).map(|_| hall.enter("ann"))).await;
    let mut replaced = 0;
    until(|| clients.iter().filter(|(client, _)| client.session().is_open()).count() == stay).await;
    for (client, _) in &clients {
        if !client.session().is_open() {
            assert_eq!(told(client).await.code, CloseCode::Replaced);
            replaced += 1;
        }
    }
    assert_eq!(replaced, 50 - stay);
    until(|| hall.sessions() == stay as u64).await;
    assert_eq!(hall.table.server.sessions("ann").len(), stay);
    for (client, _) in clients.iter().filter(|(client, _)| client.session().is_open()) {
        assert_eq!(client.sum(2, 3).within(Duration::from_secs(5)).await, Ok(5));
    }
}
