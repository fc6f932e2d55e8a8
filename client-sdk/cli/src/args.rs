//! The command line: what may be typed, and what is wrong with what was. Nothing here connects.

use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use farcall_client::{Credential, Limits, Uid};

/// Lists, describes and calls a game server's routes, and listens as a player
#[derive(Debug, Parser)]
#[command(name = "farcall", version, after_help = AFTER_HELP)]
pub struct Command {
    #[command(subcommand)]
    pub verb: Verb,
    #[command(flatten)]
    pub options: Options,
}

const AFTER_HELP: &str = "\
Examples:
  farcall list 127.0.0.1:7000
  farcall describe 127.0.0.1:7000 Lobby.sum
  farcall call 127.0.0.1:7000 Lobby.sum '[2, 3]'
  farcall listen 127.0.0.1:7000 --answer Player.ready_check=true

Exit codes:
  0  done
  1  the handler refused: its own error is printed
  2  the command line, the JSON or the route's arguments are wrong
  3  nobody answers there, or the login was refused
  4  no such route
  5  the call ended otherwise: its time was up, it failed, the session was lost

Environment:
  FARCALL_KEY, FARCALL_TOKEN  as --key and --token, not in lists of processes
  NO_COLOR                    no colours, also on a terminal";

#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Lists the routes of the server, and those it calls on its players
    List {
        #[command(flatten)]
        at: At,
    },
    /// Calls a route and prints its answer
    Call {
        #[command(flatten)]
        at: At,
        /// The route's name, such as Lobby.sum
        route: String,
        /// A JSON array such as '[2, 3]'; `-` reads it from standard input
        #[arg(default_value = "[]", hide_default_value = true, allow_hyphen_values = true)]
        arguments: String,
    },
    /// Says what a route takes and answers, with an example to copy
    Describe {
        #[command(flatten)]
        at: At,
        /// The route's name, such as Lobby.sum
        route: String,
    },
    /// Logs in, prints what the server sends, and answers its calls
    Listen {
        #[command(flatten)]
        at: At,
        /// Answers calls of that route so; may be repeated
        #[arg(long = "answer", value_name = "ROUTE=JSON", value_parser = answer)]
        answers: Vec<Answer>,
        /// Leaves after this many messages and calls
        #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u64).range(1..))]
        count: Option<u64>,
        /// Leaves after this long
        #[arg(long = "for", value_name = "SECONDS", value_parser = any_seconds)]
        time: Option<Duration>,
    },
}

#[derive(Debug, Args)]
pub struct At {
    /// Where the server listens, as host:port
    #[arg(value_name = "ADDR", value_parser = address)]
    pub address: String,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Options for every command")]
pub struct Options {
    /// Who to log in as [default: a new name each run]
    #[arg(long, global = true, default_value_t = anybody(), hide_default_value = true, value_name = "NAME", value_parser = uid)]
    pub uid: Uid,
    /// Proves to know a shared key
    #[arg(long, global = true, conflicts_with = "token")]
    pub key: Option<String>,
    /// Shows a token to the game's own admission
    #[arg(long, global = true)]
    pub token: Option<String>,
    /// Claims that build of the game
    #[arg(long, global = true, default_value_t = 0, value_name = "NUMBER")]
    pub build: u32,
    /// How long a call may take, at most 120
    #[arg(long, global = true, default_value = "10", value_name = "SECONDS", value_parser = call_seconds)]
    pub within: Duration,
    /// Prints one JSON value a line, errors too
    #[arg(long, global = true)]
    pub json: bool,
}

impl Options {
    /// What to show at the login.
    pub fn credential(&self) -> Credential {
        // What is typed wins over what stands in the environment.
        let typed = self.key.is_some() || self.token.is_some();
        let or_env = |given: &Option<String>, name| match typed {
            true => given.clone(),
            false => std::env::var(name).ok().filter(|value| !value.is_empty()),
        };
        match (or_env(&self.key, "FARCALL_KEY"), or_env(&self.token, "FARCALL_TOKEN")) {
            (Some(key), _) => Credential::SharedKey(key.into_bytes()),
            (None, Some(token)) => Credential::Bearer(token),
            (None, None) => Credential::Anonymous,
        }
    }
}

/// What to answer a route's calls with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub route: String,
    /// As typed: it is JSON.
    pub value: String,
}

fn address(text: &str) -> Result<String, String> {
    let port = text.rsplit_once(':').filter(|(host, _)| !host.is_empty()).map(|(_, port)| port);
    match port.map(str::parse::<u16>) {
        Some(Ok(1..)) => Ok(text.to_owned()),
        _ => Err("an address is host:port, as in 127.0.0.1:7000".to_owned()),
    }
}

/// A name that no other run has: by default a server closes the session of whoever logs in again.
#[expect(clippy::expect_used, reason = "digits and letters are a name")]
fn anybody() -> Uid {
    Uid::new(format!("farcall-{}", std::process::id())).expect("a name")
}

fn uid(text: &str) -> Result<Uid, String> {
    Uid::new(text).map_err(|error| error.to_string())
}

fn any_seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "not a number of seconds".to_owned())?;
    Duration::try_from_secs_f64(seconds).map_err(|_| "not a number of seconds".to_owned())
}

fn call_seconds(text: &str) -> Result<Duration, String> {
    let max = Limits::default().deadline_max;
    match any_seconds(text)? {
        Duration::ZERO => Err("no time at all".to_owned()),
        time if time > max => Err(format!("at most {} seconds", max.as_secs())),
        time => Ok(time),
    }
}

fn answer(text: &str) -> Result<Answer, String> {
    let example = "as in Player.ready_check=true";
    let (route, value) = text.split_once('=').ok_or_else(|| format!("ROUTE=JSON, {example}"))?;
    if route.is_empty() {
        return Err(format!("no route before the `=`: {example}"));
    }
    match serde_json::from_str::<serde_json::Value>(value) {
        Ok(_) => Ok(Answer { route: route.to_owned(), value: value.to_owned() }),
        Err(error) => Err(format!("not JSON ({error}); texts stand in double quotes")),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;
    use crate::paint::TERMINAL_COLUMNS;

    #[test]
    fn the_command_line_is_consistent() {
        Command::command().debug_assert();
    }

    #[test]
    fn help_fits_a_terminal() {
        let mut command = Command::command();
        command.build();
        let helps = command.get_subcommands().map(|verb| verb.clone().render_help().to_string());
        for help in helps.chain([command.clone().render_help().to_string()]) {
            let wide: Vec<&str> =
                help.lines().filter(|line| line.chars().count() > TERMINAL_COLUMNS).collect();
            assert!(wide.is_empty(), "{wide:#?}");
        }
    }

    #[test]
    fn addresses_name_a_host_and_a_port() {
        for good in ["127.0.0.1:7000", "[::1]:7000", "game.example:1"] {
            assert!(address(good).is_ok(), "{good}");
        }
        for bad in
            ["", "localhost", ":7000", "localhost:", "localhost:0", "localhost:65536", "localhost:http"]
        {
            assert!(address(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn seconds_and_answers_are_checked_before_anything_connects() {
        assert_eq!(call_seconds("0.5"), Ok(Duration::from_millis(500)));
        for bad in ["", "x", "0", "-1", "120.5", "NaN", "inf", "1e30"] {
            assert!(call_seconds(bad).is_err(), "{bad}");
        }
        assert_eq!(answer("P.x={\"a\":\"=\"}").map(|answer| answer.value), Ok("{\"a\":\"=\"}".into()));
        for bad in ["P.x", "=1", "P.x=", "P.x=yes"] {
            assert!(answer(bad).is_err(), "{bad}");
        }
    }
}
