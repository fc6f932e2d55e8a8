//! Plays one short match against bots in this process, or joins a server elsewhere, and says in one line how it went.

use std::error::Error;
use std::process::ExitCode;
use std::time::Duration;

use bevy_app::AppExit;
use clap::Parser;
use demo_bevy::game::game;
use demo_bevy::house::House;
use farcall_protocol::Uid;

/// A headless Bevy game that plays in the demo's arena.
#[derive(Debug, Parser)]
struct Cli {
    /// Join this server instead of one of its own.
    #[arg(long)]
    address: Option<String>,
    /// Its name there: 1 to 12 letters and digits.
    #[arg(long, default_value = "bevy")]
    name: String,
    /// It ends after a match, and at the latest after so many frames, 30 a second.
    #[arg(long, default_value_t = 1_800)]
    frames: u32,
}

fn main() -> ExitCode {
    match play(&Cli::parse()) {
        Ok(AppExit::Success) => ExitCode::SUCCESS,
        Ok(AppExit::Error(_)) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("demo-bevy: {error}");
            ExitCode::FAILURE
        }
    }
}

fn play(cli: &Cli) -> Result<AppExit, Box<dyn Error>> {
    let uid = Uid::new(&cli.name)?;
    match &cli.address {
        Some(address) => Ok(game(address, uid, cli.frames).run()),
        None => {
            let house = House::open(BOTS, MATCH_TIME)?;
            Ok(game(house.address(), uid, cli.frames).run())
        }
    }
}

const BOTS: usize = 4;
const MATCH_TIME: Duration = Duration::from_secs(3);
