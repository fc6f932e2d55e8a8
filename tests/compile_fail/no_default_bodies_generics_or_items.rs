use farcall_protocol::contract;

#[contract(served_by = server)]
pub trait Lobby<T>: Send {
    const LIMIT: u32;
    async fn echo<U>(value: U) -> U;
    async fn motd() -> String {
        "welcome".into()
    }
    async fn first((x, _): (u8, u8)) -> u8;
}

fn main() {}
