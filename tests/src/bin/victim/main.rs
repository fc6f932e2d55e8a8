//! A program to be killed: a small server (`victim serve`) or one of its players (`victim play`). Either writes a journal to
//! stdout, and ends in order when its stdin does, so that it outlives nobody who started it.

mod journal;
mod play;
mod serve;

use std::io::Read;
use std::process::ExitCode;

use clap::Parser;

/// What to be.
#[derive(Debug, Parser)]
enum Arguments {
    /// A server.
    Serve(serve::Serve),
    /// A player who calls it without pause.
    Play(play::Play),
}

#[tokio::main(worker_threads = 2)]
async fn main() -> ExitCode {
    let lived = match Arguments::parse() {
        Arguments::Serve(serve) => serve.run(stdin_ends()).await,
        Arguments::Play(play) => play.run(stdin_ends()).await,
    };
    match lived {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// Done when stdin ends. Reading it takes a thread, which the end of the program does not wait for.
fn stdin_ends() -> tokio::sync::oneshot::Receiver<()> {
    let (ends, ended) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        // Whatever comes is no business of this program; an error is as good an end.
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        let _ = ends.send(());
    });
    ended
}
