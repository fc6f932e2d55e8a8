//! A bot's link to the server, and what it goes through: it is cut when somebody asks for it, or at random all evening
//! long, while numbers go over it that show whether anything is lost. One cut at a time, and the next not before the
//! session has gone on, so that each cut has a resume of its own.

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use farcall_client::{Client, ClientEvent};
use futures_util::FutureExt;
use tokio::sync::{Notify, watch};
use tokio::time::{interval, sleep};

use crate::arena::Prng;
use crate::cable::Cable;
use crate::contract::Lobby;
use crate::numbers::Towards;
use crate::wire::Wire;

/// When links are cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cuts {
    /// When somebody asks for it.
    OnRequest,
    /// All the time, too.
    AtRandom,
}

/// One bot's link. Clones are the same one.
#[derive(Debug, Clone)]
pub struct Link {
    /// What is cut.
    pub cable: Cable,
    cuts: Cuts,
    asked: Arc<Notify>,
    /// Whether it is time to go home.
    home: watch::Receiver<bool>,
}

impl Link {
    /// A link to this address, in use until `home` says that it is time.
    pub fn new(address: &str, cuts: Cuts, home: watch::Receiver<bool>) -> Self {
        Self { cable: Cable::new(address), cuts, asked: Arc::default(), home }
    }

    /// Asks for a cut. One that is under way is not followed by more than one other.
    pub fn cut(&self) {
        self.asked.notify_one();
    }

    /// Until it is time to go home. By then every cut has been followed by its resume.
    pub async fn endure(&self, server: &Client, seed: u64, wire: &Wire) {
        tokio::select! {
            () = self.be_cut(server, seed, wire) => {}
            () = count(server, wire) => {}
        }
    }

    async fn be_cut(&self, server: &Client, seed: u64, wire: &Wire) {
        let (mut events, mut home) = (server.session().events(), self.home.clone());
        let mut prng = Prng::new(!seed);
        loop {
            let pause = Duration::from_secs_f32(prng.between(PAUSE_SECS_MIN, PAUSE_SECS_MAX));
            tokio::select! {
                () = self.asked.notified() => {}
                () = sleep(pause), if self.cuts == Cuts::AtRandom => {}
                _ = home.wait_for(|is_time| *is_time) => return,
            }
            // What happened without a cut of ours must not be taken for what follows from it.
            while let Some(Some(_)) = events.next().now_or_never() {}
            if server.session().is_attached() && self.cable.cut() {
                wire.tally().cut();
                while !matches!(events.next().await, Some(ClientEvent::Resumed { .. })) {
                    if !server.session().is_open() {
                        // Whoever waits for the end of the session says why.
                        return pending().await;
                    }
                }
                wire.tally().resume();
            }
        }
    }
}

/// Leaves in order, when both ends have all that was sent.
pub async fn leave(server: &Client, wire: &Wire) {
    wire.has_all(server.session().uid()).await;
    server.session().leave().await;
}

async fn count(server: &Client, wire: &Wire) {
    let mut beats = interval(BEAT);
    loop {
        beats.tick().await;
        server.count(wire.number(Towards::Server, server.session().uid()));
    }
}

const BEAT: Duration = Duration::from_millis(40);
/// With the time it takes to come back, about 200 cuts in an evening of ten bots.
const PAUSE_SECS_MIN: f32 = 0.3;
const PAUSE_SECS_MAX: f32 = 1.2;
