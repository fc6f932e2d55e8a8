//! Under what a run was measured: machine, command line, changed limits. Reads what the system tells; a fact that it
//! does not tell is left out.

use std::collections::BTreeMap;
use std::fs;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

/// What stood around a run. Two reports are only comparable as far as these agree.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conditions {
    /// When the report was made: `2026-05-09 07:29 UTC`.
    pub date: String,
    /// As it was typed; arguments with blanks are quoted.
    pub command_line: String,
    /// Operating system, architecture, and the kernel's version where it is told.
    pub system: String,
    /// The processor's name, where it is told.
    pub processor: Option<String>,
    /// Memory of the machine, where it is told.
    pub memory_bytes: Option<u64>,
    /// Open files that this process may have.
    pub open_files_max: Option<u64>,
    /// Built with optimisation. Figures of a build without it say nothing.
    pub optimised: bool,
    /// Limits that are not at their defaults, by contender.
    pub changed_limits: BTreeMap<String, Vec<String>>,
}

impl Conditions {
    /// Here and now.
    pub(crate) fn here(changed_limits: BTreeMap<String, Vec<String>>) -> Conditions {
        let arguments = std::env::args_os().enumerate().map(|(place, argument)| {
            let argument = argument.to_string_lossy().into_owned();
            // Where a program lies is its user's own business, and not what distinguishes two runs.
            if place == 0 { name_of(&argument).to_owned() } else { quoted(argument) }
        });
        let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
        let system = format!("{} {} {}", std::env::consts::OS, std::env::consts::ARCH, kernel.trim());
        Conditions {
            date: minute(OffsetDateTime::now_utc()),
            command_line: arguments.collect::<Vec<_>>().join(" "),
            system: system.trim_end().to_owned(),
            processor: field("/proc/cpuinfo", "model name"),
            memory_bytes: field("/proc/meminfo", "MemTotal").and_then(|total| kib(&total)),
            open_files_max: crate::usage::open_files_max(),
            optimised: !cfg!(debug_assertions),
            changed_limits,
        }
    }
}

fn minute(at: OffsetDateTime) -> String {
    let (year, month, day) = at.to_calendar_date();
    format!("{year:04}-{:02}-{day:02} {:02}:{:02} UTC", u8::from(month), at.hour(), at.minute())
}

fn name_of(path: &str) -> &str {
    path.rsplit(std::path::is_separator).next().unwrap_or(path)
}

fn quoted(argument: String) -> String {
    if argument.contains(char::is_whitespace) { format!("'{argument}'") } else { argument }
}

/// The first value of a `name : value` line.
fn field(path: &str, name: &str) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    let mut fields = text.lines().filter_map(|line| line.split_once(':'));
    let (_, value) = fields.find(|(field, _)| field.trim() == name)?;
    Some(value.trim().to_owned())
}

/// Bytes of `24595616 kB`.
fn kib(value: &str) -> Option<u64> {
    value.split(' ').next()?.parse::<u64>().ok()?.checked_mul(1_024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_read_as_dates() {
        assert_eq!(
            minute(OffsetDateTime::from_unix_timestamp(1_000_000_000).unwrap()),
            "2001-09-09 01:46 UTC"
        );
    }

    #[test]
    fn arguments_with_blanks_stay_one() {
        assert_eq!(quoted("a b".into()), "'a b'");
        assert_eq!(name_of("/opt/games/farcall-load"), "farcall-load");
        assert_eq!(kib("24595616 kB"), Some(25_185_910_784));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_machine_is_described() {
        let here = Conditions::here(BTreeMap::new());
        assert!(here.system.starts_with("linux ") && here.memory_bytes.unwrap() > 1 << 20, "{here:?}");
        assert!(here.open_files_max.unwrap() > 0 && !here.optimised);
    }
}
