//! What a call or a message costs in instructions, both ends together, without a clock: `loadtest/cost` runs this under callgrind with
//! two numbers of rounds and divides the difference.

use std::process::ExitCode;
use std::rc::Rc;
use std::sync::Arc;

use bytes::Bytes;
use clap::{Parser, ValueEnum};
use farcall_client::{Client, ClientConfig, route as client_route};
use farcall_load::raw::Raw;
use farcall_load::{Caller, Contender, Direction, Server as _};
use farcall_protocol::{contract, contracts};
use farcall_server::{Admission, Limits, Server, ServerConfig, route};
use tokio::sync::Notify;

#[contract(served_by = server)]
trait Meter {
    async fn echo(number: u64) -> u64;
    #[notify]
    fn note(number: u64);
}

#[contract(served_by = client)]
trait Probe {
    async fn asked(number: u64) -> u64;
    #[notify]
    fn told(number: u64);
}

#[route(Meter::echo)]
fn echo(number: u64) -> u64 {
    number
}

#[route(Meter::note)]
fn note(_number: u64) {}

#[client_route(Probe::asked)]
fn asked(number: u64) -> u64 {
    number
}

#[client_route(Probe::told)]
fn told(_number: u64) {}

/// What is done again and again.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Scenario {
    /// One call after the other.
    Lone,
    /// 256 callers at once, each one call after the other.
    Many,
    /// As `lone`, over the raw echo: what no session could be below.
    RawLone,
    /// As `many`, over the raw echo.
    RawMany,
    /// The server calls, 16 callers at once.
    Asked,
    /// Messages to the server, 64 between two calls.
    Notes,
    /// Messages of the server to everyone (16 players), 64 between two calls.
    Pushes,
}

#[derive(Debug, Parser)]
struct Options {
    scenario: Scenario,
    /// Calls or messages in all.
    rounds: u64,
}

/// Players for whom the server pushes; all other scenarios have one.
const PLAYERS: u64 = 16;

fn main() -> ExitCode {
    let options = Options::parse();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    match runtime {
        Ok(runtime) => {
            let local = tokio::task::LocalSet::new();
            runtime.block_on(local.run_until(async {
                match options.scenario {
                    Scenario::RawLone => play_raw(1, options.rounds).await,
                    Scenario::RawMany => play_raw(256, options.rounds).await,
                    _ => play(options).await,
                }
            }));
        }
        Err(error) => {
            eprintln!("cost: {error}");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

async fn play(Options { scenario, rounds }: Options) {
    let config =
        ServerConfig { serves: contracts![Meter], limits: Limits::trusted(), ..ServerConfig::default() };
    let joined = Arc::new(Notify::new());
    let opened = joined.clone();
    let admission = Admission::anonymous().opened(move |_| opened.notify_one());
    let server = Server::bind(config, admission).await.expect("a server");
    let address = server.local_addr().expect("an address").to_string();
    let mut clients = Vec::new();
    for number in 0..if matches!(scenario, Scenario::Pushes) { PLAYERS } else { 1 } {
        let config = ClientConfig {
            serves: contracts![Probe],
            limits: Limits::trusted(),
            ..ClientConfig::for_uid(address.clone(), number.into())
        };
        clients.push(Client::connect(config).await.expect("a session"));
    }
    while server.stats().sessions < clients.len() as u64 {
        joined.notified().await;
    }
    let client = clients[0].clone();
    match scenario {
        Scenario::Lone => {
            at_once(1, rounds, move |number| {
                let client = client.clone();
                async move { assert_eq!(client.echo(number).await, Ok(number)) }
            })
            .await
        }
        Scenario::Many => {
            at_once(256, rounds, move |number| {
                let client = client.clone();
                async move { assert_eq!(client.echo(number).await, Ok(number)) }
            })
            .await
        }
        Scenario::Asked => {
            let player = server.player(client.session().uid().as_str()).expect("a player");
            at_once(16, rounds, move |number| {
                let player = player.clone();
                async move { assert_eq!(player.asked(number).await, Ok(number)) }
            })
            .await;
        }
        Scenario::RawLone | Scenario::RawMany => {}
        Scenario::Notes => {
            for number in 0..rounds {
                client.note(number);
                if number % 64 == 63 {
                    assert_eq!(client.echo(number).await, Ok(number));
                }
            }
        }
        Scenario::Pushes => {
            let everyone = server.everyone();
            for number in 0..rounds {
                everyone.told(number);
                if number % 64 == 63 {
                    for client in &clients {
                        assert_eq!(client.echo(number).await, Ok(number));
                    }
                }
            }
        }
    }
}

async fn play_raw(tasks: u64, rounds: u64) {
    let any = ([127, 0, 0, 1], 0).into();
    let server = Raw.serve(any, Direction::ToServer).await.expect("a server");
    let client = Rc::new(Raw.connect(server.address()).await.expect("a connection"));
    at_once(tasks, rounds, move |_| {
        let client = client.clone();
        async move { assert_eq!(client.echo(&Bytes::from_static(b"a number")).await, Ok(8)) }
    })
    .await;
}

/// So many tasks, each doing its share one after the other.
async fn at_once<F: Future<Output = ()> + 'static>(
    tasks: u64,
    rounds: u64,
    act: impl Fn(u64) -> F + Clone + 'static,
) {
    let mut running = tokio::task::JoinSet::new();
    for _ in 0..tasks {
        let act = act.clone();
        running.spawn_local(async move {
            for number in 0..rounds / tasks {
                act(number).await;
            }
        });
    }
    while let Some(ended) = running.join_next().await {
        ended.expect("a caller");
    }
}
