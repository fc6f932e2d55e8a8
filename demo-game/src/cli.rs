//! The command line.

use std::net::SocketAddr;

use clap::{Parser, Subcommand, value_parser};

use crate::link::Cuts;

/// A multiplayer arena over Farcall: the server calls its players, the players call the server.
///
/// Without a command it starts a server and bots on loopback and shows a match and its rematch.
#[derive(Debug, Parser)]
#[command(version)]
pub struct Cli {
    /// Print the summary as one JSON object, and nothing else.
    #[arg(long, global = true)]
    pub json: bool,
    /// Bots that play.
    #[arg(long, default_value_t = 10, value_parser = value_parser!(u8).range(8..=16))]
    pub bots: u8,
    /// Length of the first match; the rematch takes half of it.
    #[arg(long, default_value_t = 10, value_parser = value_parser!(u16).range(2..=600))]
    pub seconds: u16,
    /// Cut the bots' connections at random, all the time.
    #[arg(long)]
    pub chaos: bool,
    /// Which part to run; none plays the whole game.
    #[command(subcommand)]
    pub part: Option<Part>,
}

impl Cli {
    /// When links are cut.
    pub fn cuts(&self) -> Cuts {
        if self.chaos { Cuts::AtRandom } else { Cuts::OnRequest }
    }
}

/// A part of the game, to be run apart.
#[derive(Debug, Subcommand)]
pub enum Part {
    /// Runs the server alone, until Ctrl-C.
    Server {
        /// Where to listen.
        #[arg(long, default_value = ADDRESS)]
        address: SocketAddr,
    },
    /// Plays at this keyboard.
    Play {
        /// Where the server listens.
        #[arg(long, default_value = ADDRESS)]
        address: String,
        /// Your name: 1 to 12 letters and digits.
        #[arg(long, default_value = "you")]
        name: String,
        /// Answer every ready check and rematch vote with yes.
        #[arg(long)]
        ready: bool,
    },
    /// Lets bots play, until Ctrl-C.
    Bots {
        /// How many.
        #[arg(value_parser = value_parser!(u8).range(1..=16))]
        count: u8,
        /// Ends each bot's name, up to 9 letters and digits, so that bots of two programs differ [default: a number]
        #[arg(long)]
        tag: Option<String>,
        /// Where the server listens.
        #[arg(long, default_value = ADDRESS)]
        address: String,
    },
}

const ADDRESS: &str = "127.0.0.1:7777";
