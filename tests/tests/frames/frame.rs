//! What happens inside `poll`: the thread, the order, the budget, and what cannot be polled.

use std::sync::mpsc::channel;
use std::time::Duration;

use farcall_client::{CallError, Failed, PollError, Polled};
use farcall_server::Limits;
use farcall_tests::waiting::until;

use super::handlers::WORK;
use super::{BUDGET, Field, Game, Screen, ann, arrived, asked};

#[tokio::test]
async fn a_frame_handler_runs_on_the_thread_that_polls_and_only_there() {
    let (_table, client, player) = ann(Limits::default()).await;
    let points = asked(player.score(3));
    arrived(&player).await;
    assert!(!points.is_finished());
    let mut game = Game::default();
    let (game, polling) = std::thread::spawn(move || {
        let polled = client.poll(&mut game, BUDGET);
        assert_eq!(polled, Ok(Polled { ran: 1, left: 0 }));
        (game, (std::thread::current().id(), client))
    })
    .join()
    .unwrap();
    assert_eq!(points.await.unwrap(), Ok(3));
    assert_eq!(game.threads, [polling.0]);
}

#[tokio::test]
async fn calls_and_messages_run_in_the_order_in_which_they_came() {
    let (_table, client, player) = ann(Limits::default()).await;
    player.event(1);
    let first = asked(player.score(1));
    arrived(&player).await;
    player.event(2);
    let second = asked(player.score(10));
    arrived(&player).await;
    player.event(3);
    arrived(&player).await;
    let mut game = Game::default();
    assert_eq!(client.poll(&mut game, BUDGET), Ok(Polled { ran: 5, left: 0 }));
    assert_eq!(game.events, [1, 2, 3]);
    assert_eq!((first.await.unwrap(), second.await.unwrap()), (Ok(1), Ok(11)));
}

#[tokio::test(start_paused = true)]
async fn a_budget_stops_starting_work_and_loses_none() {
    const MANY: u64 = 50_000;
    let limits = Limits {
        inbox_items_max: 60_000,
        inbox_bytes_max: 16 << 20,
        log_bytes_max: 64 << 20,
        ..Limits::default()
    };
    let (_table, client, player) = ann(limits).await;
    for number in 0..MANY {
        player.work(number);
    }
    arrived(&player).await;
    let mut game = Game::default();
    let budget = Duration::from_millis(2);
    let each = (budget.as_micros() / WORK.as_micros()) as usize;
    while game.events.len() < MANY as usize {
        let polled = client.poll(&mut game, budget).unwrap();
        assert_eq!(polled, Polled { ran: each, left: MANY as usize - game.events.len() });
        tokio::task::yield_now().await;
    }
    assert!(game.events.iter().copied().eq(0..MANY));
}

#[tokio::test]
async fn a_poll_without_time_still_starts_one_piece_of_work() {
    let (_table, client, player) = ann(Limits::default()).await;
    for number in 0..3 {
        player.event(number);
    }
    arrived(&player).await;
    let mut game = Game::default();
    assert_eq!(client.poll(&mut game, Duration::ZERO), Ok(Polled { ran: 1, left: 2 }));
    assert_eq!(game.events, [0]);
}

#[tokio::test]
async fn a_frame_of_the_wrong_type_runs_nothing_and_names_both() {
    let (_table, client, player) = ann(Limits::default()).await;
    player.event(1);
    arrived(&player).await;
    let refused = client.poll(&mut 7_u8, BUDGET).unwrap_err();
    assert_eq!(refused, PollError::WrongFrame { expected: "frames::Game", given: "u8" });
    assert_eq!(refused.to_string(), "frame handlers take `&mut frames::Game`, this poll was given `&mut u8`");
    let mut game = Game::default();
    assert_eq!(client.poll(&mut game, BUDGET), Ok(Polled { ran: 1, left: 0 }));
}

#[tokio::test]
async fn two_threads_cannot_poll_at_once() {
    let (_table, client, player) = ann(Limits::default()).await;
    let held = asked(player.hold());
    arrived(&player).await;
    let (entered, enters) = channel();
    let (leave, leaves) = channel();
    let polling = std::thread::spawn({
        let client = client.clone();
        move || client.poll(&mut Game { points: 4, gate: Some((entered, leaves)), ..Game::default() }, BUDGET)
    });
    enters.recv().unwrap();
    assert_eq!(client.poll(&mut Game::default(), BUDGET), Err(PollError::AlreadyPolling));
    leave.send(()).unwrap();
    assert_eq!(polling.join().unwrap(), Ok(Polled { ran: 1, left: 0 }));
    assert_eq!(held.await.unwrap(), Ok(4));
    assert_eq!(client.poll(&mut Game::default(), BUDGET), Ok(Polled::default()));
}

#[tokio::test]
async fn a_panicking_frame_handler_fails_its_call_only() {
    let (_table, client, player) = ann(Limits::default()).await;
    let crash = asked(player.crash());
    let replying = asked(player.crash_replying());
    arrived(&player).await;
    player.event(1);
    arrived(&player).await;
    let mut game = Game::default();
    assert_eq!(client.poll(&mut game, BUDGET), Ok(Polled { ran: 3, left: 0 }));
    assert_eq!(crash.await.unwrap(), Err(CallError::Failed(Failed::Panicked)));
    assert_eq!(replying.await.unwrap(), Err(CallError::Failed(Failed::Panicked)));
    assert_eq!(game.events, [1]);
}

#[tokio::test]
async fn callbacks_on_the_frame_get_it_in_order_with_handlers() {
    let (_table, client, player) = ann(Limits::default()).await;
    for number in 0..5 {
        client.double(number).then_on_frame(move |game: &mut Game, reply| {
            game.events.push(u64::from(reply.expect("a double")));
        });
    }
    assert_eq!(client.double(0).await, Ok(0));
    player.event(100);
    arrived(&player).await;
    let mut game = Game::default();
    assert_eq!(client.poll(&mut game, BUDGET), Ok(Polled { ran: 6, left: 0 }));
    assert_eq!(game.events, [0, 2, 4, 6, 8, 100]);
}

#[tokio::test]
async fn a_call_cancelled_while_it_waits_never_starts() {
    let (_table, client, player) = ann(Limits::default()).await;
    let points = asked(player.score(3));
    arrived(&player).await;
    points.abort();
    let mut game = Game::default();
    until(|| player.session().slots_used() == 0).await;
    assert_eq!(client.poll(&mut game, BUDGET), Ok(Polled::default()));
    assert_eq!(game.points, 0);
}

#[tokio::test]
async fn polling_from_within_a_poll_is_refused_and_loses_nothing() {
    let (_table, client, player) = ann(Limits::default()).await;
    let inner = client.clone();
    client.double(1).then_on_frame(move |game: &mut Game, _| {
        assert_eq!(inner.poll(&mut Game::default(), BUDGET), Err(PollError::AlreadyPolling));
        assert_eq!(inner.poll(game, BUDGET), Err(PollError::AlreadyPolling));
        game.events.push(0);
    });
    assert_eq!(client.double(0).await, Ok(0));
    player.event(1);
    arrived(&player).await;
    let mut game = Game::default();
    assert_eq!(client.poll(&mut game, BUDGET), Ok(Polled { ran: 2, left: 0 }));
    assert_eq!(game.events, [0, 1]);
}

#[tokio::test]
async fn threads_may_take_turns_and_nothing_runs_twice() {
    const MANY: u64 = 1_000;
    let (_table, client, player) = ann(Limits::default()).await;
    for number in 0..MANY {
        player.event(number);
    }
    arrived(&player).await;
    let game = std::sync::Arc::new(std::sync::Mutex::new(Game::default()));
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let (client, game) = (client.clone(), game.clone());
            std::thread::spawn(move || {
                while game.lock().unwrap().events.len() < MANY as usize {
                    let mut game = game.lock().unwrap();
                    assert_eq!(
                        client.poll(&mut *game, Duration::ZERO).map(|polled| polled.ran <= 1),
                        Ok(true)
                    );
                }
            })
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    assert!(game.lock().unwrap().events.iter().copied().eq(0..MANY));
}
