//! The parts of the game, run apart: a server alone, and bots alone.

use std::error::Error;
use std::time::Duration;

use tokio::signal::ctrl_c;
use tracing::info;

use crate::demo::{spawn, tagged_guests};
use crate::director::{Director, Plan};
use crate::hall::Hall;
use crate::handlers::serve;
use crate::link::Cuts;
use crate::show::Show;
use crate::tally::Summary;
use crate::wire::Wire;

/// A server for whoever comes, until Ctrl-C. Shows its calls as plain lines.
pub async fn server(address: &str, is_quiet: bool) -> Result<Summary, Box<dyn Error>> {
    let wire = Wire::default();
    let hall = Hall::new(wire.clone());
    let server = serve(address, hall.clone()).await?;
    let director = Director { server: server.clone(), hall, plan: PLAN };
    let mut show = Show::plain(is_quiet);
    if let (Some(address), false) = (server.local_addr(), is_quiet) {
        println!("listening on {address}; in other terminals: `demo-game bots 8`, `demo-game play`");
    }
    tokio::select! {
        () = director.run(u32::MAX) => {}
        quit = show.until_quit(&wire, drop) => quit?,
        interrupted = ctrl_c() => interrupted?,
    }
    let stats = server.stats();
    server.shutdown(Duration::from_secs(2)).await;
    Ok(Summary { resumes: stats.resumed, ..wire.tally().summary(stats.players as usize) })
}

/// Bots on a server elsewhere, until Ctrl-C or until it closes. Their names end with the tag.
pub async fn bots(
    count: usize,
    tag: &str,
    address: &str,
    cuts: Cuts,
    is_quiet: bool,
) -> Result<Summary, Box<dyn Error>> {
    let wire = Wire::default();
    let mut bots = spawn(tagged_guests(tag, count, u32::MAX, None), address, &wire, None, cuts);
    let mut show = Show::plain(is_quiet);
    info!(count, address, tag, "bots play");
    tokio::select! {
        () = bots.all_gone() => {}
        quit = show.until_quit(&wire, drop) => quit?,
        interrupted = ctrl_c() => interrupted?,
    }
    bots.go_home().await;
    show.draw(&wire)?;
    Ok(wire.tally().summary(count))
}

/// Time enough for people.
const PLAN: Plan = Plan {
    players_min: 2,
    gather_time: Duration::from_secs(3),
    ready_time: Duration::from_secs(10),
    match_time: Duration::from_secs(30),
    rematch_time: Duration::from_secs(30),
    vote_time: Duration::from_secs(10),
};
