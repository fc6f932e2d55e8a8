//! `farcall`: a game server from a shell. Lists and describes its routes, calls them, and listens as a player, all
//! without the game's contract: over JSON, by name. Each command is one file; none keeps anything between runs.

mod args;
mod call;
mod connect;
mod exit;
mod json;
mod list;
mod listen;
mod paint;
mod routes;

use std::process::ExitCode;

use args::{Command, Verb};
use clap::Parser;
use exit::{Exit, Trouble};
use farcall_client::Routes;
use listen::Until;
use paint::{Paint, complain};

fn main() -> ExitCode {
    let command = match Command::try_parse() {
        Ok(command) => command,
        Err(error) => return misused(&error),
    };
    let as_json = command.options.json;
    // One thread: there is one connection.
    let ended = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => {
            let ended = runtime.block_on(run(command));
            // Not dropped: that waits for name lookups and for writes that nobody reads.
            runtime.shutdown_background();
            ended
        }
        Err(error) => Err(Trouble::new(Exit::Ended, error.to_string())),
    };
    match ended {
        Ok(()) => ExitCode::from(Exit::Done as u8),
        Err(trouble) => {
            if trouble.exit != Exit::Done {
                complain(&if as_json { trouble.json() } else { trouble.text(Paint::err()) });
            }
            ExitCode::from(trouble.exit as u8)
        }
    }
}

/// Help, the version, or what is wrong with the command line.
fn misused(error: &clap::Error) -> ExitCode {
    let wants_json = std::env::args_os().any(|argument| argument == "--json");
    if !error.use_stderr() || !wants_json {
        error.exit();
    }
    let text = error.to_string();
    let message = text.lines().next().unwrap_or_default().trim_start_matches("error: ");
    complain(&Trouble::new(Exit::Usage, message).json());
    ExitCode::from(Exit::Usage as u8)
}

async fn run(command: Command) -> Result<(), Trouble> {
    let Command { verb, options } = command;
    // What is typed wrongly is found out before anybody is called.
    let (at, routes, work) = match verb {
        Verb::List { at } => (at, Routes::new(), Work::List),
        Verb::Describe { at, route } => (at, Routes::new(), Work::Describe(route)),
        Verb::Call { at, route, arguments } => {
            (at, Routes::new(), Work::Call(route, call::arguments(&arguments)?))
        }
        Verb::Listen { at, answers, count, time } => {
            let (routes, heard) = listen::ears(&answers);
            (at, routes, Work::Listen(Box::new(heard), answers, Until { count, time }))
        }
    };
    let client = connect::connect(&at, &options, routes).await?;
    let done = match work {
        Work::List => list::list(&client, &at, &options).await,
        Work::Describe(route) => list::describe(&client, &at, &route, &options).await,
        Work::Call(route, body) => call::call(&client, &at, &route, &body, &options).await,
        Work::Listen(heard, answers, until) => {
            listen::listen(&client, *heard, &answers, until, &options).await
        }
    };
    // Also after a failure: what was sent goes out, and the server sees an orderly end.
    client.session().leave().await;
    done
}

/// What to do once logged in.
enum Work {
    List,
    Describe(String),
    Call(String, String),
    Listen(Box<listen::Heard>, Vec<args::Answer>, Until),
}
