//! Peers that take their time, on a paused clock: each silence ends when its limit says, not before and not after.

use std::time::Duration;

use farcall_protocol::CloseCode::*;
use farcall_server::{Admission, Limits};
use farcall_tests::Over;
use tokio::time::{Instant, advance, interval};

use crate::bytes::*;
use crate::game::{Game, game};
use crate::yard::Yard;

const SECOND: Duration = Duration::from_secs(1);

/// The whole seconds since then.
fn seconds_since(start: Instant) -> u64 {
    start.elapsed().as_secs()
}

#[tokio::test(start_paused = true)]
async fn a_silent_connection_is_closed_at_the_login_timeout() {
    let game = game(Over::Memory).await;
    let start = Instant::now();
    let mut stranger = game.stranger().await;
    assert_eq!(stranger.ending().await, Some(LoginTimeout));
    assert_eq!(seconds_since(start), 5);
    game.is_as_before().await;
}

#[tokio::test]
async fn a_silent_socket_is_closed_at_the_login_timeout() {
    let limits = Limits { login_timeout: Duration::from_millis(100), ..Limits::default() };
    let game = Game::new(Over::Tcp, limits, Admission::anonymous()).await;
    let start = Instant::now();
    let mut strangers = Vec::new();
    for _ in 0..200 {
        strangers.push(game.stranger().await);
    }
    for mut stranger in strangers {
        assert_eq!(stranger.ending().await, Some(LoginTimeout));
    }
    assert!(start.elapsed() >= Duration::from_millis(100));
    game.is_as_before().await;
}

#[tokio::test(start_paused = true)]
async fn a_login_that_dribbles_gains_no_time_by_it() {
    let game = game(Over::Memory).await;
    let start = Instant::now();
    let mut stranger = game.stranger().await;
    let mut beat = interval(SECOND / 10);
    for byte in login("eve").into_iter().take(60) {
        beat.tick().await;
        stranger.send([byte]).await;
    }
    assert_eq!(stranger.ending().await, Some(LoginTimeout));
    assert!(seconds_since(start) <= 6);
    game.is_as_before().await;
}

#[tokio::test(start_paused = true)]
async fn a_frame_that_dribbles_has_ten_seconds() {
    let game = game(Over::Memory).await;
    let mut eve = game.player("eve").await;
    let start = Instant::now();
    let mut beat = interval(SECOND);
    for byte in call(0, Yard.sum.descriptor(), &[2, 4]).into_iter().take(12) {
        beat.tick().await;
        eve.send([byte]).await;
    }
    assert_eq!(eve.ending().await, Some(FrameTimeout));
    assert!((10..=12).contains(&seconds_since(start)), "{}", seconds_since(start));
    game.is_as_before().await;
}

#[tokio::test(start_paused = true)]
async fn who_says_nothing_for_twenty_seconds_is_gone() {
    let game = game(Over::Memory).await;
    let mut eve = game.player("eve").await;
    let start = Instant::now();
    assert_eq!(eve.ending().await, Some(PeerSilent));
    assert_eq!(seconds_since(start), 20);
    game.is_as_before().await;
}

#[tokio::test(start_paused = true)]
async fn who_acknowledges_nothing_for_thirty_seconds_is_gone() {
    let game = game(Over::Memory).await;
    let mut eve = game.player("eve").await;
    let start = Instant::now();
    eve.send(call(0, Yard.sum.descriptor(), &[2, 4])).await;
    eve.next_of(RESULT).await.expect("an answer");
    let ending = loop {
        let Some(seen) = eve.next().await else { break None };
        match seen.kind {
            PING => eve.send(pong(0, 0)).await,
            CLOSE => break Some(u16::from_le_bytes([seen.payload[0], seen.payload[1]])),
            _ => {}
        }
    };
    assert_eq!(ending, Some(AckTimeout.number()));
    assert_eq!(seconds_since(start), 30);
    drop(eve);
    game.is_as_before().await;
}

#[tokio::test(start_paused = true)]
async fn who_answers_pings_stays_for_an_hour() {
    let game = game(Over::Memory).await;
    let mut eve = game.player("eve").await;
    let start = Instant::now();
    while seconds_since(start) < 3_600 {
        let seen = eve.next().await.expect("still here");
        assert_eq!(seen.kind, PING);
        eve.send(pong(u64::from_le_bytes(seen.payload[..8].try_into().expect("a time")), 0)).await;
    }
    drop(eve);
    game.is_as_before().await;
}

#[tokio::test(start_paused = true)]
async fn a_call_with_all_the_time_there_is_ends_at_the_longest_deadline() {
    let game = game(Over::Memory).await;
    let mut eve = game.player("eve").await;
    let start = Instant::now();
    let hang = Yard.hang.descriptor();
    eve.send(call_as(id(0, 0), hang, hang.signature, u32::MAX, &[])).await;
    let answer = loop {
        let seen = eve.next().await.expect("still here");
        match seen.kind {
            PING => eve.send(pong(0, 0)).await,
            RESULT => break seen.payload,
            _ => {}
        }
    };
    assert_eq!(answer[8..], [48], "deadline exceeded");
    assert_eq!(seconds_since(start), 120);
    drop(eve);
    game.is_as_before().await;
}

#[tokio::test(start_paused = true)]
async fn hours_that_pass_at_once_end_sessions_and_nothing_else() {
    let game = game(Over::Memory).await;
    let mut eve = game.player("eve").await;
    advance(Duration::from_secs(40 * 24 * 3_600)).await;
    let ending = eve.ending().await;
    assert!(matches!(ending, Some(PeerSilent | AckTimeout)), "{ending:?}");
    let again = game.player("eve").await;
    drop(again);
    farcall_tests::waiting::until(|| game.table.server.stats().bytes_held == 0).await;
    assert_eq!(farcall_tests::waiting::panics(), 0);
}
