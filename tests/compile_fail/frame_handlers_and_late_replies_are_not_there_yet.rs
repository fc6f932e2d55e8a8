use farcall_client::route;

pub struct Game;

#[route]
fn ready_check(game: &mut Game, reply: Reply<bool>) {
    let _ = (game, reply);
}

#[allow(dead_code)]
pub struct Reply<T>(T);

fn main() {}
