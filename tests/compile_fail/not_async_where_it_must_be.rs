use farcall_protocol::contract;

#[contract(served_by = server)]
pub trait Lobby {
    fn sum(x: i64, y: i64) -> i64;
}

fn main() {}
