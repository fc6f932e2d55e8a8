//! Peers that stop reading: what is held for them is bounded, they are let go with the right code, and nobody else
//! waits.

use std::time::Duration;

use farcall_protocol::CloseCode::{self, *};
use farcall_server::{Admission, Limits};
use farcall_tests::over_both_transports;
use farcall_tests::waiting::until;

use crate::bytes::*;
use crate::game::{Game, game};
use crate::yard::{Dog, Yard};

fn times(game: &Game, code: CloseCode) -> u64 {
    let closed = game.table.server.stats().closed;
    closed.iter().find(|(known, _)| *known == code).map_or(0, |(_, count)| *count)
}

/// The log's and the latest values' limits, and one frame over.
const HELD_MAX: u64 = (1 << 20) + (256 << 10) + (68 << 10);

over_both_transports! {
    async fn a_member_that_stops_reading_is_closed_as_slow_and_holds_a_bounded_amount(over: Over) {
        let game = game(over).await;
        let _eve = game.player("eve").await;
        let room = game.table.server.group("room");
        room.members().add("eve").expect("eve");
        let text = "x".repeat(10_000);
        let mut most = 0;
        while times(&game, SlowConsumer) == 0 {
            room.bark(&text);
            room.wag(&text);
            room.sniff(&text);
            most = most.max(game.table.server.stats().bytes_held);
            tokio::task::yield_now().await;
        }
        assert!(most <= HELD_MAX, "{most} bytes held");
        drop(room);
        game.is_as_before().await;
    }

    async fn a_player_that_takes_no_bytes_is_closed_as_stalled(over: Over) {
        let limits = Limits { write_stall_max: Duration::from_millis(200), ..Limits::default() };
        let game = Game::new(over, limits, Admission::anonymous()).await;
        let _eve = game.player("eve").await;
        let player = game.table.server.player("eve").expect("eve");
        let text = "x".repeat(10_000);
        // As much as the log takes, and again as the kernel takes from it; never so much that it overflows.
        until(|| {
            if game.table.server.stats().bytes_held < 500_000 {
                player.bark(&text);
            }
            !player.session().is_open()
        }).await;
        assert_eq!(player.session().closed().await.code, WriteStalled);
        until(|| times(&game, WriteStalled) == 1).await;
        game.is_as_before().await;
    }

    async fn replies_to_a_peer_that_never_reads_them_are_bounded(over: Over) {
        let limits = Limits { write_stall_max: Duration::from_millis(300), ..Limits::default() };
        let game = Game::new(over, limits, Admission::anonymous()).await;
        let mut eve = game.player("eve").await;
        let (mut n, mut most) = (0_u32, 0);
        // Every call is refused with an answer; it reads none, so its connection fills and stalls.
        let sum = Yard.sum.descriptor();
        let calls = async {
            loop {
                let batch: Vec<u8> = (0..192)
                    .flat_map(|slot| call_as(id(slot, n), sum, sum.signature, 10_000, &[]))
                    .collect();
                eve.send(batch).await;
                n += 1;
                most = most.max(game.table.server.stats().bytes_held);
                game.goes_on().await;
                let stats = game.table.server.stats();
                if stats.sessions == 1 {
                    break stats.closed;
                }
            }
        };
        let closed = tokio::time::timeout(Duration::from_secs(60), calls).await.expect("an end");
        assert!(most <= HELD_MAX, "{most} bytes held");
        // A reused slot whose reply found no room is as good an end as a stalled connection.
        let codes: Vec<_> = closed.into_iter().map(|(code, _)| code).collect();
        assert!(codes.iter().all(|code| matches!(code, WriteStalled | SlotInUse)), "{codes:?}");
        game.is_as_before().await;
    }

    async fn a_player_that_never_answers_costs_the_server_its_calls_only(over: Over) {
        let game = game(over).await;
        let eve = game.player("eve").await;
        let player = game.table.server.player("eve").expect("eve");
        let soon = Duration::from_millis(100);
        let asked = (0..500).map(|n| player.fetch(n).within(soon));
        let answers = futures_util::future::join_all(asked).await;
        assert!(answers.iter().all(Result::is_err));
        game.goes_on().await;
        drop(eve);
        game.is_as_before().await;
    }

    async fn a_connection_cut_anywhere_leaves_nothing(over: Over) {
        let game = game(over).await;
        let hang = Yard.hang.descriptor();
        let dialogue = login("eve");
        for end in 0..dialogue.len() {
            let mut eve = game.stranger().await;
            eve.send(&dialogue[..end]).await;
        }
        let calls = [call(0, hang, &[]), call(1, hang, &[]), ping(1, 1)].concat();
        for end in (0..calls.len()).step_by(3) {
            let mut eve = game.player("eve").await;
            eve.send(&calls[..end]).await;
        }
        game.is_as_before().await;
    }
}
