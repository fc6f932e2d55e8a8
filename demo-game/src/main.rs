//! Runs the demo: the whole game, or one of its parts.

mod play;

use std::error::Error;
use std::hash::{BuildHasher, RandomState};
use std::io::IsTerminal;
use std::process::ExitCode;
use std::sync::Mutex;
use std::time::Duration;

use clap::Parser;
use demo_game::cable::Cable;
use demo_game::cli::{Cli, Part};
use demo_game::contract::Rank;
use demo_game::show::Show;
use demo_game::tally::Summary;
use demo_game::view::Screen;
use demo_game::wire::Wire;
use demo_game::{demo, parts};
use farcall_protocol::Uid;
use tracing_subscriber::EnvFilter;

#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    let ended = match log_to_the_right_place(&cli) {
        Ok(()) => run(&cli).await,
        Err(error) => Err(error),
    };
    match ended {
        Ok(Summary { errors: 0, lost: 0, repeated: 0, .. }) => ExitCode::SUCCESS,
        Ok(Summary { errors, lost, repeated, .. }) => {
            eprintln!(
                "demo-game: {errors} errors, {lost} lost, {repeated} repeated; RUST_LOG=warn names the errors"
            );
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("demo-game: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(cli: &Cli) -> Result<Summary, Box<dyn Error>> {
    let summary = match &cli.part {
        None => {
            let length = Duration::from_secs(cli.seconds.into());
            let ending = demo::run(cli.bots.into(), length, cli.cuts(), cli.json).await?;
            if !cli.json {
                say_goodbye(&ending.summary, &ending.ranks);
            }
            ending.summary
        }
        Some(Part::Server { address }) => parts::server(&address.to_string(), cli.json).await?,
        Some(Part::Bots { count, tag, address }) => {
            let tag = tag.clone().unwrap_or_else(|| (RandomState::new().hash_one(()) % 10_000).to_string());
            parts::bots((*count).into(), &tag, address, cli.cuts(), cli.json).await?
        }
        Some(Part::Play { address, name, ready }) => {
            person(address, Uid::new(name)?, *ready, cli.json).await?
        }
    };
    if cli.json {
        println!("{}", serde_json::to_string(&summary)?);
    }
    Ok(summary)
}

/// The game's loop has this thread for itself; everything else of the session runs on the runtime's others.
async fn person(address: &str, uid: Uid, is_ready: bool, is_quiet: bool) -> Result<Summary, Box<dyn Error>> {
    let wire = Wire::default();
    wire.scene().title = format!("farcall arena: {uid}");
    let cable = Cable::new(address);
    let server = play::connect(&cable, uid).await?;
    let mut show = Show::open(is_quiet)?;
    let session = server.clone();
    tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            session.session().leave().await;
        }
    });
    // Without a terminal nobody is there to say no.
    let says_yes = is_ready || !show.is_live();
    tokio::task::block_in_place(|| play::play(&server, cable, &wire, &mut show, says_yes))?;
    // A server that does not let go must not keep the person.
    let _ = tokio::time::timeout(LEAVE_TIME, server.session().leave()).await;
    Ok(wire.tally().summary(1))
}

fn say_goodbye(summary: &Summary, ranks: &[Rank]) {
    println!();
    for (place, Rank { player, wins, points }) in ranks.iter().enumerate().take(5) {
        println!("{:>3}. {player:<8} {wins} won, {points} points", place + 1);
    }
    let Summary { players, calls_to_server, calls_to_players, snapshots_received, errors, .. } = summary;
    let Summary { cuts, resumes, lost, repeated, .. } = summary;
    println!("\n{players} players made {calls_to_server} calls, the server made {calls_to_players};");
    println!("{snapshots_received} snapshots arrived, {errors} errors.");
    println!("{cuts} connections cut, {resumes} resumed, {lost} messages lost, {repeated} repeated.");
    println!("\nNext, in three terminals:  cargo run --release -p demo-game -- server");
    println!("                           cargo run --release -p demo-game -- bots 8");
    println!("                           cargo run --release -p demo-game -- play --name ann");
    println!("Code to start from:        demo-game/hello/main.rs, demo-game/src/contract.rs");
}

/// Logs go to stderr, as `RUST_LOG` says; where a live screen would be spoiled by them, to a file.
fn log_to_the_right_place(cli: &Cli) -> Result<(), Box<dyn Error>> {
    let is_live = !cli.json && matches!(cli.part, None | Some(Part::Play { .. })) && Screen::is_possible();
    let asked = std::env::var("RUST_LOG").unwrap_or_default();
    let unasked = if matches!(cli.part, Some(Part::Server { .. })) { "info" } else { "off" };
    let filter = EnvFilter::try_new(if asked.is_empty() { unasked } else { &asked })?;
    let log = tracing_subscriber::fmt().with_env_filter(filter);
    match is_live {
        false => log.with_ansi(std::io::stderr().is_terminal()).with_writer(std::io::stderr).init(),
        true if asked.is_empty() => {}
        true => log.with_ansi(false).with_writer(Mutex::new(std::fs::File::create(LOG_FILE)?)).init(),
    }
    Ok(())
}

const LEAVE_TIME: Duration = Duration::from_secs(1);
/// In the directory where the demo was started.
const LOG_FILE: &str = "demo-game.log";
