//! The workloads by name: who speaks to whom, over how many connections, how much at a time. Only the table of their
//! numbers; what a round of each does is `round`'s and `push`'s.

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
}

impl Workload {
    /// Connections, unless `--bots` says otherwise.
    pub fn bots(self) -> usize {
        match self {
            Workload::A | Workload::B => 1,
            Workload::C | Workload::D | Workload::D16 | Workload::E => 64,
            Workload::F | Workload::FL => 2_000,
        }
    }

    /// Calls in flight per connection, unless `--in-flight` says otherwise; of pushes, rounds that not all clients have
    /// received yet.
    pub fn in_flight(self) -> usize {
        match self {
            Workload::A | Workload::FL => 1,
            Workload::B => 256,
            Workload::C | Workload::E => 16,
            Workload::D | Workload::D16 => 8,
            Workload::F => 1_024,
        }
    }

    /// Bytes of each call and each reply, or of each push, unless `--payload` says otherwise.
    pub fn payload_bytes(self) -> usize {
        match self {
            Workload::A | Workload::B | Workload::C | Workload::E => 32,
            Workload::F | Workload::FL => 64,
            Workload::D => 1 << 10,
            Workload::D16 => 16 << 10,
        }
    }

    /// Who speaks.
    pub fn direction(self) -> Direction {
        match self {
            Workload::A | Workload::B | Workload::C | Workload::D | Workload::D16 => Direction::ToServer,
            Workload::E => Direction::ToClient,
            Workload::F | Workload::FL => Direction::Push,
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
