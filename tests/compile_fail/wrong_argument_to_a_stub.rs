use farcall_protocol::{Reaches, ServedByServer, contract};

#[contract(served_by = server)]
pub trait Lobby {
    async fn greet(name: String) -> String;
}

fn greet(server: impl Reaches<ServedByServer>) {
    server.greet(7);
}

fn main() {}
