use farcall_protocol::contract;
use farcall_server::route;

#[contract(served_by = server)]
pub trait Lobby {
    async fn sum(x: i64, y: i64) -> i64;
}

#[route(Lobby::sun)]
fn sum(x: i64, y: i64) -> i64 {
    x + y
}

fn main() {}
