//! Somebody to play with: the demo's server and its bots in this process, for one match. A game that joins a server
//! elsewhere has no use for it.

use std::io;
use std::time::Duration;

use demo_game::demo::{Guests, guests, spawn};
use demo_game::director::{Director, Plan};
use demo_game::hall::Hall;
use demo_game::handlers::serve;
use demo_game::link::Cuts;
use demo_game::tally::Summary;
use demo_game::wire::Wire;
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;

/// A server with bots. Dropping it ends them.
pub struct House {
    address: String,
    wire: Wire,
    runtime: Runtime,
    /// Keeps the server and its bots when the match is over: sessions end when their players leave.
    evening: JoinHandle<(Director, Guests)>,
}

impl House {
    /// Opens one. The match begins when one player beside the bots has come.
    pub fn open(bots: usize, match_time: Duration) -> io::Result<Self> {
        let (runtime, wire) = (Runtime::new()?, Wire::default());
        let hall = Hall::new(wire.clone());
        let server = runtime.block_on(serve("127.0.0.1:0", hall.clone())).map_err(io::Error::other)?;
        let address = server.local_addr().map(|address| address.to_string()).unwrap_or_default();
        let plan = Plan {
            players_min: bots + 1,
            gather_time: Duration::ZERO,
            ready_time: PATIENCE,
            match_time,
            rematch_time: match_time,
            vote_time: PATIENCE,
        };
        let (at, watched) = (address.clone(), wire.clone());
        let evening = runtime.spawn(async move {
            let bots = spawn(guests(bots, 0, None), &at, &watched, None, Cuts::OnRequest);
            let director = Director { server, hall, plan };
            director.run(1).await;
            (director, bots)
        });
        Ok(Self { address, wire, runtime, evening })
    }

    /// Where to join it.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Waits for the end of the match, sends the bots home, and counts what the server and they have seen.
    pub fn close(self) -> io::Result<Summary> {
        let (director, bots) = self.runtime.block_on(self.evening).map_err(io::Error::other)?;
        self.runtime.block_on(async {
            bots.go_home().await;
            director.server.shutdown(PATIENCE).await;
        });
        Ok(self.wire.tally().summary(0))
    }
}

/// What a bot and a frame loop answer within, even on a busy machine.
const PATIENCE: Duration = Duration::from_secs(3);
