//! How calls end.

use std::time::Duration;

use farcall_client::{CallError, CloseCode, Failed, NotExecuted};
use farcall_tests::over_both_transports;
use farcall_tests::table::{Guest, House, PayError};
use tokio::sync::oneshot;

use super::*;

over_both_transports! {
    async fn a_call_gives_the_handlers_value(over: Over) {
        let (_table, client, _) = ann(over).await;
        assert_eq!(client.sum(2, 3).await, Ok(5));
        assert_eq!(client.whoami().await.unwrap().as_str(), "ann");
        assert_eq!(client.echo("héllo").await.unwrap(), "héllo");
    }

    async fn the_server_calls_a_player_by_uid(over: Over) {
        let (table, _client, _) = ann(over).await;
        let player = table.server.player("ann").unwrap();
        assert_eq!(player.ready(2).await, Ok(true));
        assert_eq!(player.ready(3).await, Ok(false));
        assert!(table.server.player("bob").is_err());
    }

    async fn a_handlers_own_error_arrives_typed(over: Over) {
        let (_table, client, _) = ann(over).await;
        assert_eq!(client.pay(7).await, Ok(3));
        assert_eq!(client.pay(12).await, Err(CallError::Handler(PayError::TooPoor { missing: 2 })));
    }

    async fn a_panic_fails_its_call_only(over: Over) {
        let (_table, client, _) = ann(over).await;
        assert_eq!(client.panics().await, Err(CallError::Failed(Failed::Panicked)));
        assert_eq!(client.panics_later().await, Err(CallError::Failed(Failed::Panicked)));
        assert_eq!(client.sum(1, 1).await, Ok(2));
    }

    async fn a_deadline_ends_the_call_and_stops_its_handler(over: Over) {
        let (_table, client, said) = ann(over).await;
        let error = client.hang().within(Duration::from_millis(30)).await.unwrap_err();
        assert_eq!(error, CallError::DeadlineExceeded);
        assert!(error.may_have_run() && !error.may_retry());
        until(|| said.all() == ["started", "stopped"]).await;
        until(|| client.session().slots_used() == 0).await;
    }

    async fn dropping_an_awaited_call_stops_its_handler(over: Over) {
        let (_table, client, said) = ann(over).await;
        let call = tokio::spawn({
            let client = client.clone();
            async move { client.hang().await }
        });
        until(|| said.all() == ["started"]).await;
        call.abort();
        until(|| said.all() == ["started", "stopped"]).await;
        until(|| client.session().slots_used() == 0).await;
    }

    async fn a_deadline_over_the_maximum_is_refused_here(over: Over) {
        let (_table, client, _) = ann(over).await;
        let asked = Duration::from_secs(121);
        let max = Duration::from_secs(120);
        let refused = client.sum(1, 1).within(asked).await;
        assert_eq!(refused, Err(NotExecuted::DeadlineTooLong { asked, max }.into()));
    }

    async fn an_unknown_route_and_a_wrong_signature_are_told_apart(over: Over) {
        let (_table, client, _) = ann(over).await;
        let unknown = client.session().call::<_, i64>("House.nothing", (1_i64,)).await;
        assert_eq!(unknown, Err(NotExecuted::UnknownRoute.into()));
        let wrong = client.session().call::<_, i64>("House.sum", (1_i64, 2_i32)).await;
        assert!(matches!(wrong, Err(CallError::NotExecuted(NotExecuted::SignatureMismatch { .. }))), "{wrong:?}");
        assert_eq!(client.session().call::<_, i64>("House.sum", (1_i64, 2_i64)).await, Ok(3));
    }

    async fn too_large_is_refused_here_with_both_numbers(over: Over) {
        let (_table, client, _) = ann(over).await;
        let text = "x".repeat(70_000);
        let refused = client.echo(&text).await;
        assert_eq!(refused, Err(NotExecuted::TooLarge { bytes: 70_005, max: 65_536 }.into()));
        assert_eq!(client.echo(&text[..65_000]).await.map(|text| text.len()), Ok(65_000));
    }

    async fn a_callback_gets_the_reply_without_anybody_waiting(over: Over) {
        let (_table, client, _) = ann(over).await;
        let (sender, reply) = oneshot::channel();
        client.sum(20, 22).then(move |reply| drop(sender.send(reply)));
        assert_eq!(reply.await.unwrap(), Ok(42));
    }

    async fn a_sent_call_runs_and_a_dropped_unsent_one_does_not(over: Over) {
        let (_table, client, said) = ann(over).await;
        drop(client.hang());
        let sent = client.hang().send();
        until(|| said.all() == ["started"]).await;
        assert_eq!(client.sum(1, 1).await, Ok(2));
        assert_eq!(said.all(), ["started"]);
        sent.cancel();
        until(|| said.all() == ["started", "stopped"]).await;
    }

    async fn everything_pending_ends_when_the_session_does(over: Over) {
        let (table, client, said) = ann(over).await;
        let pending = tokio::spawn({
            let client = client.clone();
            async move { client.hang().await }
        });
        until(|| said.all() == ["started"]).await;
        assert!(table.server.kick("ann", "enough"));
        assert_eq!(pending.await.unwrap(), Err(CallError::Indeterminate));
        let reason = client.session().closed().await;
        assert_eq!((reason.code, reason.message.as_str(), reason.by_peer), (CloseCode::Kicked, "enough", true));
        until(|| said.all() == ["started", "stopped"]).await;
        let late = client.sum(1, 1).await;
        assert_eq!(late, Err(NotExecuted::NeverSent.into()));
        until(|| table.server.player("ann").is_err()).await;
    }

    async fn dropping_the_last_handle_ends_the_session_in_order(over: Over) {
        let (table, client, said) = ann(over).await;
        for n in 0..100 {
            client.say(n.to_string());
        }
        drop(client);
        until(|| said.all().len() == 100).await;
        until(|| table.server.player("ann").is_err()).await;
        assert_eq!(said.all().last().map(String::as_str), Some("99"));
    }

    async fn messages_arrive_in_order_with_calls(over: Over) {
        let (table, client, said) = ann(over).await;
        for n in 0..500 {
            client.say(n.to_string());
        }
        assert_eq!(client.sum(0, 0).await, Ok(0));
        assert_eq!(said.all(), (0..500).map(|n| n.to_string()).collect::<Vec<_>>());
        drop(table);
    }

    async fn a_latest_value_converges_to_the_last(over: Over) {
        let (_table, client, said) = ann(over).await;
        for value in 1..=1_000_u64 {
            client.steer(value);
        }
        until(|| said.all().last().is_some_and(|last| last == "1000")).await;
    }
}
