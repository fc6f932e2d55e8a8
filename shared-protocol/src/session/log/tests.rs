//! The log by itself: what is cut, voided, written again and acknowledged.

use super::*;
use crate::ids::{RouteId, Signature};
use crate::wire::{Split, Target, split};

fn call(slot: u32, body: &[u8]) -> Frame<'_> {
    let to = Target { route: RouteId(1), signature: Signature(2), trace: None };
    Frame::Call { id: CallId { slot, generation: 0 }, to, remaining_ms: 1_000, parent: None, body }
}

fn written(log: &mut Log, now: Instant, left_ms: Option<u32>) -> Vec<u8> {
    let mut out = Batch::new();
    log.take(now, |_| left_ms, &mut out);
    out.concat()
}

fn kinds(mut bytes: &[u8]) -> Vec<(Kind, usize)> {
    let mut kinds = Vec::new();
    while let Ok(Split::Frame(raw)) = split(bytes, 1 << 20) {
        kinds.push((raw.kind, raw.payload.len()));
        bytes = &bytes[raw.wire_bytes..];
    }
    assert!(bytes.is_empty());
    kinds
}

#[test]
fn bytes_are_kept_until_acknowledged_and_counted_in_full() {
    let now = Instant::now();
    let mut log = Log::new(1_000);
    log.append(&call(0, &[7; 100]), now);
    log.append_shared(&call(1, &[]), Bytes::from(vec![8; 500]), now);
    let charged = log.bytes();
    assert_eq!(charged, 2 * (34 + 64) + 600);
    assert!(!log.has_room(300));
    assert_eq!(written(&mut log, now, None).len(), charged - 128);
    assert_eq!(log.bytes(), charged);
    assert_eq!(log.ack(3), Err(Diverged));
    assert_eq!(log.ack(2), Ok(true));
    assert_eq!((log.bytes(), log.ack(1)), (0, Ok(false)));
}

#[test]
fn a_withdrawn_frame_keeps_its_position_and_loses_its_bytes() {
    let now = Instant::now();
    let mut log = Log::new(10_000);
    log.append(&call(0, &[7; 10]), now);
    let place = log.append(&call(1, &[7; 100]), now);
    log.append_shared(&call(2, &[]), Bytes::from(vec![8; 5]), now);
    let late = log.append(&call(3, &[7; 100]), now);
    log.void(place);
    log.void(late);
    let bytes = written(&mut log, now, None);
    let void = (Kind::Void, 0);
    assert_eq!(kinds(&bytes), [(Kind::Call, 38), void, (Kind::Call, 33), void]);
    assert_eq!(log.ack(4), Ok(true));
}

#[test]
fn a_withdrawn_frame_loses_the_body_that_it_has_elsewhere() {
    let now = Instant::now();
    let mut log = Log::new(10_000);
    log.append(&call(0, &[7; 10]), now);
    let place = log.append_shared(&call(1, &[]), Bytes::from(vec![8; 600]), now);
    log.append(&call(2, &[7; 10]), now);
    log.void(place);
    let bytes = written(&mut log, now, None);
    assert_eq!(kinds(&bytes), [(Kind::Call, 38), (Kind::Void, 0), (Kind::Call, 38)]);
    assert_eq!((log.ack(3), log.bytes()), (Ok(true), 0));
}

#[test]
fn a_call_written_late_says_what_is_left_of_its_deadline() {
    let now = Instant::now();
    let mut log = Log::new(10_000);
    log.append(&call(0, b"x"), now);
    let bytes = written(&mut log, now + Duration::from_millis(900), Some(100));
    assert_eq!(bytes[Fields::CALL_REMAINING..Fields::CALL_REMAINING + 4], 100_u32.to_le_bytes());
}

#[test]
fn a_long_tail_is_handed_over_in_batches_cut_at_frames() {
    let now = Instant::now();
    let mut log = Log::new(10 << 20);
    for slot in 0..100 {
        log.append(&call(slot, &[1; 4_000]), now);
    }
    let mut all = Vec::new();
    while log.has_unsent() {
        let batch = written(&mut log, now, None);
        assert!(batch.len() < BATCH_BYTES + 5_000);
        all.extend(batch);
    }
    assert_eq!(kinds(&all).len(), 100);
}
