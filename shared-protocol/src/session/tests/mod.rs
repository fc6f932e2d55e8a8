//! The session core under test: two sessions, pipes between them, and time that only passes when told to.

mod calls;
mod closing;
mod deadlines;
mod drops;
mod end;
mod hostile;
mod latest;
mod liveness;
mod log;
mod model;
mod nesting;
mod pair;
mod resume;
mod size;
mod slots;
mod timers;
mod waiting;

use std::time::Duration;

use end::{Cut, End, random};
use pair::{Pair, target};

use super::*;
use crate::error::{CallError, Dropped, Failed, NotExecuted, Notified};
use crate::ids::CallId;
use crate::wire::{Frame, Kind};
use Side::{Client, Server};

/// Bytes of one frame.
fn bytes_of(frame: &Frame<'_>) -> Vec<u8> {
    let mut bytes = bytes::BytesMut::new();
    frame.put(&mut bytes);
    bytes.to_vec()
}

const fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn value(body: &[u8]) -> Option<Outcome> {
    Some(Ok(Body::from_slice(body)))
}

fn not_executed(why: NotExecuted) -> Option<Outcome> {
    Some(Err(CallError::NotExecuted(why)))
}
