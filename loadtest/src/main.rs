//! The program `farcall-load`: only the list of who takes part. Everything it does lives in the library.

use std::process::ExitCode;

use farcall_load::farcall::{Farcall, FarcallCores};
use farcall_load::raw::Raw;
use farcall_load::{entry, run};

fn main() -> ExitCode {
    run(&[entry(Raw), entry(Farcall), entry(FarcallCores)])
}
