//! The handlers of both ends.

use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::Waker;
use std::time::Duration;

use farcall_client::Reply;
use farcall_server::{Context, State};

use super::{Field, Game, Screen, World};

/// Questions that wait for somebody to answer them.
#[derive(Debug, Default, Clone)]
pub struct Questions(pub Arc<Mutex<Vec<Question>>>);

/// One of them, with the right to answer it.
pub type Question = (String, Reply<Result<String, u8>>);

#[farcall_client::route(Screen::ready_check)]
fn ready_check(game: &mut Game, reply: Reply<bool>, id: u32) {
    game.popups.push((id, reply));
}

#[farcall_client::route(Screen::score)]
fn score(game: &mut Game, ctx: farcall_client::Context, points: u32) -> u32 {
    assert_eq!(ctx.uid().as_str(), "ann");
    game.threads.push(std::thread::current().id());
    game.points += points;
    game.points
}

#[farcall_client::route(Screen::crash)]
fn crash(game: &mut Game) -> u32 {
    panic!("on purpose, with {} points", game.points)
}

#[farcall_client::route(Screen::crash_replying)]
fn crash_replying(game: &mut Game, _reply: Reply<u32>) {
    panic!("on purpose, with {} points and the reply", game.points)
}

#[farcall_client::route(Screen::hold)]
fn hold(game: &mut Game) -> u32 {
    let (entered, leave) = game.gate.take().expect("a gate");
    entered.send(()).expect("a test");
    leave.recv().expect("a test");
    game.points
}

#[farcall_client::route(Screen::ping)]
fn ping() -> u32 {
    7
}

#[farcall_client::route(Screen::event)]
fn event(game: &mut Game, number: u64) {
    game.events.push(number);
}

#[farcall_client::route(Screen::work)]
fn work(game: &mut Game, number: u64) {
    pass(WORK);
    game.events.push(number);
}

#[farcall_client::route(Screen::snapshot)]
fn snapshot(game: &mut Game, tick: u64) {
    game.snapshots.push(tick);
}

#[farcall_server::route(Field::double)]
fn double(number: u32) -> u32 {
    number * 2
}

#[farcall_server::route(Field::join)]
fn join(world: &mut World, ctx: Context) -> u32 {
    world.joined.push(ctx.uid().clone());
    world.joined.len() as u32
}

#[farcall_server::route(Field::step)]
fn step(world: &mut World, ctx: Context, number: u64) {
    world.steps.push((ctx.uid().clone(), number));
}

#[farcall_server::route(Field::ask)]
fn ask(questions: State<Questions>, reply: Reply<Result<String, u8>>, question: String) {
    questions.0.lock().unwrap().push((question, reply));
}

/// How long `Screen::work` takes.
pub const WORK: Duration = Duration::from_micros(100);

/// Moves the paused clock from within a plain function: one poll of the future does it, the rest only yields.
fn pass(time: Duration) {
    let passing = pin!(tokio::time::advance(time));
    let _ = passing.poll(&mut std::task::Context::from_waker(Waker::noop()));
}
