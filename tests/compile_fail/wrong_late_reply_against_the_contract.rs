use farcall_client::{Reply, route};
use farcall_protocol::contract;

#[contract(served_by = client)]
pub trait Player {
    async fn ready_check(game: u64) -> bool;
}

pub struct Game;

#[route(Player::ready_check)]
fn ready_check(game: &mut Game, reply: Reply<u8>, id: u64) {
    let _ = (game, reply, id);
}

fn main() {}
