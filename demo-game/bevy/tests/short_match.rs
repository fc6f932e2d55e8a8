//! One short match, as a player sees it and as the server does.

use std::net::TcpListener;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use bevy_app::{AppExit, Last};
use bevy_ecs::prelude::*;
use demo_bevy::game::{Disc, Seen, game};
use demo_bevy::house::House;
use farcall_protocol::Uid;

fn ann() -> Uid {
    Uid::new("ann").expect("a uid")
}

/// Runs a game and gives what it saw until its last frame: running takes the app.
fn run(address: &str, frames_max: u32) -> (AppExit, Seen, usize) {
    let last = Arc::new(Mutex::new((Seen::default(), 0)));
    let look = last.clone();
    let mut app = game(address, ann(), frames_max);
    app.add_systems(Last, move |seen: Res<Seen>, discs: Query<&Disc>| {
        *look.lock().expect("a look") = (seen.clone(), discs.iter().count());
    });
    let exit = app.run();
    let (seen, discs) = last.lock().expect("a look").clone();
    (exit, seen, discs)
}

#[test]
fn a_frame_loop_plays_a_match() {
    let house = House::open(3, Duration::from_secs(2)).expect("a server");
    let (exit, seen, discs) = run(house.address(), 900);
    assert_eq!(exit, AppExit::Success, "{seen:?}");
    assert!(seen.winner.is_some(), "{seen:?}");
    // The match has 60 ticks; newer fields replace older ones that no frame has taken.
    assert!((10..=60).contains(&seen.snapshots), "{seen:?}");
    assert_eq!(Vec::from_iter(seen.threads), [thread::current().id()]);
    assert_eq!((seen.ready, seen.went_home), (1, 1));
    assert!(seen.steered > 0);
    // One with each tick of the match, and none of them missed.
    assert_eq!((seen.counted, seen.skipped), (60, 0));
    assert_eq!((seen.discs, discs), (4, 4));

    let told = house.close().expect("a summary");
    assert_eq!((told.ready_checks_asked, told.ready_checks_answered, told.errors), (4, 4, 0), "{told:?}");
}

#[test]
fn a_game_without_a_server_ends_and_says_so() {
    let free = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = free.local_addr().expect("an address").to_string();
    drop(free);
    let (exit, seen, _) = run(&address, 900);
    assert!(exit.is_error());
    assert_eq!(seen.snapshots, 0);
}

#[test]
fn without_arguments_it_plays_against_bots_of_its_own() {
    let output = Command::new(env!("CARGO_BIN_EXE_demo-bevy")).output().expect("it starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let told = String::from_utf8(output.stdout).expect("text");
    assert_eq!(told.lines().count(), 1, "{told}");
    assert!(told.contains("snapshots of 5 discs") && told.contains(", 1 ready checks answered"), "{told}");
    assert!(told.ends_with(" won\n"), "{told}");
}

#[test]
fn the_network_glue_is_small_and_the_game_names_no_runtime() {
    let glue = include_str!("../src/net.rs").lines().count();
    assert!(glue <= 40, "{glue} lines of network glue");
    for source in
        [include_str!("../src/game.rs"), include_str!("../src/routes.rs"), include_str!("../src/net.rs")]
    {
        assert!(!source.contains("tokio") && !source.contains("async"));
    }
}
