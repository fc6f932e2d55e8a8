//! Random operations on both ends against a simple model: whatever happens, every call ends exactly once and
//! with its own answer, what arrives is what was said and in that order, and at the end nothing is left over.

use std::collections::HashSet;

use proptest::prelude::*;

use super::*;
use crate::contract::Delivery;

#[derive(Debug, Clone)]
enum Op {
    Call { side: Side, nested: bool, bytes: usize, within_ms: u64 },
    Answer { side: Side, pick: usize, how: u8, bytes: usize },
    Drop { side: Side, pick: usize },
    Detach { side: Side, pick: usize },
    Notify { side: Side, bytes: usize },
    Latest { side: Side, key: u64 },
    Hold { side: Side, held: bool },
    Stick { side: Side, stuck: bool },
    Sleep { side: Side, asleep: bool },
    Pass { ms: u64 },
}

fn op() -> impl Strategy<Value = Op> {
    let side = || prop_oneof![Just(Server), Just(Client)];
    prop_oneof![
        6 => (side(), any::<bool>(), 0..1_500_usize, 0..2_000_u64)
            .prop_map(|(side, nested, bytes, within_ms)| Op::Call { side, nested, bytes, within_ms }),
        5 => (side(), any::<usize>(), 0..4_u8, 0..1_500_usize)
            .prop_map(|(side, pick, how, bytes)| Op::Answer { side, pick, how, bytes }),
        2 => (side(), any::<usize>()).prop_map(|(side, pick)| Op::Drop { side, pick }),
        1 => (side(), any::<usize>()).prop_map(|(side, pick)| Op::Detach { side, pick }),
        3 => (side(), 0..1_500_usize).prop_map(|(side, bytes)| Op::Notify { side, bytes }),
        2 => (side(), 0..3_u64).prop_map(|(side, key)| Op::Latest { side, key }),
        1 => (side(), any::<bool>()).prop_map(|(side, held)| Op::Hold { side, held }),
        1 => (side(), any::<bool>()).prop_map(|(side, stuck)| Op::Stick { side, stuck }),
        1 => (side(), any::<bool>()).prop_map(|(side, asleep)| Op::Sleep { side, asleep }),
        2 => (0..400_u64).prop_map(|ms| Op::Pass { ms }),
    ]
}

/// What was asked of the sessions. Every body begins with a number of its own.
struct Model {
    p: Pair,
    next: u32,
    calls: Vec<Made>,
    /// Logged notifies, by sender.
    said: [Vec<u32>; 2],
    /// The newest latest value for each key, by sender.
    newest: [[Option<u32>; 3]; 2],
    /// Calls that have arrived anywhere.
    arrived: HashSet<u32>,
}

struct Made {
    side: Side,
    call: usize,
    number: u32,
    dropped: bool,
}

const fn at(side: Side) -> usize {
    side as usize
}

fn number_of(body: &[u8]) -> u32 {
    u32::from_le_bytes(*body.first_chunk().unwrap())
}

impl Model {
    fn new() -> Self {
        // Tight: permits and room run out all the time. Patient: only calls end by themselves.
        let mut p = Pair::with(|server, client| {
            for limits in [server, client] {
                (limits.calls_in_flight_max, limits.nested_calls_max) = (4, 3);
                limits.log_bytes_max = 6_000;
                limits.heartbeat = secs(5);
                limits.silence_max = secs(3_600);
                (limits.write_stall_max, limits.ack_silence_max) = (secs(3_600), secs(3_600));
            }
        });
        p.cut = Cut::Random(0xc0ffee);
        let (said, newest) = ([Vec::new(), Vec::new()], [[None; 3]; 2]);
        Self { p, next: 0, calls: Vec::new(), said, newest, arrived: HashSet::new() }
    }

    fn body(&mut self, bytes: usize) -> (u32, Vec<u8>) {
        self.next += 1;
        let mut body = self.next.to_le_bytes().to_vec();
        body.resize(4 + bytes, 0);
        (self.next, body)
    }

    fn apply(&mut self, op: &Op) {
        match *op {
            Op::Call { side, nested, bytes, within_ms } => {
                let parent = self.p.end(side).taken.last().filter(|_| nested).map(|taken| taken.id);
                let (number, body) = self.body(bytes);
                let call = self.p.call_within(side, parent, &body, ms(within_ms));
                self.calls.push(Made { side, call, number, dropped: false });
            }
            Op::Answer { side, pick, how, bytes } => self.answer(side, pick, how, bytes),
            Op::Drop { side, pick } => {
                let of_side = self.calls.iter_mut().filter(|made| made.side == side && !made.dropped);
                let mut of_side: Vec<&mut Made> = of_side.collect();
                if !of_side.is_empty() {
                    let at = pick % of_side.len();
                    of_side[at].dropped = true;
                    self.p.drop_call(side, of_side[at].call);
                    self.p.flow();
                }
            }
            Op::Detach { side, pick } => {
                let of_side = self.calls.iter().filter(|made| made.side == side && !made.dropped);
                let of_side: Vec<usize> = of_side.map(|made| made.call).collect();
                let of_side: Vec<usize> =
                    of_side.into_iter().filter(|call| self.p.is_polled(side, *call)).collect();
                if !of_side.is_empty() {
                    self.p.detach(side, of_side[pick % of_side.len()]);
                }
            }
            Op::Notify { side, bytes } => {
                let (number, body) = self.body(bytes);
                if self.p.notify(side, &body) == Notified::Sent {
                    self.said[at(side)].push(number);
                }
            }
            Op::Latest { side, key } => {
                let (number, body) = self.body(0);
                assert_eq!(self.p.latest(side, key, &body), Notified::Sent);
                self.newest[at(side)][key as usize] = Some(number);
            }
            Op::Hold { side, held } => {
                self.p.end(side).held = held;
                self.p.flow();
            }
            Op::Stick { side, stuck } => {
                self.p.end(side).stuck = stuck;
                self.p.flow();
            }
            Op::Sleep { side, asleep: true } => self.p.end(side).asleep = true,
            Op::Sleep { side, asleep: false } => self.p.wake_up(side),
            Op::Pass { ms: millis } => self.p.pass(ms(millis)),
        }
        self.check();
    }

    /// A handler ends: with a value, its own error, a failure, or because it was stopped. Its answer says which
    /// call it is for.
    fn answer(&mut self, side: Side, pick: usize, how: u8, bytes: usize) {
        let taken = &self.p.end(side).taken;
        if taken.is_empty() {
            return;
        }
        let mut taken = taken[pick % taken.len()].clone();
        taken.body.resize(4 + bytes, 1);
        match how {
            0 => self.p.reply(side, taken.id, Err(CallError::Handler(&taken.body))),
            1 => self.p.stopped(side, taken.id),
            _ => self.p.reply(side, taken.id, Ok(&taken.body)),
        }
    }

    /// What holds at any moment.
    fn check(&mut self) {
        self.note_arrivals();
        for side in [Server, Client] {
            assert_eq!(self.p.closed(side), None, "{:?}", self.p.session(side).closed());
            let heard = self.heard(side);
            assert!(self.said[at(side.other())].starts_with(&heard), "not what was said, or not in order");
            let session = self.p.session(side);
            assert!(session.bytes_held() <= 6_000 + 7 * 100 + 3 * 4, "{} bytes held", session.bytes_held());
            assert!(session.calls_incoming() <= 7 && session.calls_outgoing() <= 7);
        }
    }

    fn heard(&mut self, side: Side) -> Vec<u32> {
        let notifies = self.p.end(side).said.iter().filter(|(delivery, _)| *delivery == Delivery::Notify);
        notifies.map(|(_, body)| number_of(body)).collect()
    }

    /// Everything is let end, and has ended as it should.
    fn finish(mut self) {
        for side in [Server, Client] {
            (self.p.end(side).held, self.p.end(side).stuck) = (false, false);
            self.p.wake_up(side);
        }
        // Longer than any deadline: whoever still waits gets through, or gives up.
        let mut quiet = 0;
        while quiet < 25 {
            self.p.pass(ms(100));
            self.check();
            quiet += 1;
            for side in [Server, Client] {
                if !self.p.end(side).taken.is_empty() {
                    self.answer(side, 0, 2, 10);
                    quiet = 0;
                }
            }
        }
        self.p.pass(secs(5));
        self.check();
        for made in std::mem::take(&mut self.calls) {
            if !made.dropped {
                self.check_end(&made);
            }
        }
        for side in [Server, Client] {
            assert_eq!(self.heard(side.other()), self.said[at(side)], "something said was never heard");
            for (key, newest) in self.newest[at(side)].into_iter().enumerate() {
                let heard = self.p.end(side.other()).said.iter();
                let heard = heard.filter(|(delivery, _)| *delivery == Delivery::Latest);
                let heard: Vec<u32> = heard.map(|(_, body)| number_of(body)).collect();
                assert!(newest.is_none_or(|newest| heard.contains(&newest)), "key {key} did not converge");
            }
            let (sent, taken) =
                (self.p.session(side).log.next(), self.p.session(side.other()).inbound.position);
            assert_eq!(sent, taken, "the ends do not agree about positions");
            let session = self.p.session(side);
            assert_eq!((session.slots_used(), session.calls_outgoing(), session.calls_incoming()), (0, 0, 0));
            assert_eq!(session.bytes_held(), 0);
        }
    }

    /// The session ends in the middle of everything.
    fn end_by_closing(mut self, side: Side, code: CloseCode) {
        let now = self.p.now;
        self.p.close(side, code);
        self.note_arrivals();
        for side in [Server, Client] {
            (self.p.end(side).held, self.p.end(side).stuck) = (false, false);
        }
        self.p.flow();
        self.note_arrivals();
        // Whoever has not heard of it loses its connection.
        for side in [Server, Client] {
            self.p.close(side, CloseCode::ConnectionLost);
            self.p.wake_up(side);
        }
        for made in std::mem::take(&mut self.calls) {
            if !made.dropped {
                self.check_end(&made);
            }
        }
        for side in [Server, Client] {
            let heard = self.heard(side);
            assert!(self.said[at(side.other())].starts_with(&heard));
            let session = self.p.session(side);
            assert_eq!((session.slots_used(), session.calls_outgoing(), session.calls_incoming()), (0, 0, 0));
            assert_eq!((session.bytes_held(), session.has_output(now)), (0, false));
        }
    }

    fn note_arrivals(&mut self) {
        for side in [Server, Client] {
            let arrived = self.p.end(side).taken.iter().map(|taken| number_of(&taken.body));
            self.arrived.extend(arrived);
        }
    }

    fn check_end(&mut self, made: &Made) {
        let outcome = self.p.outcome(made.side, made.call).expect("a call without an end");
        let arrived = self.arrived.contains(&made.number);
        match outcome {
            Ok(body) | Err(CallError::Handler(body)) => {
                assert_eq!(number_of(&body), made.number, "another call's answer");
            }
            Err(CallError::NotExecuted(why)) => assert!(!arrived, "{why}, but it ran"),
            Err(CallError::DeadlineExceeded | CallError::Failed(Failed::Abandoned)) => {}
            Err(CallError::Indeterminate) if self.p.closed(made.side).is_some() => {}
            Err(other) => panic!("nobody ended it as {other}"),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: std::env::var("FARCALL_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(300),
        rng_seed: proptest::test_runner::RngSeed::Fixed(0xfa2_ca11),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn every_call_ends_once_and_nothing_is_lost_or_left_over(ops in prop::collection::vec(op(), 1..150)) {
        let mut model = Model::new();
        ops.iter().for_each(|op| model.apply(op));
        model.finish();
    }

    #[test]
    fn every_call_ends_once_when_the_session_ends_in_the_middle_of_it(
        ops in prop::collection::vec(op(), 1..80),
        server in any::<bool>(),
        orderly in any::<bool>(),
    ) {
        let mut model = Model::new();
        ops.iter().for_each(|op| model.apply(op));
        let code = if orderly { CloseCode::Shutdown } else { CloseCode::Flood };
        model.end_by_closing(if server { Server } else { Client }, code);
    }
}
