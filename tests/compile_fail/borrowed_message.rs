use farcall_protocol::Message;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, Message)]
pub struct Line<'a> {
    text: &'a str,
}

fn main() {}
