//! What was asked, what happened, and whether that may be: every logged frame dispatched once and in order, every call
//! ended once and honestly, latest values converging. A violation panics with what it is; the runner adds the seed.

use std::time::Instant;

use farcall_protocol::session::Outcome;
use farcall_protocol::{CallError, NotExecuted, Side};

/// Number of keys of latest values.
pub const KEYS: usize = 3;

/// A call, by its number in the history.
#[derive(Debug)]
pub struct Made {
    /// Who makes it.
    pub by: Side,
    /// When it gives up, as it was asked for.
    pub deadline: Instant,
    /// Its caller went away.
    pub dropped: bool,
    started: bool,
    answered: Option<Answer>,
    outcome: Option<Outcome>,
}

/// How a handler ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// With a value.
    Value,
    /// With its own error.
    Error,
    /// Stopped, or gone.
    Stopped,
}

/// What one end logged, in its order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Logged {
    Call(usize),
    Notify(u32),
}

/// One direction.
#[derive(Debug, Default)]
struct Direction {
    logged: Vec<Logged>,
    /// How many of them have been dispatched or have no dispatch to come.
    passed: usize,
    notifies_logged: u32,
    notifies_passed: u32,
    /// The newest value of each key, with the notifies logged before it.
    newest: [Option<(u32, u32)>; KEYS],
    seen: [Option<u32>; KEYS],
    droppables: u32,
    droppable_seen: u32,
}

/// Everything that was asked of both ends.
#[derive(Debug, Default)]
pub struct History {
    /// Calls of both ends.
    pub calls: Vec<Made>,
    /// By the sending end.
    ways: [Direction; 2],
    /// A peer has lied about what it had: what it is sent twice or never is its own affair.
    pub lied: bool,
    numbers: u32,
}

impl History {
    /// A call is going to be made; its number.
    pub fn asks(&mut self, by: Side, deadline: Instant) -> usize {
        self.calls.push(Made { by, deadline, dropped: false, started: false, answered: None, outcome: None });
        self.calls.len() - 1
    }

    /// It is in the log.
    pub fn logged_call(&mut self, by: Side, call: usize) {
        self.ways[by as usize].logged.push(Logged::Call(call));
    }

    /// The number of the next message of any kind.
    pub const fn number(&mut self) -> u32 {
        self.numbers += 1;
        self.numbers
    }

    /// A notify is in the log.
    pub fn logged_notify(&mut self, by: Side, number: u32) {
        let way = &mut self.ways[by as usize];
        way.logged.push(Logged::Notify(number));
        way.notifies_logged += 1;
    }

    /// A latest value was given.
    pub fn gave_latest(&mut self, by: Side, key: usize, number: u32) {
        let way = &mut self.ways[by as usize];
        way.newest[key] = Some((number, way.notifies_logged));
    }

    /// A lossy message was handed over.
    pub fn gave_droppable(&mut self, by: Side, number: u32) {
        self.ways[by as usize].droppables = number;
    }

    /// A call's handler starts (P1, P5).
    pub fn starts(&mut self, from: Side, call: usize) {
        let made = &mut self.calls[call];
        if self.lied {
            made.started = true;
            return;
        }
        assert_eq!(made.by, from, "call {call} came from the wrong end");
        assert!(!std::mem::replace(&mut made.started, true), "call {call} started twice");
        self.pass(from, Logged::Call(call));
    }

    /// A notify is dispatched (P1, P5).
    pub fn hears_notify(&mut self, from: Side, number: u32) {
        if !self.lied {
            self.pass(from, Logged::Notify(number));
            self.ways[from as usize].notifies_passed += 1;
        }
    }

    /// Calls may be passed over: withdrawn, or refused without a handler. That they were is seen by their outcomes, and
    /// what has been passed over can start no more.
    fn pass(&mut self, from: Side, what: Logged) {
        let way = &mut self.ways[from as usize];
        loop {
            let next = way.logged.get(way.passed).copied();
            way.passed += 1;
            match next {
                Some(logged) if logged == what => return,
                Some(Logged::Call(_)) => {}
                other => panic!("the {from} logged {other:?} next, and {what:?} was dispatched"),
            }
        }
    }

    /// A latest value arrives: never older than one seen, never before what was logged before it.
    pub fn hears_latest(&mut self, from: Side, key: usize, number: u32) {
        let way = &mut self.ways[from as usize];
        let seen = way.seen[key].replace(number);
        if !self.lied {
            let newest = way.newest[key].expect("a value of a key that was never given");
            assert!(seen.is_none_or(|seen| seen < number), "latest {number} of key {key} after {seen:?}");
            assert!(newest.0 != number || newest.1 <= way.notifies_passed, "latest {number} came too early");
        }
    }

    /// A lossy message arrives, once at most and in order.
    pub fn hears_droppable(&mut self, from: Side, number: u32) {
        let way = &mut self.ways[from as usize];
        let is_news = way.droppable_seen < number && number <= way.droppables;
        assert!(is_news || self.lied, "lossy message {number} came twice, or was never sent");
        way.droppable_seen = number;
    }

    /// A handler answers.
    pub fn answers(&mut self, call: usize, answer: Answer) {
        self.calls[call].answered = Some(answer);
    }

    /// A call ends for its caller (P2).
    pub fn ends(&mut self, call: usize, outcome: Outcome, now: Instant) {
        let made = &mut self.calls[call];
        assert!(now <= made.deadline, "call {call} ended after its deadline: {outcome:?}");
        let earlier = made.outcome.replace(outcome);
        assert_eq!(earlier, None, "call {call} ended twice");
    }

    /// The numbers of calls that ended by being definitely not executed, and of those that are indeterminate.
    pub fn lost(&self) -> (u64, u64) {
        let count = |is: fn(&Outcome) -> bool| {
            self.calls.iter().filter(|made| made.outcome.as_ref().is_some_and(is)).count() as u64
        };
        (
            count(|outcome| matches!(outcome, Err(CallError::NotExecuted(_)))),
            count(|outcome| matches!(outcome, Err(CallError::Indeterminate))),
        )
    }

    /// Everything is over: what every call's end says is true (P2, P3). `closed` if the session did not survive.
    pub fn check_calls(&self, closed: bool) {
        for (call, made) in self.calls.iter().enumerate() {
            match &made.outcome {
                None => assert!(made.dropped, "call {call} never ended"),
                Some(outcome) => self.check_outcome(call, made, outcome, closed),
            }
        }
    }

    fn check_outcome(&self, call: usize, made: &Made, outcome: &Outcome, closed: bool) {
        let says = |body: &[u8]| body.first_chunk().map(|number| u32::from_le_bytes(*number));
        let ran = |answer| made.started && made.answered == Some(answer);
        let is_honest = match outcome {
            Ok(body) => ran(Answer::Value) && says(body) == Some(call as u32),
            Err(CallError::Handler(body)) => ran(Answer::Error) && says(body) == Some(call as u32),
            // A session that ended may have stopped a call after it had been taken and before it was heard of.
            Err(CallError::NotExecuted(why)) => !made.started && *why != NotExecuted::UnknownRoute,
            Err(CallError::Failed(_)) => ran(Answer::Stopped),
            Err(CallError::DeadlineExceeded) => true,
            Err(CallError::Cancelled) => false,
            Err(CallError::Indeterminate) => closed,
        };
        assert!(is_honest || self.lied, "call {call} ended as {outcome:?}, and it was so: {made:?}");
    }

    /// Everything has been let through: nothing is missing (P1), latest values have converged.
    pub fn check_messages(&self, from: Side) {
        let way = &self.ways[from as usize];
        let left = &way.logged[way.passed..];
        let lost = left.iter().find(|logged| matches!(logged, Logged::Notify(_)));
        assert_eq!(lost, None, "logged by the {from} and never dispatched");
        for (key, newest) in way.newest.iter().enumerate() {
            let newest = newest.map(|(number, _)| number);
            assert_eq!(way.seen[key], newest, "key {key} of the {from} did not converge");
        }
    }
}
