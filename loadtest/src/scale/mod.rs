//! What work costs as it grows: the subcommand `scale`. Runs each sweep's values one after the other, each as a run of
//! its own, and says them as tables, pictures and JSON. Measuring is `campaign`'s; which values there are is `sweep`'s.

mod picture;
mod sweep;
mod swept;
mod table;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::builder::PossibleValuesParser;
use serde::Serialize;
use tokio_util::sync::CancellationToken;

use self::sweep::{By, SWEEPS, Sweep};
use self::swept::{Measured, Swept, Unmeasured};
use crate::campaign;
use crate::entry::{Entry, Steps};
use crate::failure::Trouble;
use crate::million::Pairs;
use crate::output;
use crate::plan::{OtherEnd, Pace, Plan, Workload};
use crate::report::Report;

/// What can be asked for.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Scale {
    /// Write each sweep as a picture, and all figures as JSON, into this folder; it is made if it is not there
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Length of each round; those of sessions last as long as it takes [default: 2; with --quick 0.2]
    #[arg(long, value_name = "S")]
    seconds: Option<f64>,
    /// Few values and one round at each: to see that it works, not to measure
    #[arg(long)]
    quick: bool,
    /// Only these sweeps [default: all]
    #[arg(long, value_name = "NAME,..", value_delimiter = ',',
        value_parser = PossibleValuesParser::new(SWEEPS.iter().map(|sweep| sweep.name)))]
    only: Vec<String>,
}

/// All sweeps, as they are written.
#[derive(Debug, Serialize)]
struct Scaling {
    /// The user ended it early.
    interrupted: bool,
    sweeps: Vec<Swept>,
}

impl Scale {
    /// Does it with everyone in `entries`. What went wrong at one value is told beside the others, and fails the command.
    ///
    /// # Errors
    /// Options beyond their bounds and a folder that cannot be made, before anything is measured; a file that cannot be
    /// written.
    pub(crate) async fn obey(&self, entries: &[Entry]) -> Result<ExitCode, Trouble> {
        let base = self.base()?;
        if let Some(folder) = &self.out {
            // Before anything is measured: a slip of the pen must not cost a run.
            let doing = || format!("making {}", folder.display());
            std::fs::create_dir_all(folder).map_err(|why| Trouble::System { doing: doing(), why })?;
        }
        let entries: Vec<&dyn Steps> = entries.iter().map(Entry::steps).collect();
        let stop = CancellationToken::new();
        tokio::spawn(output::stop_on_interrupt(stop.clone()));
        let mut sweeps = Vec::new();
        for sweep in self.sweeps() {
            if stop.is_cancelled() {
                break;
            }
            let swept = self.take(sweep, &base, &entries, &stop).await;
            self.tell(&swept)?;
            sweeps.push(swept);
        }
        let scaling = Scaling { interrupted: stop.is_cancelled(), sweeps };
        self.write(&scaling)?;
        let sound = !scaling.interrupted && scaling.sweeps.iter().all(Swept::is_sound);
        Ok(if sound { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    /// Goes through one sweep's values, or as many as `stop` and the machine allow.
    async fn take(
        &self,
        sweep: &'static Sweep,
        base: &Plan,
        entries: &[&dyn Steps],
        stop: &CancellationToken,
    ) -> Swept {
        let entries = match sweep.by {
            By::Contenders => entries,
            By::Pairs => &[&Pairs as &dyn Steps],
        };
        let mut swept = Swept { sweep, points: Vec::new(), left_out: Vec::new(), failed: Vec::new() };
        for &at in sweep.points(self.quick) {
            if stop.is_cancelled() {
                break;
            }
            let (report, trouble) = campaign::take_rounds(&sweep.plan(base, at), entries, stop).await;
            if !report.contenders.is_empty() {
                swept.points.push(Measured::new(at, Report { workload: sweep.shape(), ..report }));
            }
            let Some(why) = trouble else { continue };
            // Smaller values and other sweeps are worth having without this one.
            let told = Unmeasured { at, why: why.to_string() };
            let list = if why.is_limit() { &mut swept.left_out } else { &mut swept.failed };
            list.push(told);
        }
        swept
    }

    /// Says a sweep as soon as it is over: those after it take minutes.
    fn tell(&self, swept: &Swept) -> Result<(), Trouble> {
        output::say(std::io::stdout(), &table::table(swept));
        let Some(folder) = &self.out else { return Ok(()) };
        let picture = picture::picture(swept, swept.sweep.points(self.quick));
        output::write(&folder.join(format!("scale-{}.svg", swept.sweep.name)), &picture)
    }

    fn write(&self, scaling: &Scaling) -> Result<(), Trouble> {
        let Some(folder) = &self.out else { return Ok(()) };
        let text = serde_json::to_string_pretty(scaling)
            .map_err(|why| Trouble::System { doing: "writing the figures".into(), why: why.into() })?;
        output::write(&folder.join("scale.json"), &(text + "\n"))
    }

    /// Those asked for, in the order of all.
    fn sweeps(&self) -> impl Iterator<Item = &'static Sweep> {
        SWEEPS.iter().filter(|sweep| self.only.is_empty() || self.only.iter().any(|name| name == sweep.name))
    }

    /// What all plans have in common, checked.
    fn base(&self) -> Result<Plan, Trouble> {
        let seconds = self.seconds.unwrap_or(if self.quick { QUICK_SECONDS } else { SECONDS });
        let window = Duration::try_from_secs_f64(seconds);
        let program = std::env::current_exe()
            .map_err(|why| Trouble::System { doing: "finding our own program".into(), why })?;
        let workload = Workload::A;
        let plan = Plan {
            workload,
            bots: workload.bots(),
            in_flight: workload.in_flight(),
            payload_bytes: workload.payload_bytes(),
            pace: Pace::Closed,
            stalled: 0,
            stages: None,
            window: window.map_err(|why| Trouble::Options(format!("--seconds: {why}")))?,
            rounds: if self.quick { 1 } else { ROUNDS },
            other_end: OtherEnd::Child { program },
        };
        plan.check()?;
        Ok(plan)
    }
}

const SECONDS: f64 = 2.0;
const QUICK_SECONDS: f64 = 0.2;
const ROUNDS: usize = 3;
