//! The command line of a program with scenarios. Decides nothing about running them.

use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use clap::{Args, Parser, Subcommand};
use tokio_util::sync::CancellationToken;

use super::crew::{self, Share};
use super::run::Order;
use super::{Script, run::run};
use crate::failure::Trouble;
use crate::output::{self, Output};
use crate::reading::Reading;
use crate::stages::Stages;
use crate::usage;

/// Runs the command line of this process over `scripts`. All of a program's `main`, besides a line
/// `use game_routes as _;` for each crate whose handlers the bots answer with.
pub fn scenarios(scripts: &[Script]) -> ExitCode {
    let cli = Cli::parse();
    output::finish(|| obey(cli, scripts))
}

/// Plays a scenario with many bots against a running server, and measures their steps.
#[derive(Debug, Parser)]
#[command(args_conflicts_with_subcommands = true)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    run: RunOptions,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Play (what is done without a subcommand)
    Run(RunOptions),
    #[command(flatten)]
    Read(Reading),
    /// Play a share of the bots until stdin closes
    #[command(hide = true)]
    Bots(ShareOptions),
}

#[derive(Debug, Args)]
struct RunOptions {
    /// Which scenario [default: the first]
    #[arg(long, value_name = "NAME")]
    scenario: Option<String>,
    /// The server
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:7000")]
    addr: String,
    /// Bots in the end
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..=BOTS_MAX))]
    bots: u64,
    /// Let them begin evenly spread over so many seconds, not all at once
    #[arg(long, value_name = "S", default_value_t = 0.0)]
    ramp: f64,
    /// Let them begin in stages: `100x10s,1000x30s` is 100 in ten seconds, 900 more in the next thirty
    #[arg(long, value_name = "BOTSxTIME,..", conflicts_with_all = ["bots", "ramp"])]
    stages: Option<String>,
    /// Length of the run; it includes the ramp
    #[arg(long, value_name = "S", default_value_t = 10.0)]
    seconds: f64,
    /// Share the bots between so many processes
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=PROCESSES_MAX))]
    processes: u64,
    /// Process id of the server, if it runs on this machine: its CPU time and memory are reported, too
    #[arg(long, value_name = "PID")]
    server_pid: Option<u32>,
    #[command(flatten)]
    output: Output,
}

#[derive(Debug, Args)]
struct ShareOptions {
    #[arg(long)]
    scenario: String,
    #[arg(long)]
    addr: String,
    #[arg(long)]
    stages: String,
    #[arg(long)]
    window_us: u64,
    #[arg(long)]
    part: u64,
    #[arg(long)]
    parts: u64,
    #[arg(long)]
    begin_unix_ms: u64,
}

async fn obey(cli: Cli, scripts: &[Script]) -> Result<ExitCode, Trouble> {
    let options = match cli.command {
        Some(Command::Bots(options)) => {
            let script = only(scripts, Some(&options.scenario))?;
            crew::work(script.clone(), options.share()?).await?;
            return Ok(ExitCode::SUCCESS);
        }
        Some(Command::Read(reading)) => return reading.obey(),
        Some(Command::Run(options)) => options,
        None => cli.run,
    };
    let order = options.order(only(scripts, options.scenario.as_deref())?)?;
    let thresholds = options.output.thresholds()?;
    usage::check_descriptors(DESCRIPTORS_EACH * order.processes + DESCRIPTORS_BESIDE)?;
    let stop = CancellationToken::new();
    tokio::spawn(output::stop_on_interrupt(stop.clone()));
    let (report, trouble) = run(&order, &stop).await;
    options.output.tell(report, thresholds.as_ref(), trouble)
}

impl RunOptions {
    /// What was asked for, checked.
    fn order(&self, script: &Script) -> Result<Order, Trouble> {
        let window = Duration::try_from_secs_f64(self.seconds).ok().filter(|window| *window <= WINDOW_MAX);
        let most = WINDOW_MAX.as_secs();
        let window = window.ok_or_else(|| Trouble::Options(format!("--seconds must be from 0 to {most}")))?;
        let stages = Stages::asked(self.stages.as_deref(), self.ramp, self.bots)?;
        if window < WINDOW_MIN || stages.length() > window {
            let least = stages.length().max(WINDOW_MIN).as_secs_f64();
            return Err(Trouble::Options(format!(
                "--seconds must be at least {least}: it includes the ramp"
            )));
        }
        if stages.bots() > BOTS_MAX {
            return Err(Trouble::Options(format!("at most {BOTS_MAX} bots")));
        }
        let program = std::env::current_exe()
            .map_err(|why| Trouble::System { doing: "finding our own program".into(), why })?;
        Ok(Order {
            program,
            scenario: script.name(),
            address: self.addr.clone(),
            stages,
            window,
            processes: self.processes,
            server: self.server_pid,
        })
    }
}

impl ShareOptions {
    fn share(&self) -> Result<Share, Trouble> {
        Ok(Share {
            address: self.addr.clone(),
            stages: Stages::parse(&self.stages)?,
            window: Duration::from_micros(self.window_us),
            part: self.part,
            parts: self.parts,
            begin: SystemTime::UNIX_EPOCH + Duration::from_millis(self.begin_unix_ms),
        })
    }
}

/// The command line by which a child gets its share.
pub(super) fn arguments(scenario: &str, share: &Share) -> Vec<String> {
    let begin = share.begin.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let options = [
        ("--scenario", scenario.to_owned()),
        ("--addr", share.address.clone()),
        ("--stages", share.stages.to_string()),
        ("--window-us", share.window.as_micros().to_string()),
        ("--part", share.part.to_string()),
        ("--parts", share.parts.to_string()),
        ("--begin-unix-ms", begin.as_millis().to_string()),
    ];
    let options = options.into_iter().flat_map(|(name, value)| [name.to_owned(), value]);
    std::iter::once("bots".to_owned()).chain(options).collect()
}

/// The script of that name, or the first.
fn only<'a>(scripts: &'a [Script], wanted: Option<&str>) -> Result<&'a Script, Trouble> {
    let found = scripts.iter().find(|script| wanted.is_none_or(|wanted| script.name() == wanted));
    found.ok_or_else(|| {
        let known = scripts.iter().map(Script::name).collect::<Vec<_>>().join(", ");
        Trouble::Options(format!(
            "no scenario is called `{}`; there are: {known}",
            wanted.unwrap_or_default()
        ))
    })
}

const BOTS_MAX: u64 = 1_000_000;
const PROCESSES_MAX: u64 = 256;
const WINDOW_MIN: Duration = Duration::from_millis(100);
const WINDOW_MAX: Duration = Duration::from_secs(24 * 3_600);
/// A child's two pipes and its pidfd.
const DESCRIPTORS_EACH: u64 = 3;
const DESCRIPTORS_BESIDE: u64 = 64;

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;
    use crate::scenario::{Bot, Ended, Scenario, scenario};

    struct Idle(&'static str);

    impl Scenario for Idle {
        fn name(&self) -> &'static str {
            self.0
        }

        async fn bot(&self, _: Bot) -> Result<(), Ended> {
            Ok(())
        }
    }

    fn order(arguments: &[&str]) -> Result<Order, Trouble> {
        let scripts = [scenario(Idle("first")), scenario(Idle("second"))];
        let options = Cli::parse_from(std::iter::once(&"game-load").chain(arguments)).run;
        options.order(only(&scripts, options.scenario.as_deref())?)
    }

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_child_understands_its_share() {
        let share = Share {
            address: "localhost:7000".into(),
            stages: Stages::parse("10x0.5s,100x2s").unwrap(),
            window: Duration::from_millis(2_500),
            part: 1,
            parts: 3,
            begin: SystemTime::UNIX_EPOCH + Duration::from_millis(1_700_000_000_123),
        };
        let arguments = arguments("first", &share);
        let cli = Cli::parse_from(std::iter::once("game-load".to_owned()).chain(arguments));
        let Some(Command::Bots(options)) = cli.command else { panic!("{cli:?}") };
        assert_eq!(options.share().unwrap(), share);
    }

    #[test]
    fn the_first_scenario_is_played_unless_another_is_named() {
        assert_eq!(order(&[]).unwrap().scenario, "first");
        assert_eq!(order(&["--scenario", "second"]).unwrap().scenario, "second");
        let why = order(&["--scenario", "third"]).unwrap_err().to_string();
        assert_eq!(why, "no scenario is called `third`; there are: first, second");
    }

    #[test]
    fn a_ramp_must_fit_into_the_run() {
        assert!(order(&["--ramp", "5", "--seconds", "5"]).is_ok());
        let why = order(&["--stages", "5x4s,9x4s", "--seconds", "5"]).unwrap_err().to_string();
        assert!(why.contains("at least 8"), "{why}");
        assert!(order(&["--ramp=-1"]).is_err() && order(&["--seconds", "0"]).is_err());
    }
}
