//! Bodies of what is sent: encoded outside every lock, for what runs here is the user's `Serialize`, into space that each thread
//! keeps for the next. What becomes of them is the session's.

use std::cell::RefCell;

use bytes::Bytes;
use farcall_protocol::codec::{Codec, CodecError};
use farcall_protocol::session::{Body, Message};
use serde::Serialize;

/// A body that is kept until it is sent.
#[derive(Debug)]
pub(crate) enum Encoded {
    /// By itself, where that is as good as any space.
    Small(Body),
    /// Where it was written, or where other sessions have it, too: the session's log takes it from there without copying.
    Large(Bytes),
}

/// Scratch space kept for the next message; what a large one needed is given back.
const SCRATCH_BYTES_KEPT: usize = 64 << 10;
/// From so many bytes on a copy of arguments or of an answer costs more than new space for the next.
pub(crate) const LARGE_BODY_BYTES: usize = 4 << 10;

thread_local! {
    static SCRATCH: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

impl Encoded {
    /// Encodes a body.
    pub(crate) fn of<A: Serialize>(codec: Codec, arguments: &A) -> Result<Self, CodecError> {
        in_scratch(|scratch| {
            codec.encode(arguments, scratch)?;
            let is_large = scratch.len() >= LARGE_BODY_BYTES;
            Ok(if is_large { Self::Large(std::mem::take(scratch).into()) } else { Self::copied(scratch) })
        })
    }

    /// What somebody else has encoded.
    pub(crate) fn copied(body: &[u8]) -> Self {
        Self::Small(Body::from_slice(body))
    }

    /// What was encoded for several sessions.
    pub(crate) fn shared(body: &Bytes) -> Self {
        if body.len() >= LARGE_BODY_BYTES { Self::Large(body.clone()) } else { Self::copied(body) }
    }

    /// Its bytes.
    pub(crate) fn bytes(&self) -> &[u8] {
        match self {
            Self::Small(body) => body,
            Self::Large(body) => body,
        }
    }

    /// As the session takes it.
    pub(crate) fn message(&self) -> Message<'_> {
        match self {
            Self::Small(body) => Message::Own(body),
            Self::Large(body) => Message::Shared(body),
        }
    }
}

/// Encodes a body that is used at once.
pub(crate) fn with_encoded<A: Serialize, R>(
    codec: Codec,
    arguments: &A,
    use_it: impl FnOnce(Result<&[u8], CodecError>) -> R,
) -> R {
    in_scratch(|scratch| {
        let encoded = codec.encode(arguments, scratch);
        use_it(encoded.map(|()| &scratch[..]))
    })
}

/// Does something in the thread's scratch space, which is empty.
fn in_scratch<R>(act: impl FnOnce(&mut Vec<u8>) -> R) -> R {
    SCRATCH.with(|scratch| match scratch.try_borrow_mut() {
        Ok(mut scratch) => {
            scratch.clear();
            let result = act(&mut scratch);
            if scratch.capacity() > SCRATCH_BYTES_KEPT {
                *scratch = Vec::new();
            }
            result
        }
        // A user's Serialize sends something itself.
        Err(_) => act(&mut Vec::new()),
    })
}

#[cfg(test)]
mod tests {
    use serde::Serializer;

    use super::*;

    /// Encodes another value while it is encoded, as one does that sends something.
    struct Nesting;

    impl Serialize for Nesting {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            let inner = Encoded::of(Codec::Bincode, &7_u64).unwrap();
            with_encoded(Codec::Bincode, &8_u64, |body| assert_eq!(body.unwrap(), [8]));
            assert_eq!(inner.bytes(), [7]);
            serializer.serialize_str("outer")
        }
    }

    #[test]
    fn a_value_may_encode_another_while_it_is_encoded() {
        let outer = b"\x05outer";
        assert_eq!(Encoded::of(Codec::Bincode, &Nesting).unwrap().bytes(), outer);
        with_encoded(Codec::Bincode, &Nesting, |body| assert_eq!(body.unwrap(), outer));
    }

    #[test]
    fn a_large_body_keeps_its_space_and_a_small_one_does_not() {
        let large = Encoded::of(Codec::Bincode, &"x".repeat(LARGE_BODY_BYTES)).unwrap();
        let small = Encoded::of(Codec::Bincode, &"y".repeat(LARGE_BODY_BYTES / 2)).unwrap();
        assert!(matches!((&large, &small), (Encoded::Large(_), Encoded::Small(_))));
        assert!(large.bytes().ends_with(b"xx") && small.bytes().ends_with(b"yy"));
    }
}
