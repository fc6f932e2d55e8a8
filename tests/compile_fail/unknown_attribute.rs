use farcall_protocol::{Message, contract};
use farcall_server::route;
use serde::{Deserialize, Serialize};

#[route(serail)]
fn motd() -> String {
    "welcome".into()
}

#[route(nmae = "rules")]
fn rules() -> String {
    "none".into()
}

#[contract(served_by = server, nam = "L")]
pub trait Lobby {
    #[notify(lastet)]
    fn steer(x: f32);
    async fn login(#[secrt] password: String);
}

#[derive(Serialize, Deserialize, Message)]
pub struct Login {
    #[message(secert)]
    password: String,
}

fn main() {}
