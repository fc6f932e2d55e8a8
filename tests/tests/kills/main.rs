//! Real processes, really killed: a server in a loop (`kill -9`, started again on the same port) while players call it
//! without pause; a player's program killed, and one that hangs. What each process did stands in its journal (`victim`);
//! what callers were told must be true by it. `KILLS=5000 cargo test -p farcall-tests --test kills -- --nocapture in_a_loop`
//! is the loop at any length; `KILLS_SEED=N` draws the same moments again, as far as those of processes can be.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

mod clients;
mod crew;
mod history;
mod process;
mod server_loop;
mod summary;
