use farcall_protocol::contract;

#[contract(served_by = server)]
pub trait Lobby {
    async fn session() -> u64;
    async fn poll(question: String) -> u64;
    #[notify]
    fn members(names: Vec<String>);
}

fn main() {}
