//! What the lines of the table are called in each workload: a login is no call, and its client no caller.

use super::Report;
use crate::plan::{Counted, Direction};

/// The words for one report.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Words {
    /// What is counted.
    pub(super) many: &'static str,
    /// What is timed, if anything is.
    pub(super) timed: Option<&'static str>,
    /// Who lives in the measuring process.
    pub(super) here: &'static str,
    /// Who lives in the other.
    pub(super) there: &'static str,
}

impl Words {
    pub(super) fn of(report: &Report) -> Words {
        let timed = match report.counted {
            Counted::Calls => Some("latency"),
            Counted::Deliveries if report.workload == "F" => None,
            Counted::Deliveries if report.workload == "FL" => Some("round"),
            Counted::Deliveries => Some("delivery"),
            Counted::Sessions => Some("connect and call"),
            Counted::Logins => Some("one login"),
            Counted::Returns => Some("back after"),
        };
        let (here, there) = match (report.counted, report.direction) {
            _ if report.scenario.is_some() => ("bots", "server"),
            (Counted::Calls, _) => ("caller", "answerer"),
            (_, Direction::ToServer) => ("clients", "server"),
            (_, Direction::ToClient | Direction::Push) => ("server", "clients"),
        };
        Words { many: report.counted.name(), timed, here, there }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::outcome;
    use super::*;
    use crate::plan::Workload;
    use crate::plan::tests::inside;

    fn words(workload: Workload) -> Words {
        Words::of(&Report::new(&inside(workload), &[("raw", vec![outcome(10, 10)])], false))
    }

    #[test]
    fn the_ends_are_called_by_what_they_are() {
        assert_eq!((words(Workload::E).here, words(Workload::E).there), ("caller", "answerer"));
        assert_eq!((words(Workload::F).here, words(Workload::F).there), ("server", "clients"));
        assert_eq!((words(Workload::J).here, words(Workload::J).there), ("clients", "server"));
    }

    #[test]
    fn what_is_not_timed_has_no_lines() {
        let timed = [Workload::F, Workload::FL, Workload::S].map(|workload| words(workload).timed);
        assert_eq!(timed, [None, Some("round"), Some("delivery")]);
    }
}
