//! A player's program that is killed in the middle of its calls, and one that hangs while its player logs in anew.

use std::collections::HashSet;
use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};

use farcall_tests::chance::Chance;
use farcall_tests::victim::{Ending, Entry, Held, flour};
use rustix::process::Signal;

use crate::process::{Victim, Watched};

type Journal = Arc<Watched<Vec<Entry>>>;

/// A server in its first life, and its journal.
fn serve(window_ms: u64) -> (Victim, Journal, String) {
    let window = window_ms.to_string();
    let arguments = ["serve", "--address", "127.0.0.1:0", "--life", "0", "--window-ms", &window];
    let (server, journal) = Victim::keeping(&arguments);
    journal.must_become("listening", |journal| !journal.is_empty());
    let Entry::Listening(address) = journal.look()[0] else { panic!("{:?}", journal.look()) };
    (server, journal, address.to_string())
}

/// A program of a player, whose calls have numbers of its own.
struct Program {
    victim: Victim,
    journal: Journal,
    session: String,
    numbers: Range<u64>,
}

impl Program {
    /// Logs in as that player. The `nth` of its test.
    fn play(address: &str, uid: &str, nth: u64) -> Self {
        let numbers = nth << 32..(nth + 1) << 32;
        let (from, seed) = (numbers.start.to_string(), nth.to_string());
        let arguments = ["play", "--address", address, "--uid", uid, "--from", &from, "--seed", &seed];
        let (victim, journal) = Victim::keeping(&arguments);
        journal.must_become("a login", |journal| !journal.is_empty());
        let Entry::Welcomed(session) = journal.look()[0].clone() else { panic!("{:?}", journal.look()) };
        Self { victim, journal, session, numbers }
    }

    /// Calls of its own that handlers have started on.
    fn started(&self, server: &[Entry]) -> usize {
        let is_own =
            |entry: &&Entry| matches!(entry, Entry::Started(number) if self.numbers.contains(number));
        server.iter().filter(is_own).count()
    }

    fn ended(journal: &[Entry]) -> usize {
        journal.iter().filter(|entry| matches!(entry, Entry::Ended(..))).count()
    }

    /// What it has written about the ends of its calls is true by what its server has written.
    fn check_endings(&self, server: &[Entry]) {
        let (mut started, mut returned) = (HashSet::new(), HashSet::new());
        for entry in server {
            match entry {
                Entry::Started(number) => assert!(started.insert(*number), "call {number} started twice"),
                Entry::Returned(number) => assert!(returned.insert(*number), "call {number} answered twice"),
                _ => {}
            }
        }
        let mut ended = HashSet::new();
        for entry in self.journal.look().iter() {
            let Entry::Ended(number, ending) = entry else { continue };
            let is_true = match ending {
                Ending::Value(value) => *value == flour(0, *number) && returned.contains(number),
                Ending::NotExecuted => !started.contains(number),
                Ending::Overdue | Ending::Unsure => true,
                Ending::Impossible(_) => false,
            };
            assert!(is_true && ended.insert(*number), "call {number} ended as {ending:?}");
        }
    }

    /// Its session's `closed` hook ran once, when all its handlers had returned or had been stopped, and none has started
    /// since. What the hooks were told of the session, in order; how many handlers were stopped.
    fn check_end(&self, server: &[Entry]) -> (Vec<&'static str>, usize) {
        let (mut told, mut running, mut stopped) = (Vec::new(), HashSet::new(), 0);
        for entry in server {
            match entry {
                Entry::Opened { session, .. } if *session == self.session => told.push("opened"),
                Entry::Detached(session) if *session == self.session => told.push("detached"),
                Entry::Resumed(session) if *session == self.session => told.push("resumed"),
                Entry::Closed(session, _) if *session == self.session => {
                    assert!(running.is_empty(), "{running:?} run on after the session's end");
                    told.push("closed");
                }
                Entry::Started(number) if self.numbers.contains(number) => {
                    assert!(!told.contains(&"closed"), "call {number} starts after the session's end");
                    running.insert(*number);
                }
                Entry::Returned(number) => _ = running.remove(number),
                Entry::Stopped(number) => stopped += usize::from(running.remove(number)),
                _ => {}
            }
        }
        (told, stopped)
    }
}

/// Ends the server, which must have let everything go before.
fn end(mut server: Victim, journal: &Journal) {
    assert!(server.end().success());
    let is_at_rest = |entry: &Entry| *entry == Entry::Rest(Held::default());
    assert!(journal.look().iter().any(is_at_rest), "{:?}", journal.look().last());
}

#[test]
fn of_a_killed_client_the_server_keeps_nothing_beyond_the_window() {
    const WINDOW_MS: u64 = 400;
    let (server, journal, address) = serve(WINDOW_MS);
    let mut chance = Chance::new(1);
    for nth in 0..5 {
        let player = Program::play(&address, &format!("player {nth}"), nth);
        // The first is killed as soon as it is in.
        let calls = nth as usize * (1 + chance.below(100));
        journal.must_become("calls", |journal| player.started(journal) >= calls);
        let killed = Instant::now();
        player.victim.signal(Signal::KILL);
        let is_detached = Entry::Detached(player.session.clone());
        journal.must_become("detached", |journal| journal.contains(&is_detached));
        let is_closed = Entry::Closed(player.session.clone(), "ConnectionLost".to_owned());
        journal.must_become("closed", |journal| journal.contains(&is_closed));
        let took = killed.elapsed();
        let window = Duration::from_millis(WINDOW_MS);
        assert!(took >= window && took < window + Duration::from_secs(5), "it took {took:?}");
        let journal = journal.look();
        let (told, stopped) = player.check_end(&journal);
        assert_eq!(told, ["opened", "detached", "closed"]);
        // Its first call ends only with the session.
        assert!(stopped >= usize::from(calls > 0), "{stopped} handlers stopped");
        player.check_endings(&journal);
    }
    end(server, &journal);
}

#[test]
fn a_client_that_hangs_is_replaced_promptly_and_nothing_of_it_starts_when_it_wakes() {
    let (server, journal, address) = serve(60_000);
    for round in 0..3 {
        let mut old = Program::play(&address, "ann", 2 * round);
        journal.must_become("calls", |journal| old.started(journal) >= 20 + 50 * round as usize);
        old.victim.signal(Signal::STOP);
        let began = Instant::now();
        let mut new = Program::play(&address, "ann", 2 * round + 1);
        // A process was started, too. Silence would have been noticed after 20 s, the window over after 60.
        assert!(began.elapsed() < Duration::from_secs(10), "welcomed after {:?}", began.elapsed());
        new.journal.must_become("answers", |journal| Program::ended(journal) >= 100);
        old.victim.signal(Signal::CONT);
        assert!(old.victim.wait().success());
        assert_eq!(old.journal.look().last(), Some(&Entry::Over("Replaced".to_owned())));
        let answers = Program::ended(&new.journal.look());
        new.journal.must_become("answers", |journal| Program::ended(journal) >= answers + 100);
        let gone = Entry::Closed(new.session.clone(), "Done".to_owned());
        assert!(new.victim.end().success());
        journal.must_become("a goodbye", |journal| journal.contains(&gone));
        let journal = journal.look();
        assert_eq!(old.check_end(&journal).0, ["opened", "closed"]);
        assert_eq!(new.check_end(&journal).0, ["opened", "closed"]);
        let at = |entry: &Entry| journal.iter().position(|at| at == entry).expect("it is there");
        let replaced = Entry::Closed(old.session.clone(), "Replaced".to_owned());
        let welcomed = Entry::Opened { uid: "ann".to_owned(), session: new.session.clone() };
        assert!(at(&replaced) < at(&welcomed), "the old session is saved before the new one begins");
        old.check_endings(&journal);
        new.check_endings(&journal);
    }
    end(server, &journal);
}
