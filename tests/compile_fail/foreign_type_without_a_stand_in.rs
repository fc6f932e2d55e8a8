use std::net::Ipv4Addr;

use farcall_protocol::Message;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, Message)]
pub struct Friend {
    name: String,
    address: Ipv4Addr,
    #[message(as = Ipv4Addr)]
    other: Ipv4Addr,
}

fn main() {}
