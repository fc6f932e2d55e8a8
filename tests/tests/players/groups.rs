//! Groups: who is in one hears it once, in one order, from one encoding; who does not listen delays nobody.

use std::sync::atomic::Ordering;
use std::time::Duration;

use farcall_client::Client;
use farcall_tests::waiting::until;
use farcall_tests::{Over, over_both_transports};
use futures_util::future::join_all;

use crate::hall::{Counted, Ear, Heard, Place, SERIALISED, hall};

async fn many(hall: &Place, count: usize) -> Vec<(Client, Heard)> {
    join_all((0..count).map(|n| async move { hall.enter(&format!("p{n}")).await })).await
}

over_both_transports! {
    async fn who_has_joined_hears_and_who_has_left_does_not(over: Over) {
        let hall = hall(over).await;
        let players = many(&hall, 3).await;
        let room = hall.table.server.group("room");
        assert_eq!(room.members().add("p0"), Ok(true));
        assert_eq!(room.members().add("p0"), Ok(false));
        assert_eq!(room.members().add("p1"), Ok(true));
        assert!(room.members().add("nobody").is_err());
        assert_eq!(room.hear(1).sent, 2);
        assert!(room.members().remove("p0") && !room.members().remove("p0"));
        assert_eq!(room.hear(2).sent, 1);
        let p1 = hall.player("p1").session().uid().clone();
        assert_eq!(room.members().except(&p1).hear(3).sent, 0);
        assert_eq!(hall.table.server.everyone().hear(4).sent, 3);
        until(|| players.iter().all(|(_, heard)| heard.all().last() == Some(&4))).await;
        let heard: Vec<_> = players.iter().map(|(_, heard)| heard.all()).collect();
        assert_eq!(heard, [vec![1, 4], vec![1, 2, 4], vec![4]]);
    }

    async fn a_session_that_ends_has_left_its_groups(over: Over) {
        let hall = hall(over).await;
        let (ann, _) = hall.enter("ann").await;
        let (bob, heard) = hall.enter("bob").await;
        let room = hall.table.server.group("room");
        room.members().add("ann").unwrap();
        room.members().add("bob").unwrap();
        ann.session().leave().await;
        until(|| room.members().len() == 1).await;
        let (again, silent) = hall.enter("ann").await;
        assert_eq!(room.hear(1).sent, 1);
        until(|| heard.all() == [1]).await;
        assert!(silent.all().is_empty(), "a new session starts in no group");
        drop((again, bob));
        until(|| room.members().is_empty()).await;
        drop(room);
        until(|| hall.table.server.stats().groups == 0).await;
    }

    async fn every_member_hears_two_senders_in_one_order(over: Over) {
        let hall = hall(over).await;
        let players = many(&hall, 8).await;
        let room = hall.table.server.group("room");
        for n in 0..8 {
            room.members().add(format!("p{n}")).unwrap();
        }
        let senders: Vec<_> = (0..2_u64)
            .map(|sender| {
                let room = room.clone();
                std::thread::spawn(move || (0..200).for_each(|n| assert_eq!(room.hear(sender * 1_000 + n).sent, 8)))
            })
            .collect();
        until(|| players.iter().all(|(_, heard)| heard.all().len() == 400)).await;
        senders.into_iter().for_each(|sender| sender.join().unwrap());
        let first = players[0].1.all();
        assert!(players.iter().all(|(_, heard)| heard.all() == first));
        for sender in 0..2 {
            let own: Vec<_> = first.iter().filter(|line| **line / 1_000 == sender).collect();
            assert!(own.is_sorted(), "each sender's own order is kept");
        }
    }

    async fn a_call_to_a_group_gathers_each_answer(over: Over) {
        let hall = hall(over).await;
        let _players = many(&hall, 5).await;
        let room = hall.table.server.group("room");
        for n in 0..5 {
            room.members().add(format!("p{n}")).unwrap();
        }
        let answers = room.ask(6).await;
        assert_eq!(answers.len(), 5);
        assert!(answers.iter().all(|(_, answer)| *answer == Ok(6)));
        let late = room.ponder().within(Duration::from_millis(50)).await;
        assert!(late.len() == 5 && late.iter().all(|(_, answer)| answer.is_err()));
    }
}

#[tokio::test]
async fn a_push_to_a_thousand_is_serialised_once() {
    let hall = hall(Over::Memory).await;
    let players = many(&hall, 1_000).await;
    let room = hall.table.server.group("room");
    for n in 0..1_000 {
        room.members().add(format!("p{n}")).unwrap();
    }
    let before = SERIALISED.load(Ordering::SeqCst);
    for line in 0..3 {
        assert_eq!(room.counted(&Counted { line }).sent, 1_000);
    }
    assert_eq!(SERIALISED.load(Ordering::SeqCst) - before, 3);
    until(|| players.iter().all(|(_, heard)| heard.all() == [0, 1, 2])).await;
    assert_eq!(hall.table.server.everyone().counted(&Counted { line: 3 }).sent, 1_000);
    assert_eq!(SERIALISED.load(Ordering::SeqCst) - before, 4);
    until(|| players.iter().all(|(_, heard)| heard.all().len() == 4)).await;
}

#[tokio::test]
async fn a_member_that_never_reads_delays_neither_the_caller_nor_the_others() {
    let hall = hall(Over::Memory).await;
    let players = many(&hall, 20).await;
    let room = hall.table.server.group("room");
    for n in 0..20 {
        room.members().add(format!("p{n}")).unwrap();
    }
    // A login of its own that is never read from again.
    let mut deaf = hall.table.server.dialer().connect().await.expect("a connection");
    let sent = crate::endings::log_in_by_hand(&mut deaf, "deaf").await;
    assert!(sent > 0);
    room.members().add("deaf").unwrap();
    let line = "x".repeat(8_000);
    let mut lines = 0_u64;
    while room.members().len() == 21 {
        room.long(&line);
        lines += 1;
        assert!(lines < 10_000, "it is never let go");
        // The others read what they are sent before the next: nothing of theirs waits for the deaf one.
        until(|| players.iter().all(|(_, heard)| heard.all().len() as u64 == lines)).await;
    }
    assert!(lines > 50, "its log took {lines} lines");
}
