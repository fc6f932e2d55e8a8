//! What a client says first, for tests that speak the wire themselves.

use farcall_client::Codec;
use farcall_protocol::handshake::{Connecting, Credential};
use farcall_protocol::{Announced, Limits, Uid};

/// A client without credentials that knows how to come back.
///
/// # Panics
/// When the name is none.
pub fn connecting(uid: &str) -> Connecting {
    Connecting {
        uid: Uid::new(uid).expect("a uid"),
        credential: Credential::Anonymous,
        build: 0,
        metadata: vec![],
        nonce: [7; 16],
        takes: Announced::from(&Limits::default()),
        codecs: vec![Codec::Bincode],
        can_return: true,
        resume: None,
    }
}
