//! Answers given later: frames later, by another task, too late, or never.

use std::time::Duration;

use farcall_client::{CallError, Failed};
use farcall_server::Limits;
use farcall_tests::waiting::until;

use super::{BUDGET, Field, Game, Screen, ann, arrived, asked, field, screen};

const FRAME: Duration = Duration::from_millis(33);

#[tokio::test(start_paused = true)]
async fn a_person_answers_200_frames_later() {
    let (_table, client, player) = ann(Limits::default()).await;
    let ready = asked(player.ready_check(7));
    arrived(&player).await;
    let mut game = Game::default();
    for _ in 0..200 {
        client.poll(&mut game, BUDGET).unwrap();
        tokio::time::sleep(FRAME).await;
    }
    assert!(!ready.is_finished());
    let (number, reply) = game.popups.remove(0);
    assert_eq!(number, 7);
    assert!(!reply.is_cancelled());
    assert!(reply.answer(true));
    assert_eq!(ready.await.unwrap(), Ok(true));
}

#[tokio::test]
async fn a_dropped_reply_answers_as_abandoned() {
    let (_table, client, player) = ann(Limits::default()).await;
    let ready = asked(player.ready_check(7));
    arrived(&player).await;
    let mut game = Game::default();
    client.poll(&mut game, BUDGET).unwrap();
    game.popups.clear();
    assert_eq!(ready.await.unwrap(), Err(CallError::Failed(Failed::Abandoned)));
}

#[tokio::test(start_paused = true)]
async fn an_answer_after_the_deadline_says_so_and_the_caller_has_long_been_told() {
    let (_table, client, player) = ann(Limits::default()).await;
    let ready = asked(player.ready_check(7).within(Duration::from_secs(2)));
    arrived(&player).await;
    let mut game = Game::default();
    client.poll(&mut game, BUDGET).unwrap();
    assert_eq!(ready.await.unwrap(), Err(CallError::DeadlineExceeded));
    let (_, reply) = game.popups.remove(0);
    assert!(reply.is_cancelled());
    assert!(!reply.answer(true));
    // Told once: the slot is free, and the session goes on.
    until(|| player.session().slots_used() == 0).await;
    arrived(&player).await;
}

#[tokio::test]
async fn a_caller_that_gave_up_is_seen_by_whoever_holds_the_reply() {
    let (_table, client, player) = ann(Limits::default()).await;
    let ready = asked(player.ready_check(7));
    arrived(&player).await;
    let mut game = Game::default();
    client.poll(&mut game, BUDGET).unwrap();
    ready.abort();
    until(|| game.popups[0].1.is_cancelled()).await;
    until(|| player.session().slots_used() == 0).await;
    assert!(!game.popups.remove(0).1.answer(true));
}

#[tokio::test]
async fn a_reply_outlives_its_session_harmlessly() {
    let (table, client, player) = ann(Limits::default()).await;
    let ready = asked(player.ready_check(7));
    arrived(&player).await;
    let mut game = Game::default();
    client.poll(&mut game, BUDGET).unwrap();
    table.server.kick("ann", "enough");
    client.session().ended().await;
    assert_eq!(ready.await.unwrap(), Err(CallError::Indeterminate));
    assert!(!game.popups.remove(0).1.answer(true));
}

#[tokio::test]
async fn a_reply_may_be_answered_by_another_task_with_a_value_or_an_error() {
    let (table, questions) = field(Limits::default()).await;
    let client = table.connect(screen(&table, "ann", Limits::default())).await.unwrap();
    let (good, bad, lost) = (asked(client.ask("one")), asked(client.ask("two")), asked(client.ask("three")));
    until(|| questions.0.lock().unwrap().len() == 3).await;
    for (question, reply) in std::mem::take(&mut *questions.0.lock().unwrap()) {
        match question.as_str() {
            "one" => drop(tokio::spawn(async move { reply.answer(Ok(format!("{question}!"))) })),
            "two" => assert!(reply.answer(Err(2))),
            _ => drop(reply),
        }
    }
    assert_eq!(good.await.unwrap(), Ok("one!".into()));
    assert_eq!(bad.await.unwrap(), Err(CallError::Handler(2)));
    assert_eq!(lost.await.unwrap(), Err(CallError::Failed(Failed::Abandoned)));
}

#[tokio::test]
async fn a_reply_may_be_answered_by_a_thread_that_knows_no_runtime() {
    let (_table, client, player) = ann(Limits::default()).await;
    let ready = asked(player.ready_check(7));
    arrived(&player).await;
    let mut game = Game::default();
    client.poll(&mut game, BUDGET).unwrap();
    let (_, reply) = game.popups.remove(0);
    let answered = std::thread::spawn(move || {
        assert!(tokio::runtime::Handle::try_current().is_err());
        reply.answer(true)
    });
    assert_eq!(ready.await.unwrap(), Ok(true));
    assert!(answered.join().unwrap());
}

#[tokio::test(start_paused = true)]
async fn a_reply_knows_when_it_is_too_late_and_an_answer_just_before_is_in_time() {
    let (_table, client, player) = ann(Limits::default()).await;
    let began = tokio::time::Instant::now();
    let ready = asked(player.ready_check(7).within(Duration::from_secs(3)));
    arrived(&player).await;
    let mut game = Game::default();
    client.poll(&mut game, BUDGET).unwrap();
    let (_, reply) = game.popups.remove(0);
    assert_eq!(reply.deadline(), (began + Duration::from_secs(3)).into_std());
    tokio::time::sleep(Duration::from_millis(2_999)).await;
    assert!(!reply.is_cancelled());
    assert!(reply.answer(true));
    assert_eq!(ready.await.unwrap(), Ok(true));
}
