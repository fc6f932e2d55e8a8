//! A game that does not poll leaves its session, and finds it again with everything in order.

use super::*;

#[client_route(Player::asked)]
fn asked(_game: &mut Vec<u32>, number: u32) -> u32 {
    number
}

#[client_route(Player::told)]
fn told(game: &mut Vec<u32>, number: u32) {
    game.push(number);
}

#[client_route(Player::shown)]
fn shown(_game: &mut Vec<u32>, _number: u32) {}

#[tokio::test(start_paused = true)]
async fn half_a_minute_without_a_poll_loses_nothing_and_keeps_memory_flat() {
    let (game, _, network) = game().await;
    let config = ClientConfig {
        serves: contracts![Player],
        handlers_in: Some(module_path!()),
        ..ClientConfig::new("", "ann").unwrap()
    };
    let ann = Client::connect_by(network.dial(), config).await.unwrap();
    let player = game.server().await.player("ann").unwrap();
    let (mut sent, mut frames) = (0, Vec::<u32>::new());
    for second in 0..30 {
        // As many as the session takes: what it refuses, the game knows.
        for _ in 0..200 {
            if player.told(sent) == Notified::Sent {
                sent += 1;
            }
        }
        tokio::time::sleep(ms(1_000)).await;
        assert!(player.session().bytes_held() <= 512 << 10, "second {second}");
    }
    assert!((2_000..=4_000).contains(&sent), "{sent}");
    assert!(!ann.session().is_attached());
    until(|| {
        ann.poll(&mut frames, ms(2)).unwrap();
        frames.len() == sent as usize
    })
    .await;
    assert_eq!(frames, (0..sent).collect::<Vec<_>>());
    assert!(ann.session().is_attached());
    // What had waited at the server may have filled the inbox once more.
    assert!((2..=4).contains(&network.connections()));
}
