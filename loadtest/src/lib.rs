//! Load for an engine whose two ends call each other: bots, percentiles, and a raw echo beside them.
//!
//! A team measures its own game with bots of its own: see [`scenario`](mod@scenario).
//!
//! In scope: driving closed and open loops over anything that is a [`Contender`], interleaved rounds with the other
//! end in a process of its own, what each round cost, and saying it as a table and as JSON.
//! Out of scope: what a contender does with a call. A program lists its contenders and hands them to [`run`]:
//!
//! ```no_run
//! use farcall_load::{entry, raw::Raw, run};
//!
//! fn main() -> std::process::ExitCode {
//!     run(&[entry(Raw)])
//! }
//! ```

mod bars;
mod campaign;
mod cli;
mod contender;
mod drive;
mod ends;
mod entry;
mod failure;
pub mod farcall;
mod idle;
mod logins;
mod million;
mod output;
mod pace;
mod phase;
mod plan;
mod process;
mod push;
mod ramp;
pub mod raw;
mod reading;
mod report;
mod returns;
mod round;
mod scale;
pub mod scenario;
mod series;
mod snapshots;
mod stages;
mod tally;
mod usage;
mod workload;

pub use cli::run;
pub use contender::{Answerer, Caller, Contender, Seen, Server, Severable};
pub use entry::{Entry, entry};
pub use failure::{Failure, Trouble};
pub use plan::{Counted, Direction, OtherEnd, Pace, Plan, Workload};
pub use report::{
    Conditions, Cost, Figures, Latency, Point, Ratio, Report, Staging, Standing, Thresholds, Verdict,
};
pub use round::Outcome;
pub use scenario::{Bot, Ended, Scenario, Script, Turn, Turns, scenario, scenarios};
pub use series::Sample;
