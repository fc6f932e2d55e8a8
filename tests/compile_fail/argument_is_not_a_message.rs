use farcall_protocol::contract;
use farcall_server::route;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
pub struct Mode;

#[contract(served_by = server)]
pub trait Lobby {
    async fn enqueue(mode: Mode);
}

fn main() {}

mod bare {
    use super::{Mode, route};

    #[route]
    fn enqueue(mode: Mode) {
        drop(mode);
    }
}
