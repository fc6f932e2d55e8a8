//! The server's side of the contract: who may enter, and what players' calls do. Matches are the director's to make.

use std::sync::Arc;
use std::time::Duration;

use farcall_protocol::{Uid, contracts};
use farcall_server::{
    Admission, Arrival, BindError, Context, Refusal, Server, ServerConfig, SessionEvent, State, States, route,
};

use crate::arena::{NAME_CHARS_MAX, Steer};
use crate::contract::{ChatLine, EnqueueError, Lobby, Player, Rank, Ticket, WhisperError};
use crate::hall::Hall;
use crate::numbers::Towards;

/// Starts the game's server. A [`Director`](crate::director::Director) makes matches of who enters.
pub async fn serve(address: &str, hall: Arc<Hall>) -> Result<Server, BindError> {
    let config = ServerConfig {
        address: address.to_owned(),
        serves: contracts![Lobby],
        states: States::new().with_shared(hall.clone()),
        ..ServerConfig::default()
    };
    Server::bind(config, admission(hall)).await
}

/// Anybody may play whose name can be shown. Who has lost the connection is waited for; who has gone leaves the hall.
pub fn admission(hall: Arc<Hall>) -> Admission {
    let wire = hall.wire.clone();
    let door = Admission::new(admit).changed(move |player, event| match event {
        SessionEvent::Resumed { replayed, away } => wire.resumed(player.session().uid(), *replayed, *away),
        _ => wire.detached(player.session().uid()),
    });
    door.closed(move |ended| {
        let hall = hall.clone();
        async move { hall.leave(ended.player.session().uid()) }
    })
}

async fn admit(arrival: Arrival) -> Result<Uid, Refusal> {
    let name = arrival.uid.as_str();
    match name.len() <= NAME_CHARS_MAX && name.chars().all(|c| c.is_ascii_alphanumeric()) {
        true => Ok(arrival.uid),
        false => Err(Refusal::because(format!("a name has 1 to {NAME_CHARS_MAX} letters and digits"))),
    }
}

#[route(Lobby::enqueue)]
fn enqueue(ctx: Context, hall: State<Hall>) -> Result<Ticket, EnqueueError> {
    hall.enter(ctx.uid())
}

#[route(Lobby::steer)]
fn steer(ctx: Context, hall: State<Hall>, dx: f32, dy: f32) {
    hall.steer(ctx.uid(), Steer { dx, dy });
}

#[route(Lobby::chat)]
fn chat(ctx: Context, server: Server, text: String) {
    let text = text.chars().take(CHAT_CHARS_MAX).collect();
    server.everyone().chat(ChatLine { from: ctx.uid().clone(), text });
}

#[route(Lobby::whisper)]
async fn whisper(
    ctx: Context,
    server: Server,
    hall: State<Hall>,
    to: Uid,
    text: String,
) -> Result<String, WhisperError> {
    let player = server.player(&to).map_err(|_| WhisperError::Offline)?;
    let watched = hall.wire.to_player(&to, "hear");
    let answer = player.hear(ctx.uid(), text).within(HEAR_TIME).await;
    watched.ended(answer).map_err(|_| WhisperError::NoAnswer)
}

#[route(Lobby::leaderboard)]
fn leaderboard(hall: State<Hall>) -> Vec<Rank> {
    hall.ranks()
}

#[route(Lobby::count)]
fn count(ctx: Context, hall: State<Hall>, number: u64) {
    hall.wire.came(Towards::Server, ctx.uid(), number);
}

const CHAT_CHARS_MAX: usize = 120;
const HEAR_TIME: Duration = Duration::from_secs(2);
