//! One client of a player who is elsewhere, too: logs in, loses its connection and comes back, calls, kicks, leaves.
//! On a clock that is `start_paused = true`.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use farcall_client::{Client, ClientConfig, ConnectError, LoginError, LoginFailed, Reconnect, Refusal};
use farcall_server::{CloseCode, Server};
use farcall_tests::chance::Chance;
use farcall_tests::faults::Network;
use tokio::time::timeout;

use super::book::Book;
use super::{FOR_EVER, Lobby as _, ms};

pub struct Actor {
    uid: &'static str,
    book: Arc<Book>,
    chance: Chance,
    network: Network,
    client: Option<Client>,
    /// Clients that it has let go of without a word, or that were replaced: each must hear its end.
    kept: Vec<Client>,
    refused: u64,
}

impl Actor {
    pub fn new(uid: &'static str, server: &Server, book: &Arc<Book>, seed: u64) -> Self {
        Self {
            uid,
            book: book.clone(),
            chance: Chance::new(seed),
            network: Network::to(server),
            client: None,
            kept: Vec::new(),
            refused: 0,
        }
    }

    /// A few things at random moments. The clients that it had, its network, and how often it was refused.
    pub async fn act(mut self) -> (Vec<Client>, Network, u64) {
        for _ in 0..4 + self.chance.below(6) {
            self.step().await;
            self.book.look();
            if self.chance.percent(70) {
                tokio::time::sleep(ms(self.chance.below(60) as u64)).await;
            }
        }
        self.network.refuse(false);
        self.kept.extend(self.client.take());
        (self.kept, self.network, self.refused)
    }

    async fn step(&mut self) {
        let Some(client) = self.client.as_ref().filter(|client| client.session().is_open()) else {
            // Not at once each time, else clients do nothing but take each other's place.
            if self.client.is_none() || self.chance.percent(25) {
                self.log_in().await;
            }
            return;
        };
        match self.chance.below(14) {
            0 => self.log_in().await,
            1..6 => self.network.cut(),
            6 => self.network.lose(),
            7 => {
                // Away for a time that may be longer than its window.
                self.network.refuse(true);
                self.network.cut();
                tokio::time::sleep(ms(self.chance.below(400) as u64)).await;
                self.network.refuse(false);
            }
            8 => self.book.kicks(self.uid),
            9 => drop(self.client.take()),
            _ => {
                let number = self.chance.next() as u32;
                let within = ms(1 + self.chance.below(300) as u64);
                let ended = timeout(FOR_EVER, client.work(number).within(within)).await;
                let ended = ended.expect("a call that never ends");
                self.book.check(ended.as_ref().map_or(true, |answer| *answer == number), || {
                    format!("{number} was answered with {ended:?}")
                });
            }
        }
    }

    /// Another session of the same player, whatever becomes of the one before.
    async fn log_in(&mut self) {
        self.kept.extend(self.client.take());
        let (dial, dials) = (self.network.dial(), Mutex::new(Chance::new(self.chance.next())));
        let dial = move || {
            let (pause, dialing) = (ms(dials.lock().unwrap().below(20) as u64), dial());
            async move {
                tokio::time::sleep(pause).await;
                dialing.await
            }
        };
        // The client's own pauses are random without a seed; below a tick of the clock they are all one tick.
        let tick = Duration::from_micros(500);
        let mut reconnect = Reconnect::default();
        (reconnect.pause_min, reconnect.pause_max) = (tick, tick);
        let config = ClientConfig { reconnect, ..ClientConfig::new("", self.uid).unwrap() };
        let cut_after = self.chance.percent(15).then(|| ms(self.chance.below(100) as u64));
        let cut = async {
            if let Some(after) = cut_after {
                tokio::time::sleep(after).await;
                self.network.cut();
            }
        };
        let both = async { tokio::join!(Client::connect_by(dial, config), cut) };
        match timeout(FOR_EVER, both).await.expect("a login that never ends").0 {
            Ok(client) => self.client = Some(client),
            Err(error) => self.is_refused(&error, cut_after.is_some()),
        }
    }

    /// Whoever is not let in is told why, unless the network or the server's end came between.
    fn is_refused(&mut self, error: &ConnectError, cut: bool) {
        self.refused += 1;
        let ending = self.book.is_ending();
        let expected = match error {
            ConnectError::Login(LoginFailed::Login(LoginError::Closed { code, .. })) => match code {
                CloseCode::AlreadyConnected => self.book.first_wins(),
                CloseCode::Shutdown => ending,
                _ => false,
            },
            ConnectError::Login(LoginFailed::Login(LoginError::Refused(Refusal::Busy { .. }))) => ending,
            ConnectError::Login(LoginFailed::Connection(_)) => cut || ending,
            ConnectError::Address { .. } => ending,
            _ => false,
        };
        self.book.check(expected, || format!("a client was not let in: {error:?}"));
    }
}
