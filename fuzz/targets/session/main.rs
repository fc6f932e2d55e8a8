//! Two sessions of one connection and whatever can be done with them, in any order, with a hostile hand on the
//! wire. Nothing panics, what is held is bounded, every call ends at most once, and at the session's end each has
//! ended.

#![no_main]

mod end;

use std::time::{Duration, Instant};

use arbitrary::Arbitrary;
use end::End;
use farcall_protocol::Side::{self, Client, Server};
use farcall_protocol::codec::Codec;
use farcall_protocol::handshake::Established;
use farcall_protocol::{Announced, CloseCode, CloseReason, Limits, SessionId, Uid};
use libfuzzer_sys::fuzz_target;

#[derive(Debug, Arbitrary)]
struct Input {
    small: bool,
    resumable: bool,
    steps: Vec<Step>,
}

/// Something that a caller, a handler, the connection or an attacker does.
#[derive(Debug, Arbitrary)]
struct Step {
    at_server: bool,
    what: What,
}

#[derive(Debug, Arbitrary)]
enum What {
    Call {
        within_ms: u16,
        bytes: u16,
        parent: Option<u8>,
    },
    Poll,
    Detach {
        nth: u8,
    },
    Abandon {
        nth: u8,
    },
    Leave {
        nth: u8,
    },
    Answer {
        nth: u8,
        bytes: u16,
        ok: bool,
    },
    Notify {
        bytes: u16,
    },
    Latest {
        key: u8,
        bytes: u16,
    },
    Droppable {
        bytes: u16,
    },
    /// What was written arrives, or the first so many bytes of it.
    Arrive {
        bytes: u16,
    },
    ArriveAll,
    Stall {
        bytes: u16,
    },
    Pass {
        ms: u16,
    },
    /// Bytes of an attacker on the way.
    Inject {
        kind: u8,
        flags: u8,
        payload: Vec<u8>,
    },
    /// A frame that fits the session, of an attacker who has read along.
    Forge {
        kind: Forged,
        slot: u8,
        generation: u8,
    },
    Flip {
        at: u16,
        bits: u8,
    },
    Close {
        code: u8,
    },
    /// An end notices that its connection is gone.
    Lose,
    /// The client is back over another connection. A liar shifts what it says to have taken.
    Return {
        position_off: i8,
        latest_off: i8,
    },
}

/// What is forged.
#[derive(Debug, Clone, Copy, Arbitrary)]
enum Forged {
    Call,
    Result,
    Cancel,
    Ack,
}

const STEPS_MAX: usize = 300;

fuzz_target!(|input: Input| {
    let mut limits = Limits::default();
    if input.small {
        limits.calls_in_flight_max = 3;
        limits.nested_calls_max = 2;
        limits.log_bytes_max = 4 << 10;
        limits.latest_keys_max = 3;
        limits.latest_bytes_max = 2 << 10;
        limits.body_bytes_max = 1 << 10;
    }
    let mut now = Instant::now();
    let established = Established {
        session: SessionId([0; 16]),
        uid: Uid::new("ann").expect("a uid"),
        codec: Codec::Bincode,
        peer: Announced::from(&limits),
        heartbeat: limits.heartbeat,
        silence_max: limits.silence_max,
        server_time_us: 1,
        epoch: 5,
        resume_window: if input.resumable { Duration::from_secs(60) } else { Duration::ZERO },
        resume_token: None,
    };
    let mut ends = [Server, Client].map(|side| End::new(side, &established, &limits, now));
    let mut wire_is_honest = true;
    for Step { at_server, what } in input.steps.into_iter().take(STEPS_MAX) {
        let side = if at_server { Server } else { Client };
        match what {
            What::Pass { ms } => {
                now += Duration::from_millis(ms.into());
                ends.iter_mut().for_each(|end| end.pass(now));
            }
            What::Arrive { bytes } => arrive(&mut ends, side, bytes.into(), now),
            What::ArriveAll => arrive(&mut ends, side, usize::MAX, now),
            What::Inject { kind, flags, payload } => {
                wire_is_honest = false;
                of(&mut ends, side).inject(kind, flags, &payload);
            }
            What::Forge { kind, slot, generation } => {
                wire_is_honest = false;
                of(&mut ends, side).forge(kind, slot.into(), generation.into());
            }
            What::Flip { at, bits } => {
                wire_is_honest &= bits == 0;
                of(&mut ends, side).flip(at.into(), bits);
            }
            What::Close { code } => {
                let code = CloseCode::ALL[usize::from(code) % CloseCode::ALL.len()];
                of(&mut ends, side).close(CloseReason::ours(code, "by the game"));
            }
            What::Lose => of(&mut ends, side).give_up(CloseCode::ConnectionLost.into(), now),
            What::Return { position_off, latest_off } => {
                wire_is_honest &= (position_off, latest_off) == (0, 0);
                come_back(&mut ends, position_off.into(), latest_off.into(), now);
            }
            act => of(&mut ends, side).act(act, now),
        }
        ends.iter().for_each(|end| end.check(&limits));
    }
    let blamed = ends.iter().filter_map(End::blames_peer).next();
    assert!(!wire_is_honest || blamed.is_none(), "an honest peer was blamed: {blamed:?}");
    for end in &mut ends {
        end.close(CloseCode::Done.into());
        end.everything_has_ended(now);
    }
});

fn of(ends: &mut [End; 2], side: Side) -> &mut End {
    &mut ends[usize::from(side == Client)]
}

/// Moves bytes from the writer of one side to the reader of the other.
fn arrive(ends: &mut [End; 2], to: Side, bytes: usize, now: Instant) {
    let bytes = of(ends, to.other()).write(bytes, now);
    of(ends, to).read(&bytes, now);
}

/// Both ends go on over a fresh connection, as after a login that has gone through.
fn come_back([server, client]: &mut [End; 2], position_off: i64, latest_off: i64, now: Instant) {
    if !(server.can_resume() && client.can_resume()) {
        return;
    }
    let mut said = client.taken();
    said.position = said.position.saturating_add_signed(position_off);
    said.latest = said.latest.saturating_add_signed(latest_off);
    let heard = server.taken();
    if server.resume(said, now) && client.resume(heard, now) {
        client.confirm_token();
    }
}
