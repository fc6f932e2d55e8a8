//! The parts of `tests/netem`, which starts them in network namespaces of its own: a server, a player who counts what
//! arrives, and the two ends of the line between them. Linux only, and of no use by hand.

use std::process::ExitCode;

#[cfg(target_os = "linux")]
mod line;
#[cfg(target_os = "linux")]
mod player;
#[cfg(target_os = "linux")]
mod server;
#[cfg(target_os = "linux")]
mod tally;
#[cfg(target_os = "linux")]
mod tun;
#[cfg(target_os = "linux")]
mod weather;

#[cfg(target_os = "linux")]
fn main() -> ExitCode {
    use clap::Parser;

    /// What this process is.
    #[derive(Debug, Parser)]
    enum Role {
        /// One end of the line: a TUN device whose packets have weather on their way to the other end.
        Line(line::Line),
        /// A server that talks to one player at a time.
        Server(server::Arguments),
        /// The player.
        Player(player::Arguments),
    }

    let done = match Role::parse() {
        Role::Line(line) => line.run().map_err(|error| error.to_string()),
        Role::Server(arguments) => server::run(arguments),
        Role::Player(arguments) => player::run(arguments),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("netem: {error}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(not(target_os = "linux"))]
fn main() -> ExitCode {
    eprintln!("netem: needs Linux");
    ExitCode::FAILURE
}
