use farcall_protocol::contract;

#[contract]
pub trait Lobby {
    async fn sum(x: i64, y: i64) -> i64;
}

#[contract(served_by = cleint)]
pub trait Player {
    async fn ready_check(game: u64) -> bool;
}

fn main() {}
