//! The real binary against a real server on loopback: what it prints, what it exits with, and every bad input.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

mod calls;
#[path = "../../examples/lobby/game.rs"]
mod game;
mod listening;
mod logins;
mod mistakes;

use std::process::{Command, Output, Stdio};

use farcall_server::Server;

/// A server that tells its routes and lets anybody in.
async fn lobby() -> (Server, String) {
    let server = game::start("127.0.0.1:0", true).await.expect("a server");
    let address = server.local_addr().expect("an address").to_string();
    (server, address)
}

/// The command, with nothing of ours in its environment.
fn farcall(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_farcall"));
    command.args(arguments).stdin(Stdio::null());
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

/// Runs it to its end. Servers of the test run on other threads.
fn run(arguments: &[&str]) -> Ran {
    farcall(arguments).output().expect("the binary runs").into()
}
