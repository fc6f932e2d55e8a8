//! The game itself, in both arrangements: who runs a session changes nothing that can be seen, except the thread.

use std::collections::{HashMap, HashSet};

use farcall_protocol::CloseCode;
use farcall_tests::waiting::until;
use futures_util::future::join_all;

use super::*;

const PLAYERS: u32 = 50;

/// Fifty players: calls both ways, calls within calls, a push to a group, a kick, and the stats of it all.
async fn everything_works(place: &Place) {
    let uids: Vec<String> = (0..PLAYERS).map(|n| format!("p{n}")).collect();
    let players = join_all(uids.iter().map(|uid| place.enter(uid))).await;
    let server = &place.server;

    let asked_back = join_all((0..PLAYERS).zip(&players).map(|(n, (client, _))| client.ask_back(n))).await;
    let doubled: Vec<_> = (0..PLAYERS).map(|n| Ok(n * 2)).collect();
    assert_eq!(asked_back, doubled);
    let asked = (0..PLAYERS).zip(&uids).map(|(n, uid)| (n, server.player(uid).unwrap()));
    let asked = join_all(asked.map(|(n, player)| async move { player.twice(n).await })).await;
    assert_eq!(asked, doubled, "a call to a player comes from a thread that is not its session's");

    let room = server.group("room");
    uids.iter().for_each(|uid| assert_eq!(room.members().add(uid), Ok(true)));
    for line in 0..100 {
        assert_eq!(room.hear(line).sent, PLAYERS as usize);
    }
    let all: Vec<u32> = (0..100).collect();
    until(|| players.iter().all(|(_, heard)| heard.all() == all)).await;

    assert!(server.kick("p7", "enough"));
    let reason = players[7].0.session().closed().await;
    assert_eq!((reason.code, reason.message.as_str()), (CloseCode::Kicked, "enough"));
    until(|| server.stats().sessions == u64::from(PLAYERS) - 1).await;
    let stats = server.stats();
    assert_eq!((stats.accepted, stats.logins_failed), (u64::from(PLAYERS), 0));
    assert_eq!(stats.closed, [(CloseCode::Kicked, 1)]);
    assert_eq!(room.hear(100).sent, PLAYERS as usize - 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_the_programs_runtime() {
    let _alone = alone().await;
    let place = place(Threads::Shared).await;
    everything_works(&place).await;
    place.server.shutdown(LONG).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_three_threads_of_its_own() {
    let _alone = alone().await;
    let place = place(Threads::Own(3)).await;
    everything_works(&place).await;
    place.server.shutdown(LONG).await;
}

#[tokio::test]
async fn a_session_lives_on_the_thread_that_took_it() {
    let _alone = alone().await;
    let place = place(Threads::Own(3)).await;
    let uids: Vec<String> = (0..PLAYERS).map(|n| format!("p{n}")).collect();
    let players = join_all(uids.iter().map(|uid| place.enter(uid))).await;
    let mut homes: HashSet<String> = HashSet::new();
    for (uid, (client, _)) in uids.iter().zip(&players) {
        let home = place.taken_by.lock().unwrap()[uid].clone();
        for _ in 0..3 {
            assert_eq!(client.thread().await.as_ref(), Ok(&home));
            assert_eq!(client.thread_later().await.as_ref(), Ok(&home));
        }
        homes.insert(home);
    }
    // That fifty connections spread by a hash leave out one of three happens once in two hundred million times.
    let three = ["farcall-1", "farcall-2", "farcall-3"].map(str::to_owned);
    assert_eq!(homes, HashSet::from(three));
    place.server.shutdown(LONG).await;
}

#[tokio::test]
async fn connections_of_this_process_go_to_the_threads_in_turn() {
    let _alone = alone().await;
    let server = Server::in_memory(config(Threads::Own(3)), Admission::anonymous()).unwrap();
    let mut players = Vec::new();
    let mut on: HashMap<String, usize> = HashMap::new();
    for n in 0..6 {
        let config = player(String::new(), &format!("p{n}"), &Heard::default());
        let client = Client::over(server.dialer().connect().await.unwrap(), config).await.unwrap();
        *on.entry(client.thread().await.unwrap()).or_default() += 1;
        players.push(client);
    }
    let two_each = ["farcall-1", "farcall-2", "farcall-3"].map(|thread| (thread.to_owned(), 2));
    assert_eq!(on, HashMap::from(two_each));
    server.shutdown(LONG).await;
}
