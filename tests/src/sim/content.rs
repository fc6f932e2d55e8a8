//! What is said in a simulation: bodies that begin with their number, for a route that does not matter.

use farcall_protocol::wire::Target;
use farcall_protocol::{RouteId, Signature, TraceId};

use crate::chance::Chance;

/// The routes' number is all that matters here.
pub fn target(chance: &mut Chance) -> Target {
    let trace = chance.percent(30).then_some(TraceId(7));
    Target { route: RouteId(1), signature: Signature(2), trace }
}

/// A body that begins with its number; some are as large as the seed has them.
pub fn body(number: u32, bytes_max: usize, chance: &mut Chance) -> Vec<u8> {
    let more = if chance.percent(5) { chance.below(bytes_max) } else { chance.below(60) };
    let mut body = number.to_le_bytes().to_vec();
    body.resize(4 + more, number as u8);
    body
}

/// The number that a body begins with.
pub fn number_of(body: &[u8]) -> u32 {
    body.first_chunk().map_or(u32::MAX, |number| u32::from_le_bytes(*number))
}
