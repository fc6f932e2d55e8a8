//! What a run of a million is asked for, how many processes it takes, and what the machine's limits allow of it. Starts
//! nothing.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::memory;
use super::phases;
use super::report;
use super::stopped::{Reason, Stopped};
use super::table::count;
use crate::failure::Trouble;
use crate::output;
use crate::report::Conditions;
use crate::usage;

/// The options of `farcall-load million`.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Million {
    /// Sessions to hold at once
    #[arg(long, value_name = "N", default_value_t = 1_000_000, value_parser = clap::value_parser!(u64).range(1..=SESSIONS_MAX))]
    sessions: u64,
    /// Get there in so many equal steps, and hold each: the highest number that lasts is reported
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=STEPS_MAX))]
    steps: u64,
    /// Sessions of one process at most [default: what its open files allow]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=SESSIONS_MAX))]
    per_process: Option<u64>,
    /// Seconds between two pings of one session
    #[arg(long, value_name = "S", default_value_t = HEARTBEAT_SECONDS)]
    heartbeat: f64,
    /// Seconds of silence after which a peer is gone [default: two and a half heartbeats]
    #[arg(long, value_name = "S")]
    silence: Option<f64>,
    /// Seconds to hold each step without doing anything [default: whole heartbeats, at least the silence]
    #[arg(long, value_name = "S")]
    quiet: Option<f64>,
    /// Minutes the whole run may take; connecting ends in time for what comes after it
    #[arg(long, value_name = "M", default_value_t = MINUTES)]
    minutes: f64,
    /// Write the report as JSON to a file, or to stdout with `-` (the table then goes to stderr)
    #[arg(long, value_name = "FILE|-")]
    json: Option<PathBuf>,
}

/// A run that can be started.
#[derive(Debug, Clone)]
pub(super) struct Order {
    /// This program, which is started again for each process.
    pub(super) program: PathBuf,
    /// Sessions asked for.
    pub(super) asked: u64,
    /// Sessions that limits allow.
    pub(super) possible: u64,
    /// Processes of servers, and as many of clients.
    pub(super) pairs: u64,
    /// Pairs whose clients connect at the same time.
    pub(super) pairs_at_once: usize,
    pub(super) steps: u64,
    pub(super) heartbeat: Duration,
    pub(super) silence: Duration,
    /// How long each step is held.
    pub(super) quiet: Duration,
    /// For everything.
    pub(super) limit: Duration,
    /// Why fewer are possible than were asked for.
    pub(super) shortage: Option<Stopped>,
}

impl Million {
    /// Does it all, and reports. Exits with success if every session was held and reached.
    ///
    /// # Errors
    /// The run could not begin. What stops it later stands in its report.
    pub(crate) async fn obey(self) -> Result<ExitCode, Trouble> {
        let order = self.order()?;
        if let Some(told) = memory::crowded(order.possible) {
            output::say(std::io::stderr(), &told);
        }
        let stop = CancellationToken::new();
        tokio::spawn(output::stop_on_interrupt(stop.clone()));
        let conditions = Conditions::here(BTreeMap::from([("farcall".to_owned(), order.changed_limits())]));
        let report = phases::run(&order, conditions, &stop).await?;
        report::tell(&report, self.json.as_deref())
    }

    /// What was asked for, checked against what a machine allows.
    fn order(&self) -> Result<Order, Trouble> {
        if !cfg!(target_os = "linux") {
            return Err(Trouble::Limit(
                "sessions by the million need Linux: its /proc, and all of 127.0.0.0/8".into(),
            ));
        }
        let program = std::env::current_exe()
            .map_err(|why| Trouble::System { doing: "finding our own program".into(), why })?;
        let heartbeat = seconds("--heartbeat", self.heartbeat, HEARTBEAT_MIN)?;
        let silence = seconds("--silence", self.silence.unwrap_or(2.5 * self.heartbeat), heartbeat)?;
        let whole = (silence.as_secs_f64() / heartbeat.as_secs_f64()).ceil() * heartbeat.as_secs_f64();
        let quiet = seconds("--quiet", self.quiet.unwrap_or(whole), Duration::ZERO)?;
        let limit = seconds("--minutes", self.minutes * 60.0, Duration::ZERO)?;
        if limit <= quiet + AFTER_QUIET {
            let least = (quiet + AFTER_QUIET).as_secs_f64() / 60.0;
            return Err(Trouble::Options(format!(
                "--minutes must be over {least:.1}: it includes holding for {quiet:?} and the push"
            )));
        }
        let allowed = Allowed::here(self.per_process);
        let (possible, shortage) = allowed.of(self.sessions);
        let pairs = possible.div_ceil(allowed.each.max(1)).max(1);
        let steps = self.steps.min(possible);
        Ok(Order {
            program,
            asked: self.sessions,
            possible,
            pairs,
            // More would crowd each other out.
            pairs_at_once: std::thread::available_parallelism().map_or(1, usize::from),
            steps,
            heartbeat,
            silence,
            quiet,
            limit,
            shortage,
        })
    }
}

impl Order {
    /// So many sessions and no more, with the times of a run. Pairs connect one after the other: however many there are, as
    /// many logins are under way at a time.
    ///
    /// # Errors
    /// This machine's limits allow fewer.
    pub(super) fn of(sessions: u64) -> Result<Order, Trouble> {
        let (heartbeat, minutes) = (HEARTBEAT_SECONDS, MINUTES);
        let (steps, per_process, silence, quiet, json) = (1, None, None, None, None);
        let order =
            Million { sessions, steps, per_process, heartbeat, silence, quiet, minutes, json }.order()?;
        match order.shortage {
            Some(stopped) => Err(stopped.into()),
            None => Ok(Order { pairs_at_once: 1, ..order }),
        }
    }

    /// What it sets other than a game would get by default.
    pub(super) fn changed_limits(&self) -> Vec<String> {
        vec![format!("heartbeat: {:?}", self.heartbeat), format!("silence_max: {:?}", self.silence)]
    }

    /// Sessions of pair `pair` when all have `all` together: as equal as can be.
    pub(super) fn share(&self, pair: u64, all: u64) -> u64 {
        all / self.pairs + u64::from(pair < all % self.pairs)
    }

    /// Sessions of step `step`, counted from 1.
    pub(super) fn step(&self, step: u64) -> u64 {
        self.possible * step / self.steps.max(1)
    }
}

/// What the machine's limits on open files allow.
#[derive(Debug, Clone, Copy)]
struct Allowed {
    /// Sessions of one process.
    each: u64,
    /// Open files of all processes together.
    files: u64,
}

impl Allowed {
    fn here(each: Option<u64>) -> Allowed {
        let open = usage::open_files_max().map_or(u64::MAX, |open| open.saturating_sub(DESCRIPTORS_BESIDE));
        Allowed { each: each.unwrap_or(u64::MAX).min(open), files: memory::files_left().unwrap_or(u64::MAX) }
    }

    /// How many of `asked` it allows, and why not all.
    fn of(self, asked: u64) -> (u64, Option<Stopped>) {
        let of_processes = self.each.saturating_mul(PAIRS_MAX);
        let of_machine = self.files.saturating_sub(2 * PAIRS_MAX * DESCRIPTORS_BESIDE) / 2;
        let possible = asked.min(of_processes).min(of_machine);
        if possible == asked {
            return (possible, None);
        }
        let arithmetic = if of_processes <= of_machine {
            let needed = asked.div_ceil(PAIRS_MAX) + DESCRIPTORS_BESIDE;
            format!(
                "{PAIRS_MAX} pairs of processes with {} sessions each are {}; for {} run `ulimit -n {needed}` first",
                count(self.each),
                count(of_processes),
                count(asked)
            )
        } else {
            let needed = 2 * (asked + PAIRS_MAX * DESCRIPTORS_BESIDE);
            format!(
                "{} files may still be opened on this machine, a session takes two; set fs.file-max to {} more than are open now",
                count(self.files),
                count(needed)
            )
        };
        (possible, Some(Stopped { by: Reason::Descriptors, arithmetic }))
    }
}

/// A length of time between `least` and a day, or a sentence that names the option.
fn seconds(option: &str, value: f64, least: Duration) -> Result<Duration, Trouble> {
    let length =
        Duration::try_from_secs_f64(value).map_err(|why| Trouble::Options(format!("{option}: {why}")))?;
    if (least..=DAY).contains(&length) {
        return Ok(length);
    }
    Err(Trouble::Options(format!(
        "{option} must be from {} to {} seconds",
        least.as_secs_f64(),
        DAY.as_secs()
    )))
}

/// Kept for the push and for ending, out of the time for everything.
pub(super) const AFTER_QUIET: Duration = Duration::from_secs(20);
const HEARTBEAT_SECONDS: f64 = 60.0;
const MINUTES: f64 = 20.0;
const SESSIONS_MAX: u64 = 10_000_000;
const STEPS_MAX: u64 = 100;
/// More processes than this on one machine measure its scheduler.
const PAIRS_MAX: u64 = 128;
/// Standard streams, the runtime's epoll and wakers, the listener, files read from /proc.
const DESCRIPTORS_BESIDE: u64 = 64;
const HEARTBEAT_MIN: Duration = Duration::from_millis(100);
const DAY: Duration = Duration::from_secs(86_400);

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Cli {
        #[command(flatten)]
        million: Million,
    }

    fn order(options: &[&str]) -> Result<Order, Trouble> {
        Cli::parse_from([&["million"], options].concat()).million.order()
    }

    #[test]
    fn processes_share_sessions_and_steps_end_at_the_number_asked_for() {
        let order = order(&["--sessions", "200", "--per-process", "70", "--steps", "3"]).unwrap();
        assert_eq!((order.pairs, order.step(1), order.step(3)), (3, 66, 200));
        let shares: Vec<u64> = (0..3).map(|pair| order.share(pair, 200)).collect();
        assert_eq!(shares, [67, 67, 66]);
        assert!(shares.iter().all(|&share| share <= 70));
    }

    #[test]
    fn a_round_has_as_many_logins_at_a_time_however_many_pairs_it_has() {
        let round = Order::of(200).unwrap();
        assert_eq!((round.asked, round.possible, round.pairs_at_once), (200, 200, 1));
        assert_eq!(round.changed_limits(), ["heartbeat: 60s", "silence_max: 150s"]);
    }

    #[test]
    fn a_hold_outlasts_the_silence_in_whole_heartbeats() {
        let order = order(&["--heartbeat", "60"]).unwrap();
        assert_eq!((order.silence, order.quiet), (Duration::from_secs(150), Duration::from_secs(180)));
    }

    #[test]
    fn times_that_cannot_be_are_named() {
        for (options, said) in [
            (["--heartbeat", "0"], "--heartbeat must be from 0.1"),
            (["--silence", "59"], "--silence must be from 60"),
            (["--quiet", "-1"], "--quiet: "),
            (["--minutes", "3"], "--minutes must be over 3.3"),
        ] {
            let options = [&format!("{}={}", options[0], options[1])[..]];
            let why = order(&options).unwrap_err().to_string();
            assert!(why.contains(said), "{why}");
        }
    }

    #[test]
    fn what_limits_do_not_allow_is_told_with_the_arithmetic() {
        let roomy = Allowed { each: 19_936, files: 2_400_000 };
        assert_eq!(roomy.of(1_000_000), (1_000_000, None));
        let (possible, why) = Allowed { each: 960, ..roomy }.of(1_000_000);
        assert_eq!(possible, 128 * 960);
        assert!(why.unwrap().arithmetic.ends_with("for 1,000,000 run `ulimit -n 7877` first"));
        let (possible, why) = Allowed { files: 816_384, ..roomy }.of(1_000_000);
        assert_eq!(possible, 400_000);
        assert!(why.unwrap().arithmetic.contains("816,384 files may still be opened"));
    }
}
