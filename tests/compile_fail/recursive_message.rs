use farcall_protocol::Message;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, Message)]
pub enum Tree {
    Leaf(u8),
    Node { left: Box<Tree>, right: Option<Box<Self>> },
}

fn main() {}
