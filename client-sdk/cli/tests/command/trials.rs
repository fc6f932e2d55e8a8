//! Routes for the tests alone: those that misbehave, and those that show who is calling.

use farcall_protocol::{Uid, contract};
use farcall_server::{Context, Server, route};

use super::game::Player;

/// What only a test calls.
#[contract(served_by = server)]
pub trait Trials {
    /// Who the server takes you for.
    async fn whoami() -> Uid;
    /// Asks the player who calls it whether it is ready.
    async fn ask_me() -> Result<bool, String>;
    /// Never answers.
    async fn hang();
    /// Panics.
    async fn panic();
    /// Closes the caller's session.
    async fn kick_me();
}

#[route(Trials::whoami)]
fn whoami(ctx: Context) -> Uid {
    ctx.uid().clone()
}

#[route(Trials::ask_me)]
async fn ask_me(ctx: Context) -> Result<bool, String> {
    ctx.peer().ready_check(3).await.map_err(|error| error.to_string())
}

#[route(Trials::hang)]
async fn hang() {
    std::future::pending().await
}

#[route(Trials::panic)]
fn panic() {
    panic!("on purpose")
}

#[route(Trials::kick_me)]
fn kick_me(ctx: Context, server: Server) {
    server.kick(ctx.uid(), "as you wish");
}
