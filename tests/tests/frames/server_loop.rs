//! A server whose world ticks on one thread.

use farcall_client::NotExecuted;
use farcall_server::{Limits, PollError, Polled};

use super::{BUDGET, Field, Game, World, asked, field, screen};

#[tokio::test]
async fn all_players_calls_run_in_one_loop_in_order_of_arrival() {
    let (table, _) = field(Limits::default()).await;
    let names = ["ann", "bob", "cat"];
    let mut clients = Vec::new();
    for name in names {
        clients.push(table.connect(screen(&table, name, Limits::default())).await.unwrap());
    }
    let mut places = Vec::new();
    for round in 0..10_u64 {
        for client in &clients {
            client.step(round);
            // Handlers start in order of arrival: when this has answered, the step waits in the world's inbox.
            assert_eq!(client.double(1).await, Ok(2));
        }
    }
    for client in &clients {
        places.push(asked(client.join()));
        assert_eq!(client.double(1).await, Ok(2));
    }
    let mut world = World::default();
    assert_eq!(table.server.poll(&mut world, BUDGET), Ok(Polled { ran: 33, left: 0 }));
    let expected: Vec<(&str, u64)> = (0..10).flat_map(|round| names.map(|name| (name, round))).collect();
    assert!(world.steps.iter().map(|(uid, round)| (uid.as_str(), *round)).eq(expected));
    for (at, place) in places.into_iter().enumerate() {
        assert_eq!(place.await.unwrap(), Ok(at as u32 + 1));
    }
    assert_eq!(world.joined.iter().map(|uid| uid.as_str()).collect::<Vec<_>>(), names);
}

#[tokio::test]
async fn a_player_that_leaves_takes_its_waiting_calls_along_and_nobody_elses() {
    let (table, _) = field(Limits::default()).await;
    let ann = table.connect(screen(&table, "ann", Limits::default())).await.unwrap();
    let bob = table.connect(screen(&table, "bob", Limits::default())).await.unwrap();
    for client in [&ann, &bob] {
        client.step(1);
        assert_eq!(client.double(1).await, Ok(2));
    }
    ann.session().leave().await;
    farcall_tests::waiting::until(|| table.server.player("ann").is_err()).await;
    assert_eq!(ann.double(1).await, Err(NotExecuted::NeverSent.into()));
    let mut world = World::default();
    assert_eq!(table.server.poll(&mut world, BUDGET), Ok(Polled { ran: 1, left: 0 }));
    assert_eq!(world.steps, [("bob".try_into().unwrap(), 1)]);
}

#[tokio::test]
async fn the_worlds_type_is_the_servers_own() {
    let (table, _) = field(Limits::default()).await;
    let refused = table.server.poll(&mut Game::default(), BUDGET);
    assert_eq!(refused, Err(PollError::WrongFrame { expected: "frames::World", given: "frames::Game" }));
}
