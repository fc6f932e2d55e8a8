//! `farcall-load million`: as many sessions as asked for on this one machine, both ends included, held, pushed to once,
//! and accounted for.
//!
//! A process may hold only so many open files, so servers and clients come in pairs of processes, each pair with its
//! share of the sessions; where the limit allows it, there is one pair. The parent starts them, tells them what to do and
//! reads what they and the kernel used. Linux only: the figures are /proc's, and all of 127.0.0.0/8 is this machine.
//!
//! ```text
//! start pairs -> { connect to the step's number -> hold it in quiet } for each step -> push to everyone -> end them
//! ```
//!
//! A round of `scale` is a smaller run: so many connect, and what that took is its outcome.
//!
//! In scope: the phases, what each cost, and what stopped it. Out of scope: what a session is, and any load on one; the
//! workloads are for that.

mod asked;
mod clients;
mod connecting;
mod contract;
mod crew;
mod dial;
mod memory;
mod orders;
mod phases;
mod progress;
mod report;
mod round;
mod server;
mod stopped;
mod table;

pub(crate) use asked::Million;
pub(crate) use clients::ClientsOptions;
pub(crate) use round::Pairs;
pub(crate) use server::ServerOptions;
