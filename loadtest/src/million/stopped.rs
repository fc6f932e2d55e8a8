//! What kept a run from the number it was asked for, and the arithmetic for the rest. Only words and sums.

use serde::Serialize;

use super::table::{bytes, count};
use crate::failure::Trouble;

/// Why there were not more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Stopped {
    /// What ran out.
    pub(super) by: Reason,
    /// What the rest would have taken.
    pub(super) arithmetic: String,
}

/// What ran out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Reason {
    /// Open files, of a process or of the machine.
    Descriptors,
    /// Memory of the machine.
    Memory,
    /// The time the run was given.
    Time,
    /// Local ports.
    Ports,
    /// Connections that failed, or were not let in.
    Failures,
    /// Sessions that were there and did not last.
    Lost,
    /// One of the run's own processes.
    Process,
    /// Its user.
    Interrupt,
}

impl Reason {
    /// In a table.
    pub(super) fn name(self) -> &'static str {
        match self {
            Reason::Descriptors => "descriptors",
            Reason::Memory => "memory",
            Reason::Time => "time",
            Reason::Ports => "ports",
            Reason::Failures => "failures",
            Reason::Lost => "lost sessions",
            Reason::Process => "a process that ended",
            Reason::Interrupt => "interrupt",
        }
    }
}

impl From<Stopped> for Trouble {
    fn from(Stopped { by, arithmetic }: Stopped) -> Trouble {
        let said = format!("{}: {arithmetic}", by.name());
        match by {
            Reason::Interrupt => Trouble::Interrupted,
            Reason::Descriptors | Reason::Memory | Reason::Ports => Trouble::Limit(said),
            Reason::Time | Reason::Failures | Reason::Lost | Reason::Process => Trouble::Stopped(said),
        }
    }
}

/// How far a run had come when it stopped.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Reached {
    /// Sessions asked for.
    pub(super) asked: u64,
    /// Sessions that there were.
    pub(super) held: u64,
    /// Of them, those that have lost their connection.
    pub(super) lost: u64,
    /// The most that held without losing one.
    pub(super) highest: u64,
    /// Time it took to connect them.
    pub(super) connect_seconds: f64,
    /// By so much less memory the machine had.
    pub(super) machine_bytes: Option<u64>,
    /// What it had left.
    pub(super) available_bytes: Option<u64>,
}

impl Reached {
    /// What stopped it, with the arithmetic from what was measured until then.
    pub(super) fn stopped(&self, by: Reason) -> Stopped {
        let Reached { asked, held, .. } = *self;
        let arithmetic = match by {
            Reason::Memory => self.memory(),
            Reason::Time => {
                let seconds = self.connect_seconds.max(f64::MIN_POSITIVE);
                let needed = asked as f64 / held.max(1) as f64 * seconds;
                format!(
                    "{} connected in {seconds:.1} s; at this rate {} take {needed:.0} s, and holding and pushing besides",
                    count(held),
                    count(asked)
                )
            }
            Reason::Lost => format!(
                "{} of {} have lost their connection; the most that held is {}",
                count(self.lost),
                count(held),
                count(self.highest)
            ),
            _ => format!("{} of {} are missing", count(asked.saturating_sub(held)), count(asked)),
        };
        Stopped { by, arithmetic }
    }

    fn memory(&self) -> String {
        let Some(all) = self.machine_bytes else {
            let left = self.available_bytes.map_or_else(|| "?".into(), bytes);
            return format!("{} were left at {} of {}", left, count(self.held), count(self.asked));
        };
        let each = all / self.held.max(1);
        let rest = self.asked.saturating_sub(self.held);
        format!(
            "{} a session, both ends and kernel; {} more take {}, and {} were left",
            bytes(each),
            count(rest),
            bytes(each.saturating_mul(rest)),
            self.available_bytes.map_or_else(|| "?".into(), bytes),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_told_from_a_failure() {
        let trouble = |by| Trouble::from(Stopped { by, arithmetic: "3 of 9".into() });
        assert!(trouble(Reason::Descriptors).is_limit() && trouble(Reason::Memory).is_limit());
        assert_eq!(trouble(Reason::Ports).to_string(), "ports: 3 of 9");
        assert!(!trouble(Reason::Process).is_limit());
        assert_eq!(trouble(Reason::Lost).to_string(), "stopped by lost sessions: 3 of 9");
        assert!(matches!(trouble(Reason::Interrupt), Trouble::Interrupted));
    }

    #[test]
    fn without_the_machines_memory_there_is_no_arithmetic() {
        let reached =
            Reached { asked: 9_000, held: 3_000, available_bytes: Some(500 << 20), ..Reached::default() };
        let memory = reached.stopped(Reason::Memory).arithmetic;
        assert_eq!(memory, "500.0 MiB were left at 3,000 of 9,000");
    }

    #[test]
    fn the_rest_is_worked_out_from_what_was_measured() {
        let reached = Reached {
            asked: 1_000_000,
            held: 250_000,
            lost: 3,
            highest: 200_000,
            connect_seconds: 20.0,
            machine_bytes: Some(250_000 * 16_384),
            available_bytes: Some(500 << 20),
        };
        let memory = reached.stopped(Reason::Memory).arithmetic;
        assert_eq!(
            memory,
            "16.0 KiB a session, both ends and kernel; 750,000 more take 11.4 GiB, and 500.0 MiB were left"
        );
        let time = reached.stopped(Reason::Time).arithmetic;
        assert!(time.starts_with("250,000 connected in 20.0 s; at this rate 1,000,000 take 80 s"), "{time}");
        let lost = reached.stopped(Reason::Lost).arithmetic;
        assert_eq!(lost, "3 of 250,000 have lost their connection; the most that held is 200,000");
        assert_eq!(reached.stopped(Reason::Failures).arithmetic, "750,000 of 1,000,000 are missing");
    }
}
