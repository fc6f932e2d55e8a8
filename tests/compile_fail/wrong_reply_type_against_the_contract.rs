use farcall_client::route;
use farcall_protocol::contract;

#[contract(served_by = client)]
pub trait Player {
    async fn ready_check(game: u64) -> bool;
}

#[route(Player::ready_check)]
fn ready_check(game: u64) -> Result<bool, String> {
    Ok(game > 0)
}

fn main() {}
