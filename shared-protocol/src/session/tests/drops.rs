//! A million calls, most of them dropped at random moments, on slots that are used again and again: no reply
//! reaches a wrong waiter, and every slot comes back. `FARCALL_DROPS` sets another number.

use super::*;
use std::time::Instant;

/// What became of the calls.
#[derive(Debug, Default, PartialEq, Eq)]
struct Tally {
    calls: u64,
    dropped: u64,
    /// Dropped before a byte was written.
    voided: u64,
    /// Dropped when the answer was already there.
    late: u64,
    answered: u64,
}

/// Two sessions without a link around them: the test is the callers, the wire and the handlers.
struct Storm {
    ends: [Session<u32>; 2],
    now: Instant,
    seed: u64,
    /// Calls in flight: number, and what its body says.
    open: Vec<(CallId, u64)>,
    /// Calls at the handlers.
    running: Vec<(CallId, [u8; 8])>,
    tally: Tally,
}

impl Storm {
    fn new() -> Self {
        let limits = Limits { log_bytes_max: 4 << 20, ..Limits::default() };
        let established = pair::established(&limits, &limits);
        let now = Instant::now();
        let end = |side| Session::new(side, &established, limits.clone(), secs(0), 1.0, now);
        let ends = [end(Server), end(Client)];
        let (open, running) = (Vec::new(), Vec::new());
        Self { ends, now, seed: 0xfa2_ca11, open, running, tally: Tally::default() }
    }

    fn chance(&mut self, one_in: u64) -> bool {
        random(&mut self.seed).is_multiple_of(one_in)
    }

    fn call(&mut self) {
        let number = self.tally.calls;
        let (deadline, body) = (self.now + secs(60), number.to_le_bytes());
        let call = NewCall { to: target(), deadline, parent: None, body: Message::Own(&body) };
        match self.ends[1].call(call, None, self.now) {
            Ok(id) => {
                self.tally.calls += 1;
                self.open.push((id, number));
            }
            Err(CannotCall::Wait(ticket)) => assert_eq!(self.ends[1].leave(ticket), None),
            Err(CannotCall::Never(why)) => panic!("{why}"),
        }
    }

    fn drop_one(&mut self) {
        // Young calls die more often than old ones.
        let young = self.chance(2);
        let at = random(&mut self.seed) as usize % self.open.len();
        let at = if young { self.open.len() - 1 } else { at };
        let (id, number) = self.open.swap_remove(at);
        let before = self.ends[1].calls_outgoing();
        // Half of them look first.
        if self.chance(2)
            && let Some(outcome) = self.ends[1].poll_call(id, || 0)
        {
            return self.answered(&outcome, number);
        }
        let (held, used) = (self.ends[1].bytes_held(), self.ends[1].slots_used());
        assert_eq!(self.ends[1].abandon_call(id, self.now), None);
        self.tally.dropped += 1;
        self.tally.voided += u64::from(self.ends[1].calls_outgoing() < before);
        self.tally.late += u64::from(self.ends[1].slots_used() < used && self.ends[1].bytes_held() == held);
    }

    fn answered(&mut self, outcome: &Outcome, number: u64) {
        assert_eq!(*outcome, Ok(Body::from_slice(&number.to_le_bytes())), "a reply to another call");
        self.tally.answered += 1;
    }

    /// Moves what one end has written to the other.
    fn carry(&mut self, from: usize) {
        let mut batch = Batch::new();
        while self.ends[from].has_output(self.now) {
            self.ends[from].take_output(self.now, &mut batch);
        }
        let bytes = batch.concat();
        let mut rest = bytes.as_slice();
        while let Ok(crate::wire::Split::Frame(raw)) = self.ends[1 - from].split(rest) {
            let mut events = Vec::new();
            self.ends[1 - from].receive(raw, self.now, &mut events).unwrap();
            rest = &rest[raw.wire_bytes..];
            for event in events {
                if let Event::Call { id, body, .. } = event {
                    self.running.push((id, body.try_into().unwrap()));
                }
            }
        }
    }

    fn answer_one(&mut self) {
        let at = random(&mut self.seed) as usize % self.running.len();
        let (id, body) = self.running.swap_remove(at);
        assert!(self.ends[0].reply(id, Ok(&body), self.now));
    }

    fn step(&mut self) {
        match random(&mut self.seed) % 16 {
            0..6 => self.call(),
            6..10 if !self.open.is_empty() => self.drop_one(),
            10..14 if !self.running.is_empty() => self.answer_one(),
            14 if self.chance(4) => self.carry(1),
            15 if self.chance(4) => self.carry(0),
            _ => {}
        }
        // Slow enough that a third of the calls dropped is no flood.
        self.now += ms(30);
    }

    fn finish(&mut self) {
        while !self.open.is_empty() || !self.running.is_empty() || self.ends[1].calls_outgoing() > 0 {
            self.carry(1);
            while !self.running.is_empty() {
                self.answer_one();
            }
            self.carry(0);
            while !self.open.is_empty() {
                self.drop_one();
            }
        }
        self.now += secs(1);
        self.carry(1);
        self.carry(0);
    }
}

#[test]
fn a_million_random_drops_reach_no_wrong_waiter_and_leave_no_slot() {
    let wanted = std::env::var("FARCALL_DROPS").ok().and_then(|text| text.parse().ok()).unwrap_or(1_000_000);
    let mut storm = Storm::new();
    while storm.tally.dropped < wanted {
        storm.step();
    }
    storm.finish();
    let tally = &storm.tally;
    println!("{tally:?}");
    assert_eq!(tally.calls, tally.dropped + tally.answered);
    assert!(tally.voided > wanted / 20 && tally.answered > wanted / 20, "a one-sided storm: {tally:?}");
    for end in &storm.ends {
        assert_eq!((end.slots_used(), end.calls_outgoing(), end.calls_incoming()), (0, 0, 0));
        assert_eq!((end.bytes_held(), end.closed()), (0, None));
    }
}
