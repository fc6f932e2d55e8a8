//! The program `farcall-peers`: farcall-load with other RPC systems beside raw tokio and Farcall, and the tables of what
//! they measured. Only the list of who takes part; a contender is a module each.

mod capnp;
mod jsonrpsee;
mod listen;
mod pending;
mod pipe;
mod queue;
mod tables;
mod tarpc;
mod tonic;

use std::io::Write;
use std::process::ExitCode;

use farcall_load::farcall::{Farcall, FarcallCores};
use farcall_load::raw::Raw;
use farcall_load::{entry, run};

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().skip(1).collect();
    if let Some((tables, arguments)) = arguments.split_first()
        && tables == "tables"
    {
        return tell(tables::tables(arguments));
    }
    run(&[
        entry(Raw),
        entry(Farcall),
        entry(FarcallCores),
        entry(crate::pipe::Pipe),
        entry(crate::tarpc::Tarpc),
        entry(crate::tonic::TonicUnary),
        entry(crate::tonic::TonicBidi),
        entry(crate::jsonrpsee::Jsonrpsee),
        entry(crate::capnp::Capnp),
    ])
}

/// Says what went wrong.
fn tell(ended: Result<(), String>) -> ExitCode {
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            let _ = writeln!(std::io::stderr(), "farcall-peers: {why}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod contenders_tests;
