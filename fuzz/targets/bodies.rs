//! Any bytes as the arguments of a route: decoding never panics and never builds more than the bytes can pay for,
//! and what was decoded is encoded as it came or to something that decodes the same.

#![no_main]

use std::collections::BTreeMap;

use farcall_protocol::codec::Codec;
use farcall_protocol::{Message, Uid};
use libfuzzer_sys::fuzz_target;
use serde::{Deserialize, Serialize};

/// Something of everything.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Message)]
enum Move {
    Wait,
    Step { x: i32, y: i32 },
    Say(String, Option<bool>),
    Many(Vec<(u8, u64)>),
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Message)]
struct Match {
    players: Vec<Uid>,
    moves: Vec<Option<Move>>,
    scores: BTreeMap<String, i64>,
    seed: [u16; 4],
    ended: bool,
}

/// Decodes, encodes, decodes again. Bytes are compared, not values: a NaN is not itself.
fn check<T: Message>(bytes: &[u8]) {
    let codec = Codec::Bincode;
    let Ok(value) = codec.decode::<T>(bytes) else { return };
    let mut first = Vec::new();
    codec.encode(&value, &mut first).expect("what was decoded can be encoded");
    assert!(first.len() <= bytes.len(), "the shortest form is written");
    let again = codec.decode::<T>(&first).expect("what was encoded can be decoded");
    let mut second = Vec::new();
    codec.encode(&again, &mut second).expect("and again");
    assert_eq!(first, second);
}

fuzz_target!(|data: &[u8]| {
    let Some((&which, bytes)) = data.split_first() else { return };
    match which % 8 {
        0 => check::<(i64, i64)>(bytes),
        1 => check::<String>(bytes),
        2 => check::<Uid>(bytes),
        3 => check::<(Uid, String)>(bytes),
        4 => check::<Move>(bytes),
        5 => check::<Match>(bytes),
        6 => check::<Vec<Vec<String>>>(bytes),
        _ => check::<(f32, f64, char, u128, Option<Option<i8>>)>(bytes),
    }
});
