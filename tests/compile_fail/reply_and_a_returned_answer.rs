use farcall_client::{Reply, route};

pub struct Game;

#[route]
fn ready_check(game: &mut Game, reply: Reply<bool>, id: u64) -> bool {
    let _ = (game, reply);
    id > 0
}

#[route]
async fn waits(reply: Reply<bool>) {
    let _ = reply;
}

#[route]
fn twice(one: Reply<bool>, other: Reply<bool>) {
    let _ = (one, other);
}

#[route]
fn untyped(id: u64, reply: Reply) {
    let _ = (id, reply);
}

fn main() {}
