//! Types of other crates in calls, end to end: by a stand-in, in both codecs.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

use std::collections::BTreeMap;
use std::time::Duration;

use farcall_client::{ClientConfig, Codec};
use farcall_protocol::{Message, contract, contracts};
use farcall_server::route;
use farcall_tests::TestServer;
use serde::{Deserialize, Serialize};

/// Of another crate: serde knows it, Farcall does not.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Vec3(pub f32, pub f32, pub f32);

/// A wish that holds one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Message)]
struct Wish {
    #[message(as = (f32, f32, f32))]
    to: Vec3,
    after: Duration,
    notes: BTreeMap<String, Vec<u8>>,
}

#[contract(served_by = server)]
trait Arena {
    async fn turn(wish: Wish) -> Wish;
}

#[route(Arena::turn)]
fn turn(wish: Wish) -> Wish {
    let Vec3(x, y, z) = wish.to;
    Wish { to: Vec3(-x, -y, -z), ..wish }
}

#[tokio::test(start_paused = true)]
async fn a_foreign_type_with_a_stand_in_travels_both_ways_in_every_codec() {
    for codec in Codec::ALL {
        let game = TestServer::new(contracts![Arena]);
        let config = ClientConfig { codecs: vec![*codec], ..ClientConfig::new("in memory", "ann").unwrap() };
        let ann = game.player_with(config).await;
        let notes = BTreeMap::from([("é".to_owned(), vec![1, 2]), (String::new(), vec![])]);
        let wish = Wish { to: Vec3(1.0, -2.5, 0.0), after: Duration::from_millis(1_500), notes };
        let turned = ann.turn(wish.clone()).await.unwrap();
        assert_eq!(turned, Wish { to: Vec3(-1.0, 2.5, -0.0), ..wish }, "{codec:?}");
    }
}
