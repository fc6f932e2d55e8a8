use farcall_protocol::contract;
use farcall_server::route;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
pub struct Ticket;

#[contract(served_by = server)]
pub trait Lobby {
    async fn enqueue() -> Ticket;
}

fn main() {}

mod bare {
    use super::{Ticket, route};

    #[route]
    fn enqueue() -> Result<Ticket, String> {
        Ok(Ticket)
    }
}
