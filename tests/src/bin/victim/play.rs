//! The player that is killed or stopped: calls without pause, and writes down how each call ended.

use std::error::Error;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use clap::Args;
use farcall_client::{Client, ClientConfig, route};
use farcall_protocol::contracts;
use farcall_tests::chance::Chance;
use farcall_tests::victim::{Entry, Mill, Miller, name};

use crate::journal::Journal;

/// A player who calls without pause.
#[derive(Debug, Args)]
pub struct Play {
    /// Where the server is.
    #[arg(long)]
    address: String,
    /// Who to be.
    #[arg(long)]
    uid: String,
    /// The number of the first call.
    #[arg(long)]
    from: u64,
    /// Where its chance begins.
    #[arg(long)]
    seed: u64,
}

/// Short calls at once.
const CALLERS: u64 = 8;
/// Longer than any test takes: such a call ends with its session.
const ENDLESS: Duration = Duration::from_secs(100);

#[route(Miller::help)]
fn help(number: u64) -> u64 {
    number
}

impl Play {
    /// Plays until the session is over or it is told to end. Says in the end why it was.
    ///
    /// # Errors
    /// Where it cannot log in.
    pub async fn run(self, told_to_end: impl Future) -> Result<(), Box<dyn Error>> {
        let journal = Arc::new(Journal::on_stdout()?);
        let config =
            ClientConfig { serves: contracts![Miller], ..ClientConfig::new(self.address, self.uid)? };
        let client = Client::connect(config).await?;
        journal.write(&Entry::Welcomed(name(&client.session())));
        let next = Arc::new(AtomicU64::new(self.from));
        let caller = |nth| Caller {
            client: client.clone(),
            journal: journal.clone(),
            next: next.clone(),
            chance: Chance::new(self.seed.wrapping_add(nth)),
        };
        caller(0).wait_for_one();
        let callers: Vec<_> = (1..=CALLERS).map(|nth| tokio::spawn(caller(nth).call_on())).collect();
        tokio::select! {
            _ = told_to_end => client.session().leave().await,
            _ = client.session().closed() => {}
        }
        for caller in callers {
            caller.await?;
        }
        journal.write(&Entry::Over(client.session().closed().await.code.name().to_owned()));
        Ok(())
    }
}

/// Makes one call after the other.
struct Caller {
    client: Client,
    journal: Arc<Journal>,
    next: Arc<AtomicU64>,
    chance: Chance,
}

impl Caller {
    /// Calls until the session is over.
    async fn call_on(mut self) {
        while self.client.session().is_open() {
            let number = self.number();
            let ending = if self.chance.percent(20) {
                self.client.grind_together(number).await
            } else {
                self.client.grind(number, self.chance.below(3_000) as u32).await
            };
            self.journal.write(&Entry::Ended(number, ending.into()));
        }
    }

    /// Makes one call, before all others, that ends only with the session.
    fn wait_for_one(self) {
        let number = self.number();
        let call = self.client.grind(number, ENDLESS.as_micros() as u32).within(ENDLESS);
        call.then(move |ending| self.journal.write(&Entry::Ended(number, ending.into())));
    }

    fn number(&self) -> u64 {
        self.next.fetch_add(1, Ordering::Relaxed)
    }
}
