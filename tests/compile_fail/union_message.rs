use farcall_protocol::Message;

#[derive(Message)]
pub union Bits {
    float: f32,
    bits: u32,
}

fn main() {}
