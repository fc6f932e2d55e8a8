use farcall_protocol::Message;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, Message)]
#[serde(tag = "type", deny_unknown_fields)]
pub enum Mode {
    Solo,
    #[serde(rename = "two")]
    Duel {
        #[serde(default, skip)]
        map: Option<u8>,
    },
}

fn main() {}
