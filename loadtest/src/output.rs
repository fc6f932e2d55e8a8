//! Where a report goes: table, JSON, page; and how a program of ours ends. Shared by all command lines; measures
//! nothing and lays out nothing.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use tokio_util::sync::CancellationToken;

use crate::failure::Trouble;
use crate::report::{self, Report, Thresholds};

/// The options that say where a report goes.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct Output {
    /// Write the report as JSON to a file, or to stdout with `-` (the table then goes to stderr)
    #[arg(long, value_name = "FILE|-")]
    json: Option<PathBuf>,
    /// Write the report as one HTML file with plots, which needs nothing else
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Judge the run by these thresholds, in TOML or in JSON; exits with 3 if one is broken
    #[arg(long, value_name = "FILE")]
    thresholds: Option<PathBuf>,
}

/// The exit code of a run that broke a threshold: other than that of a run that failed, 1, and of a wrong command
/// line, 2.
pub(crate) const BROKEN: u8 = 3;

impl Output {
    /// The thresholds' file, read before anything is measured: a slip of the pen must not cost a run.
    pub(crate) fn thresholds(&self) -> Result<Option<Thresholds>, Trouble> {
        self.thresholds.as_deref().map(Thresholds::read).transpose()
    }

    /// Judges the report, says it to people, and writes it to whom it was promised. The run's own trouble, if any, goes
    /// last.
    pub(crate) fn tell(
        &self,
        report: Report,
        thresholds: Option<&Thresholds>,
        trouble: Option<Trouble>,
    ) -> Result<ExitCode, Trouble> {
        let verdicts = thresholds.map(|thresholds| thresholds.judge(&report));
        let report = Report { thresholds: verdicts.unwrap_or_default(), ..report };
        let table = report::table(&report);
        let text = || {
            serde_json::to_string_pretty(&report)
                .map_err(|why| Trouble::System { doing: "writing the report".into(), why: why.into() })
        };
        match self.json.as_deref() {
            Some(path) if path == Path::new("-") => {
                say(std::io::stderr(), &table);
                say(std::io::stdout(), &text()?);
            }
            Some(path) => {
                say(std::io::stdout(), &table);
                write(path, &(text()? + "\n"))?;
            }
            None => say(std::io::stdout(), &table),
        }
        if let Some(path) = &self.html {
            write(path, &report::page(&report))?;
        }
        match trouble {
            Some(why) => Err(why),
            None if report.thresholds.iter().any(|verdict| !verdict.kept) => Ok(ExitCode::from(BROKEN)),
            None if report.is_sound() => Ok(ExitCode::SUCCESS),
            None => Ok(ExitCode::FAILURE),
        }
    }
}

/// Runs `program` on a runtime of its own; its trouble becomes a line on stderr.
pub(crate) fn finish<F: Future<Output = Result<ExitCode, Trouble>>>(program: impl FnOnce() -> F) -> ExitCode {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let ended = match runtime {
        Ok(runtime) => runtime.block_on(program()),
        Err(why) => Err(Trouble::System { doing: "starting the runtime".into(), why }),
    };
    ended.unwrap_or_else(|why| {
        say(std::io::stderr(), &format!("farcall-load: {why}"));
        ExitCode::FAILURE
    })
}

/// The first Ctrl-C ends the run with a report, the second ends it at once.
pub(crate) async fn stop_on_interrupt(stop: CancellationToken) {
    if tokio::signal::ctrl_c().await.is_ok() {
        stop.cancel();
        if tokio::signal::ctrl_c().await.is_ok() {
            std::process::exit(INTERRUPTED);
        }
    }
}

/// A line to people. A reader that has left (`| head`) is no trouble of ours.
pub(crate) fn say(mut to: impl Write, text: &str) {
    let _ = writeln!(to, "{text}");
}

/// Replaces the file.
pub(crate) fn write(path: &Path, text: &str) -> Result<(), Trouble> {
    let doing = || format!("writing {}", path.display());
    std::fs::write(path, text).map_err(|why| Trouble::System { doing: doing(), why })
}

/// What a shell gives a program that Ctrl-C ended.
const INTERRUPTED: i32 = 130;
