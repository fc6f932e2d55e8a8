//! Any bytes as a stream of frames: cutting and reading never panics, never claims more than there is, and what was
//! read is written as it came.

#![no_main]

use bytes::BytesMut;
use farcall_protocol::wire::{Frame, HEADER_BYTES, Split, split};
use libfuzzer_sys::fuzz_target;

const LEN_MAX: usize = 66 << 10;

fuzz_target!(|data: &[u8]| {
    let mut at = 0;
    while at < data.len() {
        let raw = match split(&data[at..], LEN_MAX) {
            Ok(Split::Frame(raw)) => raw,
            Ok(Split::Partial { needed }) => {
                assert!(needed > data.len() - at && needed <= LEN_MAX + HEADER_BYTES);
                break;
            }
            Err(_) => break,
        };
        assert!(raw.wire_bytes >= HEADER_BYTES && raw.wire_bytes == raw.payload.len() + HEADER_BYTES);
        let Ok(frame) = Frame::read(raw) else {
            at += raw.wire_bytes;
            continue;
        };
        let mut out = BytesMut::new();
        frame.put(&mut out);
        let Ok(Split::Frame(again)) = split(&out, LEN_MAX) else { panic!("what was written is no frame") };
        // Unknown metadata and a void's payload are not kept; everything that means something is.
        assert_eq!(Frame::read(again).expect("what was written is read"), frame);
        at += raw.wire_bytes;
    }
});
