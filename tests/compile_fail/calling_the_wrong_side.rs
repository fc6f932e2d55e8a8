use farcall_protocol::{Answer, Caller, Reaches, RouteDescriptor, ServedByClient, contract};
use serde::Serialize;

#[contract(served_by = server)]
pub trait Lobby {
    async fn enqueue(mode: u8) -> u64;
}

/// What a server calls a player on.
struct Player;

impl Caller for Player {
    type Call<R: Answer> = ();
    type Notified = ();
    fn call<A: Serialize, R: Answer>(&self, _: &'static RouteDescriptor, _: &A) {}
    fn notify<A: Serialize>(&self, _: &'static RouteDescriptor, _: &A) {}
}

impl Reaches<ServedByClient> for Player {}

fn main() {
    Player.enqueue(1);
}
