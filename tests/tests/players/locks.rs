//! The game's own code runs under none of the engine's locks: callbacks may use whatever they reach, and may panic.

use std::sync::mpsc;
use std::time::Duration;

use farcall_tests::Over;
use farcall_tests::waiting::until;

use crate::hall::{Ear, Hall, hall};

/// Runs something on a thread of its own, so that a deadlock fails the test instead of hanging it.
fn in_time(what: impl FnOnce() + Send + 'static) {
    let (done, ended) = mpsc::channel();
    std::thread::spawn(move || {
        what();
        let _ = done.send(());
    });
    ended.recv_timeout(Duration::from_secs(20)).expect("no deadlock and no panic");
}

fn run(test: impl Future<Output = ()> + Send + 'static) {
    in_time(|| tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(test));
}

#[test]
fn a_callback_of_a_member_that_is_let_go_may_use_its_group() {
    run(async {
        let hall = hall(Over::Memory).await;
        let mut deaf = hall.table.server.dialer().connect().await.expect("a connection");
        crate::endings::log_in_by_hand(&mut deaf, "deaf").await;
        let room = hall.table.server.group("room");
        room.members().add("deaf").unwrap();
        let (told, mut ended) = tokio::sync::mpsc::channel(1);
        let (group, server) = (room.clone(), hall.table.server.clone());
        hall.player("deaf").ponder().then(move |_| {
            group.members().remove("deaf");
            server.kick("deaf", "slow");
            server.everyone().hear(1);
            told.try_send(group.members().len()).expect("room");
        });
        let line = "x".repeat(60_000);
        for _ in 0..100 {
            room.long(&line);
        }
        assert_eq!(ended.recv().await, Some(0));
    });
}

#[test]
fn a_callback_of_a_player_that_falls_behind_everyone_may_use_the_server() {
    run(async {
        let hall = hall(Over::Memory).await;
        let mut deaf = hall.table.server.dialer().connect().await.expect("a connection");
        crate::endings::log_in_by_hand(&mut deaf, "deaf").await;
        let (told, mut ended) = tokio::sync::mpsc::channel(1);
        let server = hall.table.server.clone();
        hall.player("deaf").ponder().then(move |_| {
            // A handle that writes to the players' map would wait for the walk over it that has led here.
            let found = server.player("deaf").is_ok();
            server.group("room");
            told.try_send(found).expect("room");
        });
        let line = "x".repeat(60_000);
        for _ in 0..100 {
            hall.table.server.everyone().long(&line);
        }
        assert!(ended.recv().await.is_some());
    });
}

#[test]
fn a_callback_that_panics_ends_nothing_but_itself() {
    run(async {
        let hall = hall(Over::Memory).await;
        let (ann, _) = hall.enter("ann").await;
        let player = hall.player("ann");
        player.ask(1).then(|_| panic!("on purpose, in a callback"));
        ann.sum(1, 1).then(|_| panic!("on purpose, in a callback"));
        assert_eq!(player.ask(2).await, Ok(2));
        assert_eq!(ann.sum(2, 3).await, Ok(5));
        player.ponder().then(|_| panic!("on purpose, in a callback at the end"));
        assert_eq!(player.ask(3).await, Ok(3));
        hall.table.server.kick("ann", "");
        until(|| hall.sessions() == 0).await;
        let (again, _) = hall.enter("ann").await;
        assert_eq!(again.sum(2, 3).await, Ok(5), "the player is not locked out");
    });
}
