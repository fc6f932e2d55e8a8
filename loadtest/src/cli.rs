//! The command line: what may be asked for, which contenders take part. Decides nothing about measuring.

use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use clap::{ArgAction, Args, Parser, Subcommand};
use tokio_util::sync::CancellationToken;

use crate::campaign;
use crate::entry::Entry;
use crate::failure::Trouble;
use crate::million::{ClientsOptions, Million, ServerOptions};
use crate::output::{self, Output};
use crate::plan::{OtherEnd, Pace, Plan, Workload};
use crate::reading::Reading;
use crate::scale::Scale;
use crate::stages::Stages;

/// Runs the command line of this process over `entries`. All of a program's `main`.
pub fn run(entries: &[Entry]) -> ExitCode {
    let cli = Cli::parse();
    output::finish(|| obey(cli, entries))
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
    /// Measure what work costs as it grows: calls in flight, payload, members of a group, idle sessions
    Scale(Scale),
    #[command(flatten)]
    Read(Reading),
    /// Hold a million sessions on this machine, both ends included, push to each, and say what it took (Linux)
    Million(Million),
    /// Be one server of a million's, until stdin closes
    #[command(hide = true)]
    MillionServer(ServerOptions),
    /// Be one process of its clients, until stdin closes
    #[command(hide = true)]
    MillionClients(ClientsOptions),
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
    /// Watch a server's snapshots until stdin closes
    #[command(hide = true)]
    Watch {
        #[arg(long)]
        contender: String,
        #[arg(long)]
        addr: SocketAddr,
        #[arg(long)]
        bots: usize,
        /// Clients that stop reading
        #[arg(long)]
        stalled: usize,
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
    /// Let clients connect evenly spread over so many seconds of each round, not all before it
    #[arg(long, value_name = "S", default_value_t = 0.0)]
    ramp: f64,
    /// Let them connect in stages: `100x10s,1000x30s` is 100 in ten seconds, 900 more in the next thirty
    #[arg(long, value_name = "BOTSxTIME,..", conflicts_with_all = ["bots", "ramp"])]
    stages: Option<String>,
    /// Length of each round; in G, J and R it lasts as long as its work does [default: 2]
    #[arg(long, value_name = "S")]
    seconds: Option<f64>,
    /// Rounds per contender, interleaved
    #[arg(long, value_name = "N", default_value_t = 3)]
    rounds: usize,
    /// Open loop: start so many calls per second in total, and count latency from when each was due; in S, send so many
    /// snapshots per second to everyone [default there: 20]
    #[arg(long, value_name = "R")]
    rate: Option<u64>,
    /// Who takes part: a name, or `both` for everyone
    #[arg(long, value_name = "NAME", default_value = "both")]
    contender: String,
    /// Run the answering end in a child process, so that its cost can be told apart
    #[arg(long, value_name = "BOOL", action = ArgAction::Set, default_value_t = true)]
    separate_processes: bool,
    /// Use a server that is already running there; all chosen contenders must speak its protocol
    #[arg(long, value_name = "HOST:PORT")]
    addr: Option<SocketAddr>,
    #[command(flatten)]
    output: Output,
}

async fn obey(cli: Cli, entries: &[Entry]) -> Result<ExitCode, Trouble> {
    let options = match cli.command {
        Some(Command::Serve { contender, bind }) => {
            only(entries, &contender)?.roles().serve(bind).await?;
            return Ok(ExitCode::SUCCESS);
        }
        Some(Command::Join { contender, addr, bots, tell_every_us }) => {
            let tell_every = tell_every_us.map(Duration::from_micros);
            only(entries, &contender)?.roles().join(addr, bots, tell_every).await?;
            return Ok(ExitCode::SUCCESS);
        }
        Some(Command::Watch { contender, addr, bots, stalled }) => {
            only(entries, &contender)?.roles().watch(addr, bots, stalled).await?;
            return Ok(ExitCode::SUCCESS);
        }
        Some(Command::Scale(scale)) => return scale.obey(entries).await,
        Some(Command::Read(reading)) => return reading.obey(),
        Some(Command::Million(million)) => return million.obey().await,
        Some(Command::MillionServer(options)) => return options.obey().await.map(|()| ExitCode::SUCCESS),
        Some(Command::MillionClients(options)) => return options.obey().await.map(|()| ExitCode::SUCCESS),
        Some(Command::Run(options)) => options,
        None => cli.run,
    };
    let (plan, thresholds) = (options.plan()?, options.output.thresholds()?);
    let chosen = match options.contender.as_str() {
        EVERYONE => entries.iter().map(Entry::steps).collect(),
        name => vec![only(entries, name)?.steps()],
    };
    let stop = CancellationToken::new();
    tokio::spawn(output::stop_on_interrupt(stop.clone()));
    let (report, trouble) = campaign::take_rounds(&plan, &chosen, &stop).await;
    options.output.tell(report, thresholds.as_ref(), trouble)
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
        if self.seconds.is_some() && self.workload.ends_by_itself() {
            let refused = "has no --seconds: its rounds last as long as their work does";
            return Err(Trouble::Options(format!("workload {:?} {refused}", self.workload)));
        }
        let window = Duration::try_from_secs_f64(self.seconds.unwrap_or(SECONDS));
        let rate = self.rate.or((self.workload == Workload::S).then_some(SNAPSHOTS_PER_SECOND));
        let bots = self.bots.unwrap_or(self.workload.bots());
        let stages = Stages::asked(self.stages.as_deref(), self.ramp, bots as u64)?;
        let stages = Some(stages).filter(|stages| stages.length() > Duration::ZERO);
        let plan = Plan {
            workload: self.workload,
            bots: stages.as_ref().map_or(bots, |stages| stages.bots() as usize),
            in_flight: self.in_flight.unwrap_or(self.workload.in_flight()),
            payload_bytes: self.payload.unwrap_or(self.workload.payload_bytes()),
            pace: rate.map_or(Pace::Closed, |calls_per_second| Pace::Open { calls_per_second }),
            stalled: 0,
            window: window.map_err(|why| Trouble::Options(format!("--seconds: {why}")))?,
            stages,
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

/// "Both" while there are two, and every one when there are more.
const EVERYONE: &str = "both";
const SECONDS: f64 = 2.0;
const SNAPSHOTS_PER_SECOND: u64 = 20;

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
    fn rounds_that_end_by_themselves_are_given_no_length() {
        for workload in ["g", "j", "r"] {
            let asked = ["farcall-load", "--workload", workload];
            assert!(Cli::parse_from(asked).run.plan().is_ok());
            let timed = Cli::parse_from(asked.into_iter().chain(["--seconds", "2"])).run;
            let why = timed.plan().unwrap_err().to_string();
            assert!(why.contains("has no --seconds"), "{why}");
        }
    }

    #[test]
    fn seconds_that_are_none_are_refused() {
        for seconds in ["-1", "NaN", "0", "1e9"] {
            let options = Cli::parse_from(["farcall-load", &format!("--seconds={seconds}")]).run;
            assert!(matches!(options.plan(), Err(Trouble::Options(_))), "{seconds}");
        }
    }
}
