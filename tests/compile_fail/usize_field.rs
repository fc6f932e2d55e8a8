use farcall_protocol::Message;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, Message)]
pub struct Page {
    count: usize,
    offsets: Vec<isize>,
}

fn main() {}
