//! The handlers of both sides.

use std::sync::{Arc, OnceLock};

use farcall_protocol::Uid;
use farcall_server::{Context, Server, State, route};
use farcall_tests::table::{Guest, House, PayError};

use super::{Said, Seen};

/// The server, given to its own handlers once it exists. Weak in spirit: tests drop the table first.
#[derive(Debug, Clone, Default)]
pub struct ServerSlot(Arc<OnceLock<Server>>);

impl ServerSlot {
    pub fn set(&self, server: Server) {
        let _ = self.0.set(server);
    }
}

#[route(House::sum)]
fn sum(x: i64, y: i64) -> i64 {
    x + y
}

#[route(House::pay)]
async fn pay(coins: u32) -> Result<u32, PayError> {
    10_u32.checked_sub(coins).ok_or(PayError::TooPoor { missing: coins.saturating_sub(10) })
}

#[route(House::whoami)]
fn whoami(ctx: Context) -> Uid {
    ctx.uid().clone()
}

#[route(House::echo)]
fn echo(text: String) -> String {
    text
}

#[route(House::hang)]
async fn hang(said: State<Said>) -> u32 {
    struct Stopped(State<Said>);
    impl Drop for Stopped {
        fn drop(&mut self) {
            self.0.add("stopped");
        }
    }
    said.add("started");
    let _stopped = Stopped(said);
    std::future::pending().await
}

#[route(House::panics)]
fn panics() -> u32 {
    panic!("on purpose")
}

#[route(House::panics_later)]
async fn panics_later() -> u32 {
    tokio::task::yield_now().await;
    panic!("on purpose, later")
}

#[route(House::bounce)]
async fn bounce(ctx: Context, depth: u32) -> u32 {
    match depth {
        0 => 0,
        _ => 1 + ctx.peer().bounce(depth - 1).await.expect("the guest's answer"),
    }
}

#[route(House::whisper)]
async fn whisper(slot: State<ServerSlot>, to: Uid, text: String) -> Option<String> {
    let player = slot.0.get()?.player(&to).ok()?;
    player.ask(text).await.ok()
}

#[route(House::say)]
fn say(said: State<Said>, text: String) {
    said.add(text);
}

#[route(House::steer)]
fn steer(said: State<Said>, value: u64) {
    said.add(value.to_string());
}

#[route(Guest::ready)]
fn ready(game: u32) -> bool {
    game.is_multiple_of(2)
}

#[route(Guest::bounce)]
async fn guest_bounce(ctx: farcall_client::Context, depth: u32) -> u32 {
    match depth {
        0 => 0,
        _ => 1 + ctx.peer().bounce(depth - 1).await.expect("the house's answer"),
    }
}

#[route(Guest::ask)]
async fn ask(ctx: farcall_client::Context, text: String) -> String {
    format!("{}: {}", ctx.uid(), text.to_uppercase())
}

#[route(Guest::event)]
fn event(seen: State<Seen>, number: u64) {
    seen.add(number);
}

#[route(Guest::state)]
fn state(seen: State<Seen>, value: u64) {
    seen.add(value);
}
