//! The history finds what it is there to find: each broken promise, alone, is one violation.

use std::time::{Duration, Instant};

use farcall_tests::victim::{Ending, Entry, flour};

use super::History;

/// What a test knows of its history: one session, opened in life 1; a call and three notes of it, with nothing begun.
struct Told {
    history: History,
    deadline: Instant,
}

const CALL: u64 = 0;

fn told() -> Told {
    let (mut history, deadline) = (History::default(), Instant::now() + Duration::from_secs(1));
    history.wrote(1, Entry::Opened { uid: "ann".to_owned(), session: "one".to_owned() });
    let session = history.logged_in("one".to_owned());
    assert_eq!(history.calls(session, deadline), CALL);
    assert_eq!([(); 3].map(|()| history.notes(session)), [0, 1, 2]);
    Told { history, deadline }
}

impl Told {
    fn wrote(mut self, entries: &[Entry]) -> Self {
        entries.iter().for_each(|entry| self.history.wrote(1, entry.clone()));
        self
    }

    fn ends(mut self, ending: Ending) -> Self {
        let now = if ending == Ending::Overdue { self.deadline } else { Instant::now() };
        self.history.ends(CALL, ending, now);
        self
    }

    /// The session is over by that code, and so is everything. The only violation.
    #[track_caller]
    fn shows(mut self, code: &str, violation: &str) {
        self.history.is_over(0, code);
        self.history.check();
        let [found] = &self.history.violations[..] else { panic!("{:?}", self.history.violations) };
        assert!(found.contains(violation), "{found}");
    }

    #[track_caller]
    fn shows_none(mut self, code: &str) {
        self.history.is_over(0, code);
        self.history.check();
        assert!(self.history.violations.is_empty(), "{:?}", self.history.violations);
    }
}

use Ending::{Impossible, NotExecuted, Overdue, Unsure, Value};
use Entry::{Closed, Noted, Returned, Started};

const LOST: &str = "Restarted";

#[test]
fn what_may_be_is_no_violation() {
    let value = || Value(flour(1, CALL));
    let all = [Noted(0), Noted(1), Noted(2)];
    told().wrote(&[Started(CALL), Returned(CALL)]).wrote(&all).ends(value()).shows_none("Done");
    told().wrote(&[Started(CALL), Noted(0)]).ends(Unsure).shows_none(LOST);
    told().wrote(&[Started(CALL), Returned(CALL)]).ends(Unsure).shows_none(LOST);
    told().ends(Unsure).shows_none(LOST);
    told().ends(NotExecuted).shows_none(LOST);
    told().wrote(&[Started(CALL)]).ends(Overdue).shows_none(LOST);
}

#[test]
fn no_handler_starts_twice_or_for_nobody_or_elsewhere() {
    told().wrote(&[Started(CALL), Started(CALL)]).ends(Unsure).shows(LOST, "starts call 0");
    told().wrote(&[Started(7)]).ends(Unsure).shows(LOST, "starts call 7");
    let mut later = told();
    later.history.wrote(2, Started(CALL));
    later.ends(Unsure).shows(LOST, "another life");
}

#[test]
fn no_ending_is_a_lie() {
    told().wrote(&[Started(CALL)]).ends(NotExecuted).shows(LOST, "not executed, and has started");
    told().wrote(&[Started(CALL)]).ends(Value(flour(1, CALL))).shows(LOST, "no handler returned it");
    let returned = || told().wrote(&[Started(CALL), Returned(CALL)]);
    returned().ends(Value(flour(2, CALL))).shows(LOST, "a value that its handler did not give");
    returned().ends(Impossible("odd".to_owned())).shows(LOST, "no call here may end so");
    let arrived = || told().wrote(&[Noted(0), Noted(1), Noted(2)]);
    arrived().ends(Unsure).shows("Done", "unsure in a session that was not lost");
}

#[test]
fn every_call_ends_once_and_in_time() {
    told().shows(LOST, "never ended");
    told().ends(Unsure).ends(Unsure).shows(LOST, "once too often");
    let mut dropped = told();
    dropped.history.drops(CALL);
    dropped.ends(Unsure).shows(LOST, "once too often");
    let (mut late, mut early) = (told(), told());
    late.history.ends(CALL, Unsure, late.deadline + Duration::from_secs(60));
    late.shows(LOST, "after its deadline");
    early.history.ends(CALL, Overdue, Instant::now());
    early.shows(LOST, "after its deadline");
}

#[test]
fn notes_arrive_once_in_order_and_all_of_them_where_nothing_is_lost() {
    told().wrote(&[Noted(0), Noted(2)]).ends(NotExecuted).shows(LOST, "note 2 arrives");
    told().wrote(&[Noted(0), Noted(1)]).ends(NotExecuted).shows("Done", "never arrived");
    told().wrote(&[Noted(9)]).ends(NotExecuted).shows(LOST, "never sent");
    let mut twice = told().wrote(&[Noted(0), Noted(1), Noted(2)]);
    twice.history.wrote(1, Noted(2));
    twice.ends(NotExecuted).shows(LOST, "note 2 arrives");
    let mut dropped = told().wrote(&[Noted(0), Noted(1), Noted(2)]);
    dropped.history.note_dropped(0, 2);
    dropped.ends(NotExecuted).shows(LOST, "was dropped, and has arrived");
}

#[test]
fn players_are_asked_once_and_only_by_a_handler() {
    let mut unasked = told();
    unasked.history.helps(CALL);
    unasked.ends(Unsure).shows(LOST, "never started");
    let mut twice = told().wrote(&[Started(CALL)]);
    twice.history.helps(CALL);
    twice.history.helps(CALL);
    twice.ends(Unsure).shows(LOST, "asked twice");
}

#[test]
fn hooks_run_in_an_order_that_can_be() {
    let closed = || Closed("one".to_owned(), "Done".to_owned());
    told().wrote(&[closed(), closed()]).ends(Unsure).shows(LOST, "out of order");
    let resumed = Entry::Resumed("one".to_owned());
    told().wrote(&[resumed]).ends(Unsure).shows(LOST, "out of order");
    let other = Entry::Detached("two".to_owned());
    told().wrote(&[other]).ends(Unsure).shows(LOST, "never opened");
}
