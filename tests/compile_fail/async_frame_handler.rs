use farcall_client::{Reply, route};

pub struct Game;

#[route]
async fn score(game: &mut Game, points: u32) -> u32 {
    let _ = game;
    points
}

#[route]
async fn ready_check(game: &mut Game, reply: Reply<bool>) {
    let _ = (game, reply);
}

fn main() {}
