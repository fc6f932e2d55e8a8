//! Calls within calls: they cannot wait for what waits for them.

use std::time::Duration;

use farcall_client::Limits;
use farcall_tests::over_both_transports;
use farcall_tests::table::House;
use futures_util::future::join_all;

use super::*;

over_both_transports! {
    async fn a_call_back_and_forth_16_deep(over: Over) {
        let (_table, client, _) = ann(over).await;
        assert_eq!(client.bounce(16).await, Ok(16));
    }

    async fn one_handler_slot_16_deep_with_64_unrelated_calls_queued_first(over: Over) {
        let one_slot = || Limits { handlers_running_max: 1, ..Limits::default() };
        let (table, said) = house(over, one_slot()).await;
        let (config, _) = guest(&table, "ann");
        let client = table.connect(ClientConfig { limits: one_slot(), ..config }).await.unwrap();
        // The one slot is taken by the bounce; the unrelated calls queue behind it, and it still goes through.
        let bounce = tokio::spawn({
            let client = client.clone();
            async move { client.bounce(16).within(Duration::from_secs(9)).await }
        });
        let unrelated: Vec<_> = (0..64)
            .map(|n| {
                let client = client.clone();
                tokio::spawn(async move { client.pay(n % 10).within(Duration::from_secs(9)).await })
            })
            .collect();
        assert_eq!(bounce.await.unwrap(), Ok(16));
        for (n, call) in unrelated.into_iter().enumerate() {
            assert_eq!(call.await.unwrap(), Ok(10 - n as u32 % 10));
        }
        assert!(said.all().is_empty());
    }

    async fn all_slots_full_on_both_sides_each_nesting_once(over: Over) {
        let few = || Limits { handlers_running_max: 8, calls_in_flight_max: 8, ..Limits::default() };
        let (table, _) = house(over, few()).await;
        let (config, _) = guest(&table, "ann");
        let client = table.connect(ClientConfig { limits: few(), ..config }).await.unwrap();
        let player = table.server.player("ann").unwrap();
        let up = (0..32).map(|_| client.bounce(1));
        let down = (0..32).map(|_| farcall_tests::table::Guest::bounce(&player, 1));
        let (up, down) = tokio::join!(join_all(up), join_all(down));
        assert!(up.into_iter().all(|reply| reply == Ok(1)));
        assert!(down.into_iter().all(|reply| reply == Ok(1)));
    }

    async fn cat_asks_the_server_which_asks_owl(over: Over) {
        let (table, _) = house(over, Limits::default()).await;
        let cat = table.connect(guest(&table, "cat").0).await.unwrap();
        let _owl = table.connect(guest(&table, "owl").0).await.unwrap();
        let owl = farcall_protocol::Uid::new("owl").unwrap();
        assert_eq!(cat.whisper(&owl, "hoot").await, Ok(Some("owl: HOOT".to_owned())));
    }
}

/// On virtual time: the one slot is held for two seconds, and whoever waits behind it waits in order.
#[tokio::test(start_paused = true)]
async fn a_chain_16_deep_waits_behind_64_unrelated_calls_and_then_for_nobody() {
    let one_slot = || Limits { handlers_running_max: 1, ..Limits::default() };
    let (table, said) = house(Over::Memory, one_slot()).await;
    let (config, _) = guest(&table, "ann");
    let client = table.connect(ClientConfig { limits: one_slot(), ..config }).await.unwrap();
    let within = Duration::from_secs(9);
    let holds = client.hang().within(Duration::from_secs(2)).send();
    farcall_tests::waiting::until(|| said.all() == ["started"]).await;
    let unrelated: Vec<_> = (0..64).map(|n| tokio::spawn(client.pay(n % 10).within(within))).collect();
    farcall_tests::waiting::until(|| client.session().calls_outgoing() == 65).await;
    let chains: Vec<_> = (0..8).map(|_| tokio::spawn(client.bounce(16).within(within))).collect();
    farcall_tests::waiting::until(|| client.session().calls_outgoing() == 73).await;
    assert!(unrelated.iter().all(|call| !call.is_finished()), "the slot is held");
    for (n, call) in unrelated.into_iter().enumerate() {
        assert_eq!(call.await.unwrap(), Ok(10 - n as u32 % 10));
    }
    for chain in chains {
        assert_eq!(chain.await.unwrap(), Ok(16));
    }
    assert_eq!(said.all(), ["started", "stopped"]);
    farcall_tests::waiting::until(|| client.session().slots_used() == 0).await;
    drop(holds);
}
