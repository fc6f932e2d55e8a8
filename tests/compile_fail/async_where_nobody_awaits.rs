use farcall_protocol::contract;

#[contract(served_by = server)]
pub trait Lobby {
    #[notify]
    async fn chat(line: String);
    #[notify(latest)]
    fn steer(x: f32) -> bool;
}

fn main() {}
