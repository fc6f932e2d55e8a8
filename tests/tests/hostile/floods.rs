//! Frames that are harmless one by one: too many of them end the session, and none of them costs others anything.

use farcall_protocol::CloseCode::*;
use farcall_server::{Admission, Limits, ServerConfig};
use farcall_tests::over_both_transports;

use crate::bytes::*;
use crate::game::{Game, game};
use crate::yard::Yard;

over_both_transports! {
    async fn control_frames_that_say_nothing_are_a_flood(over: Over) {
        let game = game(over).await;
        for (what, one) in [("ping", ping(1, 1)), ("pong", pong(1, 1)), ("ack", ack(0, 0))] {
            let mut eve = game.player("eve").await;
            eve.send(one.repeat(20_000)).await;
            assert_eq!(eve.ending().await, Some(Flood), "{what}");
            game.goes_on().await;
        }
        game.is_as_before().await;
    }

    async fn calls_cancelled_at_once_are_a_flood_and_never_run_over_the_limit(over: Over) {
        let game = game(over).await;
        let mut eve = game.player("eve").await;
        let hang = Yard.hang.descriptor();
        let mut storm = Vec::new();
        for n in 0..5_000_u32 {
            let (slot, generation) = (n % 192, n / 192);
            storm.extend(call_as(id(slot, generation), hang, hang.signature, 10_000, &[]));
            storm.extend(frame(CANCEL, 0, &id(slot, generation)));
        }
        eve.send(storm).await;
        // Whether the slots or the cancels are found out first depends on how fast handlers stop.
        let ending = eve.ending().await;
        assert!(matches!(ending, Some(Flood | SlotInUse)), "{ending:?}");
        let most = game.running.most();
        assert!(most <= 64, "{most} handlers ran at once");
        game.is_as_before().await;
    }

    async fn polite_rapid_resets_are_a_flood_too(over: Over) {
        let game = game(over).await;
        let mut eve = game.player("eve").await;
        let hang = Yard.hang.descriptor();
        // Waits for each call to be let end before the next: only the budget of cancels can stop it.
        let ending = 'storm: {
            for n in 0..1_000 {
                eve.send(call_as(id(0, n), hang, hang.signature, 10_000, &[])).await;
                eve.send(frame(CANCEL, 0, &id(0, n))).await;
                loop {
                    match eve.next().await {
                        Some(seen) if seen.kind == RESULT => break,
                        Some(seen) if seen.kind == CLOSE => break 'storm Some(seen.payload[0]),
                        Some(_) => {}
                        None => break 'storm None,
                    }
                }
            }
            None
        };
        assert_eq!(ending, Some(Flood.number() as u8));
        drop(eve);
        game.is_as_before().await;
    }

    async fn cancels_of_what_never_was_mean_nothing(over: Over) {
        let game = game(over).await;
        let mut eve = game.player("eve").await;
        for n in 0..20_000 {
            eve.send(frame(CANCEL, 0, &id(n, n))).await;
        }
        eve.send(call(0, Yard.sum.descriptor(), &[2, 4])).await;
        assert_eq!(eve.next_of(RESULT).await.expect("an answer")[8..], [0, 6]);
        drop(eve);
        game.is_as_before().await;
    }

    async fn the_129th_call_in_flight_is_refused_and_64_run(over: Over) {
        let game = game(over).await;
        let mut eve = game.player("eve").await;
        for slot in 0..129 {
            eve.send(call(slot, Yard.hang.descriptor(), &[])).await;
        }
        let refused = eve.next_of(RESULT).await.expect("an answer");
        assert_eq!(refused, [&id(128, 1)[..], &[22]].concat());
        assert_eq!((game.running.now(), game.running.most()), (64, 64));
        game.goes_on().await;
        // A call that claims to be made within one of ours which never was gains nothing by it.
        let mut nested = call(129, Yard.hang.descriptor(), &[]);
        nested[5] = 0b01;
        nested.extend(id(0, 0));
        let len = nested.len() as u32 - 4;
        nested[..4].copy_from_slice(&len.to_le_bytes());
        eve.send(nested).await;
        assert_eq!(eve.next_of(RESULT).await.expect("an answer")[8..], [22]);
        drop(eve);
        game.is_as_before().await;
    }

    async fn messages_that_wait_behind_hanging_calls_are_bounded(over: Over) {
        let game = game(over).await;
        let mut eve = game.player("eve").await;
        for slot in 0..65 {
            eve.send(call(slot, Yard.hang.descriptor(), &[])).await;
        }
        let note = [&[251, 0x84, 3][..], &[b'x'; 900]].concat();
        eve.send(notify(Yard.note.descriptor(), &note).repeat(2_000)).await;
        assert_eq!(eve.ending().await, Some(InboundOverflow));
        assert_eq!(game.running.notes(), 0);
        game.is_as_before().await;
    }

    async fn a_flood_of_notes_is_heard_and_delays_nobody(over: Over) {
        let game = game(over).await;
        let mut eve = game.player("eve").await;
        let notes = notify(Yard.note.descriptor(), &[1, b'x']).repeat(500);
        for _ in 0..40 {
            eve.send(&notes).await;
            game.goes_on().await;
        }
        eve.send(call(0, Yard.sum.descriptor(), &[2, 4])).await;
        eve.next_of(RESULT).await.expect("an answer");
        assert_eq!(game.running.notes(), 20_000);
        drop(eve);
        game.is_as_before().await;
    }

    async fn connections_beyond_the_waiting_room_are_dropped_and_players_stay(over: Over) {
        let config = ServerConfig {
            logins_pending_max: 8,
            limits: Limits { login_timeout: std::time::Duration::from_millis(300), ..Limits::default() },
            ..ServerConfig::default()
        };
        let game = Game::with(over, config, Admission::anonymous()).await;
        let mut silent = Vec::new();
        for _ in 0..8 {
            silent.push(game.stranger().await);
        }
        farcall_tests::waiting::until(|| game.table.server.stats().logins_pending == 8).await;
        assert_eq!(game.stranger().await.ending().await, None, "dropped without a word");
        game.goes_on().await;
        for mut one in silent {
            assert_eq!(one.ending().await, Some(LoginTimeout));
        }
        drop(game.player("ann").await);
        game.is_as_before().await;
    }

    async fn sessions_beyond_the_limit_are_told_that_it_is_busy(over: Over) {
        let config = ServerConfig { sessions_max: 2, ..ServerConfig::default() };
        let game = Game::with(over, config, Admission::anonymous()).await;
        let ann = game.player("ann").await;
        let mut bob = game.stranger().await;
        bob.send(login("bob")).await;
        assert_eq!(bob.ending().await, Some(Busy));
        drop(ann);
        game.is_as_before().await;
        drop(game.player("bob").await);
        game.is_as_before().await;
    }
}
