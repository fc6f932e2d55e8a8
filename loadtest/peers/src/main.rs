//! The program `farcall-peers`: farcall-load with other RPC systems beside raw tokio and Farcall. Only the list of who takes part; a contender is a module each.

mod capnp;
mod jsonrpsee;
mod listen;
mod pending;
mod pipe;
mod queue;
mod tarpc;
mod tonic;

use std::process::ExitCode;

use farcall_load::farcall::Farcall;
use farcall_load::raw::Raw;
use farcall_load::{entry, run};

fn main() -> ExitCode {
    run(&[
        entry(Raw),
        entry(Farcall),
        entry(crate::pipe::Pipe),
        entry(crate::tarpc::Tarpc),
        entry(crate::tonic::TonicUnary),
        entry(crate::tonic::TonicBidi),
        entry(crate::jsonrpsee::Jsonrpsee),
        entry(crate::capnp::Capnp),
    ])
}

#[cfg(test)]
mod contenders_tests;
