//! The subcommands that read reports instead of making one. Shared by all command lines.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Subcommand;

use crate::failure::Trouble;
use crate::output::{self, BROKEN};
use crate::report::{Report, Thresholds, Verdict, comparison, comparison_page};

/// What can be done with reports in JSON.
#[derive(Debug, Subcommand)]
pub(crate) enum Reading {
    /// Show by how much a second report differs from a first
    Compare {
        /// Written by `--json`
        first: PathBuf,
        /// Written by `--json`
        second: PathBuf,
        /// Write both as one HTML file with plots
        #[arg(long, value_name = "FILE")]
        html: Option<PathBuf>,
        /// Judge the second by these thresholds; exits with 3 if one is broken
        #[arg(long, value_name = "FILE")]
        thresholds: Option<PathBuf>,
    },
    /// Judge a report by thresholds; exits with 3 if one is broken
    Check {
        /// Written by `--json`
        report: PathBuf,
        /// In TOML, or in JSON if its name ends so
        #[arg(long, value_name = "FILE")]
        thresholds: PathBuf,
    },
}

impl Reading {
    /// Does it.
    pub(crate) fn obey(&self) -> Result<ExitCode, Trouble> {
        match self {
            Reading::Compare { first, second, html, thresholds } => {
                let thresholds = thresholds.as_deref().map(Thresholds::read).transpose()?;
                let (first, second) = (read(first)?, read(second)?);
                output::say(std::io::stdout(), &comparison(&first, &second));
                if let Some(path) = html {
                    output::write(path, &comparison_page(&first, &second))?;
                }
                Ok(thresholds.map_or(ExitCode::SUCCESS, |thresholds| pass(&thresholds.judge(&second))))
            }
            Reading::Check { report, thresholds } => {
                let thresholds = Thresholds::read(thresholds)?;
                Ok(pass(&thresholds.judge(&read(report)?)))
            }
        }
    }
}

/// Says every verdict; success if all thresholds are kept.
fn pass(verdicts: &[Verdict]) -> ExitCode {
    verdicts.iter().for_each(|verdict| output::say(std::io::stdout(), &verdict.to_string()));
    if verdicts.iter().all(|verdict| verdict.kept) { ExitCode::SUCCESS } else { ExitCode::from(BROKEN) }
}

fn read(path: &Path) -> Result<Report, Trouble> {
    let reading = |why| Trouble::System { doing: format!("reading {}", path.display()), why };
    let text = std::fs::read_to_string(path).map_err(reading)?;
    let no_report = |why| Trouble::Options(format!("{} is no report of this tool: {why}", path.display()));
    serde_json::from_str(&text).map_err(no_report)
}
