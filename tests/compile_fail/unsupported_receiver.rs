use farcall_protocol::contract;
use farcall_server::route;

#[contract(served_by = server)]
pub trait Lobby {
    async fn sum(&self, x: i64, y: i64) -> i64;
}

struct Game;

impl Game {
    #[route]
    fn motd(&self) -> String {
        "welcome".into()
    }
}

fn main() {}
