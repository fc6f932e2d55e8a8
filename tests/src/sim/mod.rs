//! The simulator (T1): two sessions, connections that break between them, virtual time, and chance from a seed. One
//! seed is one run, the same wherever and whenever it is run. Uses the protocol crate's public face only, and neither
//! sockets nor tasks: thousands of seeds a second.
//!
//! What it does to them: calls, nested calls, answers, callers that go away, notifies, latest and lossy messages,
//! deadlines that pass; connections cut anywhere, with a word or without; ends that go on writing into nothing; returns
//! that are lost half way, come late, or take over from a connection that is still believed in; windows that pass; a
//! server that forgets everything; intruders; frames and requests that come too late or were never written, ends out of the
//! blue; and, in one seed of ten, a peer that lies about what it has.

pub mod conn;
pub mod content;
pub mod coverage;
pub mod end;
pub mod history;
pub mod login;
pub mod malice;
pub mod rest;
pub mod strays;
pub mod world;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use crate::chance::Chance;
use coverage::Coverage;
use farcall_protocol::{CloseCode, Limits, Side};
use malice::Lie;
use world::{Counts, World};

/// What came of one seed.
#[derive(Debug, Clone)]
pub struct Run {
    /// The seed.
    pub seed: u64,
    /// A hash of all that happened.
    pub trace: u64,
    /// What happened to its connections.
    pub counts: Counts,
    /// Calls made by both ends.
    pub calls: u64,
    /// Of these, those that ended as definitely not executed, and as indeterminate.
    pub lost: (u64, u64),
    /// Whether the session ended before the simulation did.
    pub closed: bool,
    /// What has met which state of the session machine.
    pub coverage: Coverage,
    /// A promise that was broken, if one was.
    pub violation: Option<String>,
}

/// Runs one seed for that many steps, and lets everything come to rest.
pub fn run(seed: u64, steps: u64) -> Run {
    let mut world = None;
    let result = catch_unwind(AssertUnwindSafe(|| simulate(world.insert(begin(seed)), steps)));
    let violation = result.err().map(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned())).unwrap_or_default()
    });
    let Some(world) = world else {
        let (counts, lost) = (Counts::default(), (0, 0));
        let coverage = Coverage::new();
        return Run { seed, trace: 0, counts, calls: 0, lost, closed: false, coverage, violation };
    };
    let mut coverage = Coverage::new();
    world.ends.iter().for_each(|end| coverage.add(&end.coverage));
    Run {
        seed,
        trace: world.trace.hash(),
        counts: world.counts,
        calls: world.history.calls.len() as u64,
        lost: world.history.lost(),
        closed: world.closed() > 0,
        coverage,
        violation,
    }
}

/// How to see a seed fail again.
pub fn command(seed: u64, steps: u64) -> String {
    format!("cargo run --release -p farcall-tests --bin simulate -- --seeds 1 --seed {seed} --steps {steps}")
}

/// Every seed has limits of its own: some have room for everything, some for next to nothing.
fn begin(seed: u64) -> World {
    let mut chance = Chance::new(seed);
    let mut limits = [Limits::default(), Limits::default()];
    for limits in &mut limits {
        limits.heartbeat = Duration::from_secs(4);
        limits.silence_max = Duration::from_secs(10);
        limits.resume_window = Duration::from_secs(30);
        if chance.percent(40) {
            limits.log_bytes_max = 2_000 + chance.below(8_000);
            (limits.calls_in_flight_max, limits.nested_calls_max) = (4, 3);
        }
    }
    let lie = chance.percent(10).then(|| {
        let liar = if chance.percent(50) { Side::Server } else { Side::Client };
        (liar, Lie::any(&mut chance))
    });
    // Virtual time: where it begins shows in nothing.
    World::new(chance, limits, lie, Instant::now())
}

fn simulate(world: &mut World, steps: u64) {
    // Some seeds are cut all the time, some hardly; some wait long, most do not.
    let cuts = world.chance.below(9);
    let waits_long = world.chance.percent(10);
    let forgets = world.chance.percent(2);
    // Some say more at once than a detached session takes, some in pieces of which a batch holds few.
    let bursts = world.chance.percent(3);
    if world.chance.percent(10) {
        world.ends.iter_mut().for_each(|end| end.body_bytes_max = 60_000);
    }
    for step in 0..steps {
        if forgets && step == steps / 2 {
            forget(world);
        }
        if bursts && step % (steps / 2).max(1) == steps / 4 {
            burst(world);
        }
        world.meddle();
        act(world, cuts, waits_long);
    }
    heal(world);
    check(world);
}

/// One thing happens.
fn act(world: &mut World, cuts: usize, waits_long: bool) {
    let side = if world.chance.percent(50) { Side::Server } else { Side::Client };
    let what = world.chance.below(100);
    world.trace.note(what as u64);
    let now = world.now;
    match what {
        0..10 => {
            let (end, chance, history) = world.end(side);
            end.call(chance, history, now);
        }
        10..20 => {
            let (end, chance, history) = world.end(side);
            end.answer_one(chance, history, now);
        }
        20..24 => {
            let (end, chance, history) = world.end(side);
            end.drop_one(chance, history, now);
        }
        24..36 => {
            let (end, chance, history) = world.end(side);
            end.say(chance, history, now);
        }
        36..54 => {
            world.write(side);
        }
        54..76 => deliver(world, side),
        76..84 => connect(world),
        84..85 => world.ends[side as usize].stuck ^= true,
        85..86 => world.intrude(),
        86..91 => pass(world, waits_long),
        _ if what - 91 < cuts => {
            let recent = world.conns.len() - 1 - world.chance.below(world.conns.len().min(2));
            world.cut(recent);
        }
        _ => {
            world.write(side);
            deliver(world, side);
        }
    }
}

fn deliver(world: &mut World, from: Side) {
    // Mostly where something goes on; now and then what was given up long ago comes late.
    let recent = world.chance.below(world.conns.len().min(3));
    let conn = world.conns.len() - 1 - recent;
    let bytes = world.conns[conn].on_the_way(from);
    let some = if world.chance.percent(50) { bytes } else { world.chance.below(bytes + 1) };
    world.deliver(conn, from, some);
}

fn connect(world: &mut World) {
    if world.is_away() {
        if world.player.trying.is_none() || world.chance.percent(20) {
            // What it has said on an attempt that it gives up may still arrive.
            if let Some(old) = world.player.trying.take() {
                let told = world.chance.percent(50);
                world.conns[old].hang_up(Side::Client, told);
            }
            world.come_back();
        }
    } else if world.chance.percent(8) && world.ends[Side::Client as usize].session.closed().is_none() {
        // The client's network has changed, and only the client knows; or its game does not look.
        let code =
            if world.chance.percent(50) { CloseCode::ConnectionLost } else { CloseCode::InboundOverflow };
        world.give_up(Side::Client, code.into());
    }
}

fn pass(world: &mut World, waits_long: bool) {
    let millis = match world.chance.below(10) {
        0 if waits_long => world.chance.below(20_000),
        0..3 => world.chance.below(2_000),
        _ => world.chance.below(60),
    };
    world.pass(Duration::from_millis(millis as u64));
}

/// An end says a great deal; what there is no room for it is told.
fn burst(world: &mut World) {
    let side = if world.chance.percent(50) { Side::Server } else { Side::Client };
    let now = world.now;
    for _ in 0..1_500 {
        let (end, chance, history) = world.end(side);
        end.say(chance, history, now);
    }
}

/// The server's process dies and begins anew: nobody is told anything.
fn forget(world: &mut World) {
    world.end_session(Side::Server, CloseCode::ConnectionLost.into(), None);
    world.host.epoch += 1;
}

/// Nothing breaks any more, and everything is let end.
fn heal(world: &mut World) {
    world.lie = None;
    if world.chance.percent(90) {
        world.conns.iter_mut().for_each(conn::Conn::tell);
    }
    let until = world.now + Duration::from_secs(120);
    while world.now < until {
        world.settle();
        let done = if world.history.lied { false } else { world.is_quiet() };
        if done || world.closed() == 2 {
            return;
        }
        let step = world.until_next(Duration::from_secs(1)).max(Duration::from_millis(1));
        world.pass(step);
    }
    assert!(world.history.lied, "not healed: {:?}", world.ends);
}

/// What must hold at the end of a run.
fn check(world: &mut World) {
    let closed = world.closed() > 0;
    let lives_on_a_lie = world.stale.is_some() && world.current == [world.stale; 2];
    assert!(closed || !lives_on_a_lie, "the session survived a peer that lied");
    if closed || world.history.lied {
        for side in [Side::Server, Side::Client] {
            let reason = world.ends[side as usize].session.closed().cloned();
            let may = reason.as_ref().is_none_or(|reason| may_end(reason.code, world.disturbed));
            assert!(may || world.history.lied, "the {side} closed an honest session: {reason:?}");
            world.end_session(side, CloseCode::ConnectionLost.into(), None);
        }
    } else {
        world.check_messages();
    }
    world.history.check_calls(world.closed() > 0);
    let now = world.now;
    world.ends.iter().for_each(|end| end.check_empty(now));
}

/// What an honest session may end by: time, or a server that forgot it; where it was disturbed, by that.
const fn may_end(code: CloseCode, disturbed: bool) -> bool {
    use CloseCode as C;
    let by_a_stray = matches!(
        code,
        C::Done | C::Shutdown | C::Kicked | C::Replaced | C::UnexpectedFrame | C::MalformedFrame
    );
    disturbed && by_a_stray
        || matches!(
            code,
            C::ConnectionLost
                | C::PeerSilent
                | C::AckTimeout
                | C::WriteStalled
                | C::FrameTimeout
                | C::InboundOverflow
                | C::NotResumable
                | C::Restarted
        )
}

impl World {
    fn check_messages(&self) {
        self.history.check_messages(Side::Server);
        self.history.check_messages(Side::Client);
    }
}
