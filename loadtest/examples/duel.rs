//! A game's own load test: bots that queue for a duel, answer the server's question, and shoot. Start
//!
//! ```sh
//! cargo run --release -p loadtest --example duel -- serve 127.0.0.1:7000
//! cargo run --release -p loadtest --example duel -- --addr 127.0.0.1:7000 --bots 500 --ramp 5 --html duel.html
//! ```
//!
//! in two shells. In a real game the server is the game's own, and contract and handlers are its crates.

use std::process::ExitCode;
use std::time::Duration;

use farcall_client::{Client, ClientConfig};
use farcall_load::{Bot, Ended, Scenario, scenario, scenarios};
use farcall_protocol::contracts;

/// The contract, shared by both sides.
mod shared {
    use farcall_protocol::contract;

    #[contract(served_by = server)]
    pub trait Arena {
        /// Waits for a duel; gives its number once the player has agreed.
        async fn enqueue() -> Result<u32, String>;
        /// Gives the damage.
        async fn shoot(angle: f32) -> u32;
    }

    #[contract(served_by = client)]
    pub trait Duellist {
        /// Are you there?
        async fn ready_check(duel: u32) -> bool;
    }
}

/// What the server does.
mod server {
    use std::sync::atomic::{AtomicU32, Ordering};

    use farcall_protocol::contracts;
    use farcall_server::{Admission, Context, Server, ServerConfig, route};

    use crate::shared::{Arena, Duellist};

    #[route(Arena::enqueue)]
    async fn enqueue(ctx: Context) -> Result<u32, String> {
        static DUELS: AtomicU32 = AtomicU32::new(0);
        let duel = DUELS.fetch_add(1, Ordering::Relaxed);
        let ready = ctx.peer().ready_check(duel).await.map_err(|error| error.to_string())?;
        if ready { Ok(duel) } else { Err("not ready".into()) }
    }

    #[route(Arena::shoot)]
    fn shoot(angle: f32) -> u32 {
        (angle.cos().abs() * 100.0) as u32
    }

    /// Says where it listens, and serves until stdin closes.
    #[tokio::main]
    pub async fn serve(address: String) -> Result<(), Box<dyn std::error::Error>> {
        let config = ServerConfig { address, serves: contracts![Arena], ..ServerConfig::default() };
        let server = Server::bind(config, Admission::anonymous()).await?;
        println!("{}", server.local_addr().ok_or("not listening")?);
        std::io::copy(&mut std::io::stdin(), &mut std::io::sink())?;
        Ok(())
    }
}

/// What a bot answers.
mod client {
    use farcall_client::route;

    use crate::shared::Duellist;

    #[route(Duellist::ready_check)]
    fn ready_check(duel: u32) -> bool {
        let _ = duel;
        true
    }
}

use shared::{Arena, Duellist};

/// Queues, then shoots ten times a second.
struct Duel;

impl Scenario for Duel {
    fn name(&self) -> &'static str {
        "duel"
    }

    async fn bot(&self, bot: Bot) -> Result<(), Ended> {
        let config = ClientConfig {
            serves: contracts![Duellist],
            ..ClientConfig::new(bot.address(), format!("bot-{}", bot.number()))?
        };
        let me = bot.time("connect", Client::connect(config)).await?;
        bot.time("enqueue", me.enqueue()).await?;
        let mut turns = bot.turns(Duration::from_millis(100));
        while let Some(mut turn) = turns.next().await {
            turn.time("shoot", me.shoot(0.5)).await?;
        }
        Ok(())
    }
}

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    if arguments.next().as_deref() != Some("serve") {
        return scenarios(&[scenario(Duel)]);
    }
    let ended = server::serve(arguments.next().unwrap_or_else(|| "127.0.0.1:0".into()));
    ended.map_or_else(
        |why| {
            eprintln!("{why}");
            ExitCode::FAILURE
        },
        |()| ExitCode::SUCCESS,
    )
}
