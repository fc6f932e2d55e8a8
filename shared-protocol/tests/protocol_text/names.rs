//! Route ids, signatures and values, worked out byte by byte and compared with what the code says.

use farcall_protocol::codec::Codec;
use farcall_protocol::{Field, Fields, RouteId, Shape, Signature, Variant};
use serde::Serialize;

use crate::hex;

const MODE: Shape = Shape::Enum {
    name: "Mode",
    variants: &[
        Variant { name: "Duel", fields: Fields::Unit },
        Variant {
            name: "Team",
            fields: Fields::Named(&[Field { name: "size", shape: &Shape::U8, secret: false }]),
        },
    ],
};
/// `struct Ticket(u64)`.
const TICKET: Shape = Shape::Struct { name: "Ticket", fields: Fields::Positional(&[&Shape::U64]) };

/// FNV-1a, written down a second time from P-20.
fn fnv(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

fn number(number: u64) -> Vec<u8> {
    number.to_le_bytes().to_vec()
}

fn text(text: &str) -> Vec<u8> {
    [number(text.len() as u64), text.as_bytes().to_vec()].concat()
}

pub fn signatures() -> String {
    let sum =
        [(number(2), "two arguments"), (vec![11, 11], "i64, i64"), (vec![1, 11], "a call, answers i64")];
    let enqueue = [
        (number(1), "one argument"),
        ([&[24][..], &number(2)].concat(), "an enum of two variants"),
        ([text("Duel"), vec![1]].concat(), "\"Duel\", without fields"),
        ([&text("Team")[..], &[3], &number(1)].concat(), "\"Team\", one named field"),
        ([text("size"), vec![3]].concat(), "\"size\": u8"),
        (vec![1, 6], "a call, answers a struct of one unnamed u64, which is that u64"),
    ];
    let none = (vec![0], "no error of its own");
    let own = (vec![1, 16], "its own error is a text");
    let i64s = [&Shape::I64, &Shape::I64];
    [
        worked("Lobby.sum", "(x: i64, y: i64) -> i64", &sum, none, Signature::of(&i64s, Some(&Shape::I64), None)),
        worked(
            "Lobby.enqueue",
            "(mode: Mode) -> Result<Ticket, String>; enum Mode { Duel, Team { size: u8 } }, struct Ticket(u64)",
            &enqueue,
            own,
            Signature::of(&[&MODE], Some(&TICKET), Some(&Shape::Str)),
        ),
    ]
    .join("\n")
}

fn worked(
    name: &str,
    types: &str,
    parts: &[(Vec<u8>, &str)],
    last: (Vec<u8>, &str),
    signature: Signature,
) -> String {
    let mut fed = Vec::new();
    let mut lines = format!("```text\n{name}{types}\n");
    for (bytes, meaning) in parts.iter().chain([&last]) {
        fed.extend_from_slice(bytes);
        lines += &format!("  {:<50} {meaning}\n", hex(bytes));
    }
    assert_eq!(fnv(&fed), signature.0, "P-21 does not describe the signature of {name}");
    assert_eq!(fnv(name.as_bytes()), RouteId::of(name).0);
    lines + &format!("route {}   signature {signature}\n```\n", RouteId::of(name))
}

#[derive(Serialize)]
enum Mode {
    Duel,
    Team { size: u8 },
}

pub fn values() -> String {
    let mut table = "| value | bytes |\n|---|---|\n".to_owned();
    let mut row = |value: &str, bytes: Vec<u8>| table += &format!("| `{value}` | `{}` |\n", hex(&bytes));
    row("(2i64, -3i64)", encode(&(2_i64, -3_i64)));
    row("250u32, 251u32, 70000u32", encode(&(250_u32, 251_u32, 70_000_u32)));
    row("200u8, -1i8, true", encode(&(200_u8, -1_i8, true)));
    row("u64::MAX", encode(&u64::MAX));
    row("1.5f32", encode(&1.5_f32));
    row("\"h\u{e9}\", '\u{e9}'", encode(&("h\u{e9}", '\u{e9}')));
    row("Some(7u16), None", encode(&(Some(7_u16), None::<u16>)));
    row("[1u16, 2, 3] as a sequence", encode(&vec![1_u16, 2, 3]));
    row("[1u16, 2, 3] as an array", encode(&[1_u16, 2, 3]));
    row("Mode::Duel", encode(&Mode::Duel));
    row("Mode::Team { size: 3 }", encode(&Mode::Team { size: 3 }));
    table
}

pub fn encode<T: Serialize>(value: &T) -> Vec<u8> {
    let mut bytes = Vec::new();
    Codec::Bincode.encode(value, &mut bytes).expect("a value that can be encoded");
    bytes
}
