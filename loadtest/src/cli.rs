//! The command line: what may be asked for, and where answers go. Decides nothing about measuring.

use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::{ArgAction, Args, Parser, Subcommand};
use tokio_util::sync::CancellationToken;

use crate::campaign;
use crate::entry::Entry;
use crate::failure::Trouble;
use crate::plan::{OtherEnd, Pace, Plan, Workload};
use crate::report::{self, Report};

/// Runs the command line of this process over `entries`. All of a program's `main`.
pub fn run(entries: &[Entry]) -> ExitCode {
    let cli = Cli::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let ended = match runtime {
        Ok(runtime) => runtime.block_on(obey(cli, entries)),
        Err(why) => Err(Trouble::System { doing: "starting the runtime".into(), why }),
    };
    ended.unwrap_or_else(|why| {
        complain(&why);
        ExitCode::FAILURE
    })
}

/// Measures calls per second, latency and cost of calls between a game server and its players.
#[derive(Debug, Parser)]
#[command(name = "farcall-load", version, args_conflicts_with_subcommands = true)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    run: RunOptions,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Measure (what is done without a subcommand)
    Run(RunOptions),
    /// Answer as a server until stdin closes
    #[command(hide = true)]
    Serve {
        #[arg(long)]
        contender: String,
        /// Where to listen; its port is printed
        #[arg(long, default_value = "127.0.0.1:0")]
        bind: SocketAddr,
    },
    /// Answer a calling server as its clients until stdin closes
    #[command(hide = true)]
    Join {
        #[arg(long)]
        contender: String,
        #[arg(long)]
        addr: SocketAddr,
        #[arg(long)]
        bots: usize,
        /// Say so often, if there is news, what all have received
        #[arg(long, value_name = "US")]
        tell_every_us: Option<u64>,
    },
}

#[derive(Debug, Args)]
struct RunOptions {
    /// Who speaks to whom, how much at a time
    #[arg(long, value_enum, ignore_case = true, default_value = "c")]
    workload: Workload,
    /// Connections [default: the workload's]
    #[arg(long, value_name = "N")]
    bots: Option<usize>,
    /// Calls in flight per connection, at most; of pushes, rounds not received by all [default: the workload's]
    #[arg(long, value_name = "N")]
    in_flight: Option<usize>,
    /// Bytes of each call and each reply, or of each push [default: the workload's]
    #[arg(long, value_name = "BYTES")]
    payload: Option<usize>,
    /// Length of each round
    #[arg(long, value_name = "S", default_value_t = 2.0)]
    seconds: f64,
    /// Rounds per contender, interleaved
    #[arg(long, value_name = "N", default_value_t = 3)]
    rounds: usize,
    /// Open loop: start so many calls per second in total, and count latency from when each was due
    #[arg(long, value_name = "R")]
    rate: Option<u64>,
    /// Write the report as JSON to a file, or to stdout with `-` (the table then goes to stderr)
    #[arg(long, value_name = "FILE|-")]
    json: Option<PathBuf>,
    /// Write the report as one HTML file with plots, which needs nothing else
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Who takes part: a name, or `both` for everyone
    #[arg(long, value_name = "NAME", default_value = "both")]
    contender: String,
    /// Run the answering end in a child process, so that its cost can be told apart
    #[arg(long, value_name = "BOOL", action = ArgAction::Set, default_value_t = true)]
    separate_processes: bool,
    /// Use a server that is already running there; all chosen contenders must speak its protocol
    #[arg(long, value_name = "HOST:PORT")]
    addr: Option<SocketAddr>,
}

async fn obey(cli: Cli, entries: &[Entry]) -> Result<ExitCode, Trouble> {
    let options = match cli.command {
        Some(Command::Serve { contender, bind }) => {
            only(entries, &contender)?.steps().serve(bind).await?;
            return Ok(ExitCode::SUCCESS);
        }
        Some(Command::Join { contender, addr, bots, tell_every_us }) => {
            let tell_every = tell_every_us.map(Duration::from_micros);
            only(entries, &contender)?.steps().join(addr, bots, tell_every).await?;
            return Ok(ExitCode::SUCCESS);
        }
        Some(Command::Run(options)) => options,
        None => cli.run,
    };
    let plan = options.plan()?;
    let chosen = match options.contender.as_str() {
        EVERYONE => entries.iter().collect(),
        name => vec![only(entries, name)?],
    };
    let stop = CancellationToken::new();
    tokio::spawn(stop_on_interrupt(stop.clone()));
    let (report, trouble) = campaign::take_rounds(&plan, &chosen, &stop).await;
    tell(&report, options.json.as_deref())?;
    if let Some(path) = &options.html {
        write(path, &report::page(&report))?;
    }
    match trouble {
        Some(why) => Err(why),
        None if report.is_sound() => Ok(ExitCode::SUCCESS),
        None => Ok(ExitCode::FAILURE),
    }
}

impl RunOptions {
    /// What was asked for, checked.
    fn plan(&self) -> Result<Plan, Trouble> {
        let other_end = match self.addr {
            Some(address) => OtherEnd::Running(address),
            None if self.separate_processes => {
                let program = std::env::current_exe()
                    .map_err(|why| Trouble::System { doing: "finding our own program".into(), why })?;
                OtherEnd::Child { program }
            }
            None => OtherEnd::Inside,
        };
        let window = Duration::try_from_secs_f64(self.seconds);
        let plan = Plan {
            workload: self.workload,
            bots: self.bots.unwrap_or(self.workload.bots()),
            in_flight: self.in_flight.unwrap_or(self.workload.in_flight()),
            payload_bytes: self.payload.unwrap_or(self.workload.payload_bytes()),
            pace: self.rate.map_or(Pace::Closed, |calls_per_second| Pace::Open { calls_per_second }),
            window: window.map_err(|why| Trouble::Options(format!("--seconds: {why}")))?,
            rounds: self.rounds,
            other_end,
        };
        plan.check()?;
        Ok(plan)
    }
}

/// The entry of that name.
fn only<'a>(entries: &'a [Entry], wanted: &str) -> Result<&'a Entry, Trouble> {
    entries.iter().find(|entry| entry.name() == wanted).ok_or_else(|| {
        let known: Vec<&str> = entries.iter().map(Entry::name).chain([EVERYONE]).collect();
        Trouble::UnknownContender { wanted: wanted.to_owned(), known: known.join(", ") }
    })
}

/// The first Ctrl-C ends the run with a report, the second ends it at once.
async fn stop_on_interrupt(stop: CancellationToken) {
    if tokio::signal::ctrl_c().await.is_ok() {
        stop.cancel();
        if tokio::signal::ctrl_c().await.is_ok() {
            std::process::exit(INTERRUPTED);
        }
    }
}

/// Says the report to people, and as JSON to whom it was promised.
fn tell(report: &Report, json: Option<&Path>) -> Result<(), Trouble> {
    // A reader that has left (`| head`) is no trouble of ours.
    let say = |mut to: Box<dyn Write>, text: &str| drop(writeln!(to, "{text}"));
    let table = report::table(report);
    let Some(path) = json else {
        say(Box::new(std::io::stdout()), &table);
        return Ok(());
    };
    let text = serde_json::to_string_pretty(report)
        .map_err(|why| Trouble::System { doing: format!("writing {}", path.display()), why: why.into() })?;
    if path == Path::new("-") {
        say(Box::new(std::io::stderr()), &table);
        say(Box::new(std::io::stdout()), &text);
        return Ok(());
    }
    say(Box::new(std::io::stdout()), &table);
    write(path, &(text + "\n"))
}

fn write(path: &Path, text: &str) -> Result<(), Trouble> {
    let doing = || format!("writing {}", path.display());
    std::fs::write(path, text).map_err(|why| Trouble::System { doing: doing(), why })
}

fn complain(why: &Trouble) {
    let _ = writeln!(std::io::stderr(), "farcall-load: {why}");
}

/// "Both" while there are two, and every one when there are more.
const EVERYONE: &str = "both";
/// What a shell gives a program that Ctrl-C ended.
const INTERRUPTED: i32 = 130;

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn run_is_what_is_done_without_a_subcommand() {
        let plain = Cli::parse_from(["farcall-load", "--workload", "B", "--rate", "500"]).run.plan().unwrap();
        assert_eq!((plain.bots, plain.in_flight), (1, 256));
        assert_eq!(plain.pace, Pace::Open { calls_per_second: 500 });
        let named = Cli::parse_from(["farcall-load", "run", "--bots", "9", "--separate-processes", "false"]);
        let Some(Command::Run(options)) = named.command else { panic!("{:?}", named.command) };
        let plan = options.plan().unwrap();
        assert_eq!((plan.bots, plan.other_end), (9, OtherEnd::Inside));
    }

    #[test]
    fn seconds_that_are_none_are_refused() {
        for seconds in ["-1", "NaN", "0", "1e9"] {
            let options = Cli::parse_from(["farcall-load", &format!("--seconds={seconds}")]).run;
            assert!(matches!(options.plan(), Err(Trouble::Options(_))), "{seconds}");
        }
    }
}
