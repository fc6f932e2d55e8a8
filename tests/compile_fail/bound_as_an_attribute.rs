use farcall_protocol::Message;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, Message)]
pub struct Rename {
    #[message(max_len = 24)]
    name: String,
    #[message(max_len = 8)]
    tags: Vec<u16>,
}

fn main() {}
