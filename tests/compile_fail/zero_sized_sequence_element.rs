use farcall_protocol::contract;

#[contract(served_by = server)]
pub trait Lobby {
    async fn nothings(many: Vec<()>);
}

fn main() {}
