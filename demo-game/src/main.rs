//! Runs the demo: the whole game, or one of its parts.

use std::error::Error;
use std::io::IsTerminal;
use std::process::ExitCode;
use std::sync::Mutex;
use std::time::Duration;

use clap::Parser;
use demo_game::cli::{Cli, Part};
use demo_game::contract::Rank;
use demo_game::tally::Summary;
use demo_game::view::Screen;
use demo_game::{demo, parts, play};
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
        Ok(summary) if summary.errors == 0 => ExitCode::SUCCESS,
        Ok(summary) => {
            eprintln!("demo-game: {} errors; RUST_LOG=warn names them", summary.errors);
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
            let ending = demo::run(cli.bots.into(), length, cli.json).await?;
            if !cli.json {
                say_goodbye(&ending.summary, &ending.ranks);
            }
            ending.summary
        }
        Some(Part::Server { address }) => parts::server(&address.to_string(), cli.json).await?,
        Some(Part::Bots { count, address }) => parts::bots((*count).into(), address, cli.json).await?,
        Some(Part::Play { address, name, ready }) => {
            play::play(address, Uid::new(name)?, *ready, cli.json).await?
        }
    };
    if cli.json {
        println!("{}", serde_json::to_string(&summary)?);
    }
    Ok(summary)
}

fn say_goodbye(summary: &Summary, ranks: &[Rank]) {
    println!();
    for (place, Rank { player, wins, points }) in ranks.iter().enumerate().take(5) {
        println!("{:>3}. {player:<8} {wins} won, {points} points", place + 1);
    }
    let Summary { players, calls_to_server, calls_to_players, snapshots_received, errors, .. } = summary;
    println!("\n{players} players made {calls_to_server} calls, the server made {calls_to_players};");
    println!("{snapshots_received} snapshots arrived, {errors} errors.");
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

/// In the directory where the demo was started.
const LOG_FILE: &str = "demo-game.log";
