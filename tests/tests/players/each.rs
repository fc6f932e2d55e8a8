//! Sending to many but not to all, and to each something of its own.

use farcall_protocol::Uid;
use farcall_tests::over_both_transports;
use farcall_tests::waiting::until;
use futures_util::future::join_all;

use crate::hall::{Ear, hall};

const NAMES: [&str; 3] = ["ann", "bob", "cat"];

over_both_transports! {
    async fn all_but_one_hear_it_and_are_asked(over: Over) {
        let hall = hall(over).await;
        let players = join_all(NAMES.map(|name| hall.enter(name))).await;
        let room = hall.table.server.group("room");
        for name in NAMES {
            room.members().add(name).unwrap();
        }
        let mut uids = room.members().uids();
        uids.sort();
        assert_eq!(uids, NAMES.map(|name| Uid::new(name).unwrap()));
        let bob = Uid::new("bob").unwrap();
        let others = room.members().except(&bob);
        assert_eq!((others.hear(1).sent, room.hear(2).sent), (2, 3));
        let mut asked = others.ask(6).await;
        asked.sort_by(|one, other| one.0.cmp(&other.0));
        assert_eq!(asked, [("ann".try_into().unwrap(), Ok(6)), ("cat".try_into().unwrap(), Ok(6))]);
        until(|| players.iter().all(|(_, heard)| heard.all().last() == Some(&2))).await;
        let heard: Vec<_> = players.iter().map(|(_, heard)| heard.all()).collect();
        assert_eq!(heard, [vec![1, 2], vec![2], vec![1, 2]]);
    }

    async fn each_player_is_sent_its_own_and_who_is_away_is_left_out(over: Over) {
        let hall = hall(over).await;
        let players = join_all(NAMES.map(|name| hall.enter(name))).await;
        let view_of = |name: &str| u64::from(name.as_bytes()[0]);
        let mut asked_for = Vec::new();
        let reached = hall.table.server.each(["ann", "eve", "cat"], |player, name| {
            asked_for.push(*name);
            assert_eq!(player.session().uid().as_str(), *name);
            player.hear(view_of(name));
        });
        assert_eq!((reached, asked_for), (2, vec!["ann", "cat"]));
        hall.table.server.everyone().hear(0);
        until(|| players.iter().all(|(_, heard)| heard.all().last() == Some(&0))).await;
        let heard: Vec<_> = players.iter().map(|(_, heard)| heard.all()).collect();
        assert_eq!(heard, [vec![view_of("ann"), 0], vec![0], vec![view_of("cat"), 0]]);
    }

    async fn what_is_sent_is_only_borrowed(over: Over) {
        let hall = hall(over).await;
        let (_ann, heard) = hall.enter("ann").await;
        let room = hall.table.server.group("room");
        room.members().add("ann").unwrap();
        let line = "x".repeat(9);
        room.long(&line);
        room.members().except(&Uid::new("bob").unwrap()).long(&line);
        hall.table.server.everyone().long(line.as_str());
        hall.player("ann").long(&line);
        until(|| heard.all() == [9, 9, 9, 9]).await;
        assert_eq!(line.len(), 9, "still here");
    }

    async fn who_joins_between_two_lines_hears_the_second_and_all_that_follow(over: Over) {
        let hall = hall(over).await;
        let (_ann, ann) = hall.enter("ann").await;
        let (_bob, bob) = hall.enter("bob").await;
        let room = hall.table.server.group("room");
        room.members().add("ann").unwrap();
        for line in 0..300 {
            match line {
                100 => drop(room.members().add("bob").unwrap()),
                200 => assert!(room.members().remove("bob")),
                _ => {}
            }
            room.hear(line);
        }
        hall.table.server.everyone().hear(999);
        until(|| ann.all().last() == Some(&999) && bob.all().last() == Some(&999)).await;
        assert!(ann.all().into_iter().eq((0..300).chain([999])));
        assert!(bob.all().into_iter().eq((100..200).chain([999])));
    }
}
