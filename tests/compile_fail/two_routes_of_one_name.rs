use farcall_protocol::contract;

#[contract(served_by = server)]
pub trait Lobby {
    async fn sum(x: i64, y: i64) -> i64;
    #[route(name = "sum")]
    async fn add(x: i64, y: i64) -> i64;
}

fn main() {}
