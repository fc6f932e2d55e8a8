//! What is asked for: the workload, its numbers and its bounds. Pure values; runs nothing.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::failure::Trouble;
use crate::snapshots::STAMP_BYTES;
use crate::stages::Stages;
pub use crate::workload::{Counted, Direction, Workload};

/// When the next call starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pace {
    /// When the one before it has ended: measures how much goes through.
    Closed,
    /// When the schedule says, whatever became of the others: measures what a caller waits at that rate.
    /// Latency counts from the intended start, so a stall is charged to every call that it delayed.
    Open {
        /// Over all connections together.
        calls_per_second: u64,
    },
}

/// Where the end that the bots talk to runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OtherEnd {
    /// In a child process of this program.
    Child {
        /// The executable to start; it must understand the hidden subcommands `serve` and `join`.
        program: PathBuf,
    },
    /// Inside the measuring process: its cost cannot be told apart.
    Inside,
    /// Somebody else's server, already running.
    Running(SocketAddr),
}

/// One run: the same round for each contender in turn, `rounds` times over.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Its shape's name.
    pub workload: Workload,
    /// Connections.
    pub bots: usize,
    /// Calls in flight per connection, at most; of pushes, rounds that not all clients have received.
    pub in_flight: usize,
    /// Bytes sent with each call, and back, or with each push.
    pub payload_bytes: usize,
    /// When the next call starts, in S the next snapshot to everyone.
    pub pace: Pace,
    /// Of the bots, those that stop reading once they have joined (S).
    pub stalled: usize,
    /// When each client connects, if they do so while it is measured; else all do before it.
    pub stages: Option<Stages>,
    /// How long each round measures.
    pub window: Duration,
    /// Rounds per contender.
    pub rounds: usize,
    /// Where the other end runs.
    pub other_end: OtherEnd,
}

impl Plan {
    /// Refuses what cannot be measured or would exhaust the machine before it is tried.
    pub fn check(&self) -> Result<(), Trouble> {
        within("--bots", self.bots, 1, BOTS_MAX)?;
        within("--in-flight", self.in_flight, 1, IN_FLIGHT_MAX)?;
        within("--payload", self.payload_bytes, 0, PAYLOAD_BYTES_MAX)?;
        self.check_stages()?;
        within("--rounds", self.rounds, 1, ROUNDS_MAX)?;
        if self.window < WINDOW_MIN || self.window > WINDOW_MAX {
            return Err(Trouble::Options(format!(
                "--seconds must be from {} to {}",
                WINDOW_MIN.as_secs_f64(),
                WINDOW_MAX.as_secs()
            )));
        }
        // Every call in flight holds its bytes about four times: caller, both sockets, reply.
        let held_bytes = self.bots.saturating_mul(self.in_flight).saturating_mul(self.payload_bytes);
        if held_bytes > HELD_BYTES_MAX {
            return Err(Trouble::Options(format!(
                "{} x {} calls of {} bytes are {held_bytes} bytes in flight; at most {HELD_BYTES_MAX}",
                self.bots, self.in_flight, self.payload_bytes
            )));
        }
        if let Pace::Open { calls_per_second } = self.pace
            && !(1..=RATE_MAX).contains(&calls_per_second)
        {
            return Err(Trouble::Options(format!("--rate must be from 1 to {RATE_MAX}")));
        }
        self.check_workload()
    }

    /// Refuses what this workload has no use for.
    fn check_workload(&self) -> Result<(), Trouble> {
        let refused = |why: &str| Err(Trouble::Options(format!("workload {:?} {why}", self.workload)));
        let foreign = matches!(self.other_end, OtherEnd::Running(_));
        if foreign && self.workload.direction() != Direction::ToServer {
            return refused("needs its own server: it cannot be used with --addr");
        }
        let separate = matches!(self.other_end, OtherEnd::Child { .. });
        if matches!(self.workload, Workload::G | Workload::S) && !separate {
            return refused("needs a process of its own for the other end");
        }
        if self.workload != Workload::S
            && self.workload.counted() != Counted::Calls
            && self.pace != Pace::Closed
        {
            return refused("has no --rate");
        }
        if self.workload == Workload::S && (self.bots < 2 || self.payload_bytes < STAMP_BYTES) {
            return refused(
                "needs two bots, of whom one stalls, and a payload of 8 bytes for the time stamp",
            );
        }
        Ok(())
    }

    /// What is measured in turn: in S with all clients reading, and with some that do not; else just this.
    pub fn variants(&self) -> Vec<(String, Plan)> {
        let plain = (String::new(), self.clone());
        if self.workload != Workload::S {
            return vec![plain];
        }
        let stalled = self.bots.div_ceil(STALLED_ONE_IN);
        vec![plain, (format!(", {stalled} stalled"), Plan { stalled, ..self.clone() })]
    }

    /// Clients can begin one after the other only where it is they who call, and as fast as they can.
    fn check_stages(&self) -> Result<(), Trouble> {
        let Some(stages) = &self.stages else { return Ok(()) };
        let calls = self.workload.counted() == Counted::Calls;
        if !calls || self.workload.direction() != Direction::ToServer || self.pace != Pace::Closed {
            return Err(Trouble::Options(
                "--ramp and --stages are for workloads A to D without --rate".into(),
            ));
        }
        if stages.length() > self.window {
            let least = stages.length().as_secs_f64();
            return Err(Trouble::Options(format!(
                "--seconds must be at least {least}: it includes the ramp"
            )));
        }
        Ok(())
    }

    /// Runs before each window, unmeasured: lets sockets, allocator and CPU clock settle.
    pub fn warm_up(&self) -> Duration {
        match self.workload {
            // Until those that do not read have filled what lies between.
            Workload::S => Duration::from_secs(1),
            _ => (self.window / 5).min(Duration::from_millis(500)),
        }
    }

    /// Descriptors that the measuring process needs at once.
    pub fn descriptors(&self) -> u64 {
        let ends = if self.other_end == OtherEnd::Inside { 2 } else { 1 };
        (self.bots * ends) as u64 + DESCRIPTORS_BESIDE
    }
}

/// `value` is between `least` and `most`, or a sentence that names the option.
fn within(option: &str, value: usize, least: usize, most: usize) -> Result<(), Trouble> {
    if (least..=most).contains(&value) {
        return Ok(());
    }
    Err(Trouble::Options(format!("{option} must be from {least} to {most}, not {value}")))
}

const STALLED_ONE_IN: usize = 100;
const BOTS_MAX: usize = 100_000;
const IN_FLIGHT_MAX: usize = 65_536;
/// Every contender must take as much.
pub(crate) const PAYLOAD_BYTES_MAX: usize = 1 << 20;
const ROUNDS_MAX: usize = 1_000;
const RATE_MAX: u64 = 10_000_000;
const WINDOW_MIN: Duration = Duration::from_millis(50);
const WINDOW_MAX: Duration = Duration::from_secs(3_600);
/// A quarter of the memory of the smallest machine we know this to run on, counted once.
const HELD_BYTES_MAX: usize = 1 << 30;
/// Standard streams, the runtime's epoll and wakers, the child's pipes, files read from /proc.
const DESCRIPTORS_BESIDE: u64 = 64;

#[cfg(test)]
pub(crate) mod tests {
    use clap::ValueEnum;

    use super::*;

    /// A short round inside this process.
    pub(crate) fn inside(workload: Workload) -> Plan {
        Plan {
            workload,
            bots: workload.bots(),
            in_flight: workload.in_flight(),
            payload_bytes: workload.payload_bytes(),
            pace: Pace::Closed,
            stalled: 0,
            window: Duration::from_millis(100),
            stages: None,
            rounds: 1,
            other_end: OtherEnd::Inside,
        }
    }

    #[test]
    fn workloads_are_sound_plans() {
        let other_end = OtherEnd::Child { program: PathBuf::new() };
        for &workload in Workload::value_variants() {
            for (_, plan) in (Plan { other_end: other_end.clone(), ..inside(workload) }).variants() {
                assert!(plan.check().is_ok(), "{plan:?}");
            }
        }
    }

    #[test]
    fn numbers_out_of_bounds_name_their_option() {
        let none = Plan { bots: 0, ..inside(Workload::C) };
        assert!(none.check().unwrap_err().to_string().starts_with("--bots must be"));
        let vast = Plan { payload_bytes: 1 << 20, in_flight: 4_096, ..inside(Workload::C) };
        assert!(vast.check().unwrap_err().to_string().contains("bytes in flight"));
        let stopped = Plan { pace: Pace::Open { calls_per_second: 0 }, ..inside(Workload::A) };
        assert!(stopped.check().unwrap_err().to_string().starts_with("--rate"));
    }

    #[test]
    fn only_callers_in_a_closed_loop_have_a_ramp() {
        let ramp =
            |workload| Plan { stages: Some(Stages::ramp(9, Duration::from_millis(100))), ..inside(workload) };
        assert!(ramp(Workload::C).check().is_ok());
        assert!(ramp(Workload::E).check().is_err() && ramp(Workload::F).check().is_err());
        let open = Plan { pace: Pace::Open { calls_per_second: 10 }, ..ramp(Workload::C) };
        let short = Plan { window: Duration::from_millis(99), ..ramp(Workload::C) };
        assert!(open.check().unwrap_err().to_string().contains("without --rate"));
        assert!(short.check().unwrap_err().to_string().contains("at least 0.1"));
    }

    #[test]
    fn a_foreign_server_cannot_be_told_to_call_us() {
        let foreign = SocketAddr::from(([127, 0, 0, 1], 1));
        for workload in [Workload::E, Workload::F] {
            let plan = Plan { other_end: OtherEnd::Running(foreign), ..inside(workload) };
            assert!(plan.check().is_err(), "{workload:?}");
        }
    }

    #[test]
    fn pushes_have_no_schedule() {
        let plan = Plan { pace: Pace::Open { calls_per_second: 10 }, ..inside(Workload::F) };
        assert!(plan.check().unwrap_err().to_string().contains("no --rate"));
    }
}
