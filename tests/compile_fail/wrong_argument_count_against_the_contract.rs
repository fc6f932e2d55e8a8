use farcall_protocol::contract;
use farcall_server::{Context, route};

#[contract(served_by = server)]
pub trait Lobby {
    async fn sum(x: i64, y: i64) -> i64;
}

#[route(Lobby::sum)]
async fn sum(_: Context, x: i64) -> i64 {
    x
}

fn main() {}
