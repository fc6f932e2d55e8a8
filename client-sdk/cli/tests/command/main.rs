//! The real binary against a real server on loopback: what it prints, what it exits with, and every bad input.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

mod calls;
#[path = "../../examples/lobby/game.rs"]
mod game;
mod listening;
mod logins;
mod mistakes;
mod transcripts;
mod trials;

use std::process::{Output, Stdio};
use std::time::Duration;

use farcall_protocol::contracts;
use farcall_server::{Admission, Server, ServerConfig};
use game::Lobby;
use tokio::process::{Child, Command};
use tokio::time::timeout;
use trials::Trials;

/// The example's lobby, with routes that misbehave beside it.
fn config() -> ServerConfig {
    ServerConfig { serves: contracts![Lobby, Trials], ..game::config("127.0.0.1:0") }
}

/// A server that tells its routes and lets anybody in.
async fn lobby() -> (Server, String) {
    start(config(), Admission::anonymous()).await
}

async fn start(config: ServerConfig, admission: Admission) -> (Server, String) {
    let server = Server::bind(config, admission).await.expect("a server");
    let address = server.local_addr().expect("an address").to_string();
    (server, address)
}

/// The command, with nothing of ours in its environment. It does not outlive the test.
fn farcall(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_farcall"));
    command.args(arguments);
    alone(command)
}

fn alone(mut command: Command) -> Command {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    for name in ["FARCALL_KEY", "FARCALL_TOKEN", "NO_COLOR"] {
        command.env_remove(name);
    }
    command
}

/// What came of a command.
#[derive(Debug, PartialEq, Eq)]
struct Ran {
    code: i32,
    out: String,
    err: String,
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
        let code = output.status.code().expect("an exit code");
        Self { code, out: text(output.stdout), err: text(output.stderr) }
    }
}

fn ran(code: i32, out: &str, err: &str) -> Ran {
    Ran { code, out: out.to_owned(), err: err.to_owned() }
}

/// Runs it to its end.
async fn run(arguments: &[&str]) -> Ran {
    end(farcall(arguments).spawn().expect("the binary runs")).await
}

/// Waits for its end.
async fn end(child: Child) -> Ran {
    bounded(child.wait_with_output()).await.expect("its output").into()
}

/// Whatever takes a minute has hung.
async fn bounded<T>(waiting: impl Future<Output = T>) -> T {
    timeout(Duration::from_secs(60), waiting).await.expect("it ends within a minute")
}
