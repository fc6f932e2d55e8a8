//! What the server's calls do here. Each runs on the frame's thread, in arrival order, with the whole world in its
//! hands; what should take frames, such as a decision, is left to a system.

use std::thread;

use bevy_ecs::prelude::World;
use demo_game::contract::{ChatLine, Event, GameId, Player};
use demo_game::snapshot::Snapshot;
use farcall_client::{Reply, route};
use farcall_protocol::Uid;

use crate::game::{Field, Question, Seen};

#[route(Player::ready_check)]
fn ready_check(world: &mut World, reply: Reply<bool>, _game: GameId) {
    world.spawn(Question::new(reply, true));
}

#[route(Player::rematch)]
fn rematch(world: &mut World, reply: Reply<bool>) {
    world.spawn(Question::new(reply, false));
}

#[route(Player::snapshot)]
fn snapshot(world: &mut World, newest: Snapshot) {
    world.resource_mut::<Field>().0 = Some(newest.into());
    let mut seen = world.resource_mut::<Seen>();
    seen.snapshots += 1;
    seen.threads.insert(thread::current().id());
}

#[route(Player::event)]
fn event(world: &mut World, event: Event) {
    if let Event::Ends { winner, .. } = event {
        world.resource_mut::<Seen>().winner = Some(winner);
    }
}

#[route(Player::chat)]
fn chat(world: &mut World, _line: ChatLine) {
    world.resource_mut::<Seen>().lines += 1;
}

#[route(Player::count)]
fn count(world: &mut World, number: u64) {
    let mut seen = world.resource_mut::<Seen>();
    seen.skipped += u64::from(number != seen.counted + 1);
    seen.counted = number;
}

#[route(Player::hear)]
fn hear(_world: &mut World, from: Uid, _text: String) -> String {
    format!("hello {from}, I am a frame loop")
}
