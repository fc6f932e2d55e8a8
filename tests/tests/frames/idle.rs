//! While nobody polls: deadlines run out, everything that is not a frame handler goes on, and memory stays bounded.

use std::time::Duration;

use farcall_client::{CallError, CloseCode, Polled};
use farcall_server::Limits;
use tokio::time::{Instant, sleep};

use super::{BUDGET, Field, Game, Screen, ann, arrived, asked};

#[tokio::test(start_paused = true)]
async fn calls_run_out_their_deadlines_and_other_handlers_go_on() {
    let (_table, client, player) = ann(Limits::default()).await;
    let (began, within) = (Instant::now(), Duration::from_secs(3));
    let points = asked(player.score(3).within(within));
    for _ in 0..5 {
        arrived(&player).await;
        assert_eq!(client.double(4).await, Ok(8));
        sleep(Duration::from_millis(500)).await;
    }
    assert_eq!(points.await.unwrap(), Err(CallError::DeadlineExceeded));
    assert_eq!(began.elapsed(), within);
    // It ended at its deadline here, too: a later poll finds nothing to start.
    arrived(&player).await;
    let mut game = Game::default();
    assert_eq!(client.poll(&mut game, BUDGET), Ok(Polled::default()));
    assert_eq!(game.points, 0);
}

#[tokio::test(start_paused = true)]
async fn half_a_minute_of_snapshots_takes_the_room_of_one() {
    let (_table, client, player) = ann(Limits::default()).await;
    player.event(1);
    for tick in 0..=900 {
        player.snapshot(tick);
        sleep(Duration::from_millis(33)).await;
    }
    player.event(2);
    arrived(&player).await;
    let mut game = Game::default();
    assert_eq!(client.poll(&mut game, BUDGET), Ok(Polled { ran: 3, left: 0 }));
    assert_eq!((game.snapshots, game.events), (vec![900], vec![1, 2]));
}

#[tokio::test(start_paused = true)]
async fn a_newer_snapshot_waits_behind_what_was_sent_before_it() {
    let (_table, client, player) = ann(Limits::default()).await;
    let mut game = Game::default();
    player.snapshot(1);
    arrived(&player).await;
    player.event(1);
    player.snapshot(2);
    arrived(&player).await;
    assert_eq!(client.poll(&mut game, Duration::ZERO), Ok(Polled { ran: 1, left: 1 }));
    assert_eq!((&game.events[..], &game.snapshots[..]), (&[1][..], &[][..]));
    client.poll(&mut game, BUDGET).unwrap();
    assert_eq!(game.snapshots, [2]);
}

#[tokio::test(start_paused = true)]
async fn a_game_that_never_polls_cannot_be_filled_beyond_its_bound() {
    let limits = Limits { inbox_items_max: 100, ..Limits::default() };
    let (_table, client, player) = ann(limits).await;
    for number in 0..100 {
        player.event(number);
    }
    arrived(&player).await;
    player.event(100);
    let reason = client.session().closed().await;
    assert_eq!(reason.code, CloseCode::InboundOverflow);
    assert_eq!(reason.message, "the game's loop does not poll");
    client.session().ended().await;
    let mut game = Game::default();
    assert_eq!(
        client.poll(&mut game, BUDGET),
        Ok(Polled::default()),
        "nothing of a session that is over runs"
    );
}

#[tokio::test]
async fn a_callback_outlives_its_session_to_tell_how_the_call_ended() {
    let (table, client, player) = ann(Limits::default()).await;
    client.join().then_on_frame(|game: &mut Game, reply| {
        game.events.push(u64::from(reply == Err(CallError::Indeterminate)));
    });
    arrived(&player).await;
    table.server.kick("ann", "enough");
    client.session().ended().await;
    let mut game = Game::default();
    assert_eq!(client.poll(&mut game, BUDGET), Ok(Polled { ran: 1, left: 0 }));
    assert_eq!(game.events, [1]);
}
