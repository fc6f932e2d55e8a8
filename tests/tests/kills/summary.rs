//! What a run has come to, as it is printed.

use std::fmt;
use std::time::Duration;

/// Sums over one run.
#[derive(Debug, Default)]
pub struct Summary {
    pub kills: u64,
    /// Of them, before the server said that it was listening.
    pub kills_early: u64,
    pub sessions: u64,
    /// Sessions that a server gave back: none, since no connection is lost but with its server.
    pub resumed: u64,
    /// Logins from nothing that found no server, or one that was killed meanwhile.
    pub logins_broken: u64,
    pub calls: u64,
    pub started: u64,
    pub answered: u64,
    pub not_executed: u64,
    /// Of them, those of sessions that were lost.
    pub lost_definite: u64,
    pub overdue: u64,
    pub unsure: u64,
    /// Of them, those that a handler had started on.
    pub unsure_started: u64,
    pub dropped: u64,
    pub notes: u64,
    pub noted: u64,
    /// The longest time by which a call ended after its deadline.
    pub late_max: Duration,
    /// Milliseconds from the loss of a connection until the player was told that the server has restarted.
    pub told_ms: Vec<u64>,
    pub violations: u64,
}

fn percent(part: u64, of: u64) -> f64 {
    100.0 * part as f64 / of.max(1) as f64
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ended = self.answered + self.not_executed + self.overdue + self.unsure;
        let definite = percent(self.answered + self.not_executed, ended);
        let lost = self.lost_definite + self.unsure;
        let lost_definite = percent(self.lost_definite, lost);
        let mut told_ms = self.told_ms.clone();
        told_ms.sort_unstable();
        let at =
            |share: f64| told_ms.get((told_ms.len() as f64 * share) as usize).copied().unwrap_or_default();
        writeln!(f, "kills       {}, {} of them before it listened", self.kills, self.kills_early)?;
        writeln!(
            f,
            "sessions    {}; {} resumed; {} logins broken; a restart was told within {} ms (half), {} ms (99 %)",
            self.sessions,
            self.resumed,
            self.logins_broken,
            at(0.5),
            at(0.99)
        )?;
        writeln!(f, "calls       {} made, {} started, {} dropped", self.calls, self.started, self.dropped)?;
        writeln!(
            f,
            "ends        {} answered, {} not executed, {} overdue, {} indeterminate ({} had started); {definite:.2} % definite",
            self.answered, self.not_executed, self.overdue, self.unsure, self.unsure_started
        )?;
        writeln!(f, "lost        {lost} calls with their sessions, {lost_definite:.1} % of them definite")?;
        writeln!(f, "notes       {} sent, {} arrived", self.notes, self.noted)?;
        writeln!(f, "latest end  {:?} after its deadline", self.late_max)?;
        write!(f, "violations  {}", self.violations)
    }
}
