//! Scenarios: a team's own bots against its own server, in its own contract.
//!
//! A bot is a script: it connects with its own `ClientConfig`, so its routes answer the server's calls as in any
//! client, and goes through its steps, each counted and timed under a name. [`scenarios`] gives the program its whole
//! command line: number of bots, ramp, processes, JSON, the HTML page, thresholds.
//!
//! ```no_run
//! use std::process::ExitCode;
//! use std::time::Duration;
//!
//! use farcall_client::{Client, ClientConfig};
//! use farcall_load::{Bot, Ended, Scenario, scenario, scenarios};
//! use farcall_protocol::contract;
//!
//! #[contract(served_by = server)]
//! trait Lobby {
//!     async fn enqueue(mode: String) -> u32;
//! }
//!
//! struct Queueing;
//!
//! impl Scenario for Queueing {
//!     fn name(&self) -> &'static str {
//!         "queueing"
//!     }
//!
//!     async fn bot(&self, bot: Bot) -> Result<(), Ended> {
//!         let config = ClientConfig::new(bot.address(), format!("bot-{}", bot.number()))?;
//!         let me = bot.time("connect", Client::connect(config)).await?;
//!         let mut turns = bot.turns(Duration::from_millis(500));
//!         while let Some(mut turn) = turns.next().await {
//!             turn.time("enqueue", me.enqueue("duel")).await?;
//!         }
//!         Ok(())
//!     }
//! }
//!
//! fn main() -> ExitCode {
//!     scenarios(&[scenario(Queueing)])
//! }
//! ```
//!
//! In scope: when bots begin, act and end; counting; several processes as one run. Out of scope: the server, which
//! runs already, and what a step does.

mod bot;
mod cli;
mod count;
mod crew;
mod merge;
mod run;

use std::sync::Arc;

use futures_util::future::BoxFuture;

pub use self::bot::{Bot, Turn, Turns};
pub use self::cli::scenarios;

/// Why a bot ended before the run did. Any error becomes one with `?`; it is counted by its text.
pub type Ended = Box<dyn std::error::Error + Send + Sync>;

/// A script that many bots follow at once.
pub trait Scenario: Send + Sync + 'static {
    /// Its name on the command line and in reports.
    fn name(&self) -> &'static str;

    /// One bot's whole part. It should return soon after the run is over, as [`Turns::next`] and [`Bot::is_over`]
    /// tell; three seconds later it is dropped. Steps that it leaves unfinished count as not answered.
    ///
    /// # Errors
    /// Whatever ends this bot early; the others go on.
    fn bot(&self, bot: Bot) -> impl Future<Output = Result<(), Ended>> + Send;
}

/// Enters a scenario for [`scenarios`].
pub fn scenario<S: Scenario>(scenario: S) -> Script {
    Script(Arc::new(scenario))
}

/// A scenario in the list that [`scenarios`] takes.
#[derive(Clone)]
pub struct Script(Arc<dyn Plays>);

impl Script {
    /// The scenario's name.
    pub fn name(&self) -> &'static str {
        self.0.name()
    }

    /// One bot's part, to be run as a task.
    fn play(&self, bot: Bot) -> impl Future<Output = Result<(), Ended>> + Send + use<> {
        let plays = self.0.clone();
        async move { plays.play(bot).await }
    }
}

/// A scenario with its type forgotten: one box per bot, none per step.
trait Plays: Send + Sync {
    fn name(&self) -> &'static str;
    fn play(&self, bot: Bot) -> BoxFuture<'_, Result<(), Ended>>;
}

impl<S: Scenario> Plays for S {
    fn name(&self) -> &'static str {
        Scenario::name(self)
    }

    fn play(&self, bot: Bot) -> BoxFuture<'_, Result<(), Ended>> {
        Box::pin(self.bot(bot))
    }
}
