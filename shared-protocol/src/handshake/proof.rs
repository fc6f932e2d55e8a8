//! The shared key's proof (P-16): HMAC-SHA256 (RFC 2104) over everything both ends have said, so that no offer, choice
//! or name can be changed on the way. Each end proves with its own label, so neither proof can be reflected.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::ids::Side;

/// What was said: Hello's payload, HelloReply's payload, Auth's claims.
#[derive(Debug, Clone, Default)]
pub(super) struct Transcript(Vec<u8>);

impl Transcript {
    /// Adds a part with its length in front, so that parts cannot run into each other.
    pub(super) fn add(&mut self, part: &[u8]) {
        self.0.extend_from_slice(&(part.len() as u64).to_le_bytes());
        self.0.extend_from_slice(part);
    }

    pub(super) fn prove(&self, key: &[u8], side: Side) -> [u8; 32] {
        self.mac(key, side).map(|mac| mac.finalize().into_bytes().into()).unwrap_or_default()
    }

    /// Compares in constant time.
    pub(super) fn is_proved(&self, key: &[u8], side: Side, proof: &[u8]) -> bool {
        self.mac(key, side).is_some_and(|mac| mac.verify_slice(proof).is_ok())
    }

    fn mac(&self, key: &[u8], side: Side) -> Option<Hmac<Sha256>> {
        // HMAC takes keys of any length; `None` never happens, and would verify as false.
        let mut mac = Hmac::<Sha256>::new_from_slice(key).ok()?;
        mac.update(match side {
            Side::Client => b"farcall v1 client",
            Side::Server => b"farcall v1 server",
        });
        mac.update(&self.0);
        Some(mac)
    }
}
