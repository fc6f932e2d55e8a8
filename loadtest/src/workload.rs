//! The workloads by name: who speaks to whom, over how many connections, how much at a time. Only the table of their
//! numbers; what a round of each does is `round`'s to find.

use serde::{Deserialize, Serialize};

/// The named shapes that every contender is measured in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, clap::ValueEnum)]
pub enum Workload {
    /// One call in flight on one connection.
    A,
    /// 256 calls in flight on one connection.
    B,
    /// 64 connections with 16 calls in flight each.
    C,
    /// 64 connections with 8 calls of 1 KiB in flight each.
    D,
    /// The same with 16 KiB.
    D16,
    /// The server calls 64 clients, 16 calls in flight to each.
    E,
    /// The server pushes 64 bytes to 2,000 clients as fast as it goes, at most 1,024 rounds ahead of the slowest.
    F,
    /// The same in lockstep, as a game ticks: the next round starts when all have the last.
    FL,
    /// What the server's process holds for each of 2,000 sessions that are idle after one call.
    G,
    /// 10,000 clients log in, 64 at a time.
    J,
    /// 10,000 idle sessions lose their connections at once, and come back by themselves.
    R,
    /// Snapshots of 2 KiB as latest values to 2,000 clients, 20 a second: once with all clients reading, and once with
    /// one in a hundred that does not. Counts what those who read receive.
    S,
}

impl Workload {
    /// Connections, unless `--bots` says otherwise.
    pub fn bots(self) -> usize {
        match self {
            Workload::A | Workload::B => 1,
            Workload::C | Workload::D | Workload::D16 | Workload::E => 64,
            Workload::F | Workload::FL | Workload::G | Workload::S => 2_000,
            Workload::J | Workload::R => 10_000,
        }
    }

    /// Calls in flight per connection, unless `--in-flight` says otherwise. Of pushes, rounds that not all clients have
    /// received yet; of logins, those at once.
    pub fn in_flight(self) -> usize {
        match self {
            Workload::A | Workload::FL | Workload::S => 1,
            Workload::B => 256,
            Workload::C | Workload::E => 16,
            Workload::D | Workload::D16 => 8,
            Workload::F => 1_024,
            // Less than a listener's usual backlog of 128.
            Workload::G | Workload::J | Workload::R => 64,
        }
    }

    /// Bytes of each call and each reply, or of each push, unless `--payload` says otherwise.
    pub fn payload_bytes(self) -> usize {
        match self {
            Workload::A | Workload::B | Workload::C | Workload::E => 32,
            Workload::G | Workload::J | Workload::R => 32,
            Workload::F | Workload::FL => 64,
            Workload::D => 1 << 10,
            Workload::S => 2 << 10,
            Workload::D16 => 16 << 10,
        }
    }

    /// Who speaks.
    pub fn direction(self) -> Direction {
        match self {
            Workload::A | Workload::B | Workload::C | Workload::D | Workload::D16 => Direction::ToServer,
            Workload::G | Workload::J | Workload::R => Direction::ToServer,
            Workload::E => Direction::ToClient,
            Workload::F | Workload::FL | Workload::S => Direction::Push,
        }
    }

    /// Its rounds last as long as their work does, not as long as they are told to.
    pub(crate) fn ends_by_itself(self) -> bool {
        matches!(self, Workload::G | Workload::J | Workload::R)
    }

    /// What its rounds count.
    pub fn counted(self) -> Counted {
        match self {
            Workload::A | Workload::B | Workload::C | Workload::D | Workload::D16 | Workload::E => {
                Counted::Calls
            }
            Workload::F | Workload::FL | Workload::S => Counted::Deliveries,
            Workload::G => Counted::Sessions,
            Workload::J => Counted::Logins,
            Workload::R => Counted::Returns,
        }
    }
}

/// Which way the calls go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Clients call the server.
    ToServer,
    /// The server calls its clients.
    ToClient,
    /// The server pushes to its clients, who answer nothing.
    Push,
}

/// What "calls" stands for in figures.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Counted {
    /// Calls, each timed.
    #[default]
    Calls,
    /// Pushes that a client has received. In F none is timed, in FL each round is, in S each delivery.
    Deliveries,
    /// Sessions that were idle together. What is timed is connecting and the one call.
    Sessions,
    /// Logins, each timed from before it connects.
    Logins,
    /// Sessions that came back, each timed from when its connection was cut.
    Returns,
}

impl Counted {
    /// Its name in the plural.
    pub fn name(self) -> &'static str {
        match self {
            Counted::Calls => "calls",
            Counted::Deliveries => "deliveries",
            Counted::Sessions => "sessions",
            Counted::Logins => "logins",
            Counted::Returns => "returns",
        }
    }
}
