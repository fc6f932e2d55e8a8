//! Joins what players know of their calls and notes with what the lives of a server have written down, and finds at once
//! what may never be: a second start, a note out of order. What can only be judged in the end stands in `verdict`. Only
//! bookkeeping: it starts nothing and waits for nothing.

mod tests;
mod verdict;

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use farcall_tests::victim::{Ending, Entry, Held};

use crate::summary::Summary;

/// How long after its deadline a call may end: a thread may have to wait for its turn on a machine that has others to do.
/// On virtual time, in the other tests, it is not a moment.
const LATE_MAX: Duration = Duration::from_secs(5);
/// Violations that are kept; all are counted.
const KEPT_MAX: usize = 20;

/// A session, by its number in the history.
pub type Session = usize;

/// Everything that is known.
#[derive(Debug, Default)]
pub struct History {
    calls: Vec<Call>,
    notes: Vec<Note>,
    sessions: Vec<Theirs>,
    /// By name, as the server's hooks tell of them.
    hooked: HashMap<String, Hooked>,
    /// By life: what the server said it still held when it ended in order.
    pub held: HashMap<u32, Held>,
    /// Entries of the newest life.
    pub entries: u64,
    /// Where it listens, once it does.
    pub listening: Option<SocketAddr>,
    pub summary: Summary,
    pub violations: Vec<String>,
}

#[derive(Debug)]
struct Call {
    session: Session,
    deadline: Instant,
    /// In which life its handler started.
    started: Option<u32>,
    is_returned: bool,
    is_helped: bool,
    /// Its caller has gone away, and is told nothing.
    is_dropped: bool,
    ending: Option<Ending>,
}

#[derive(Debug)]
struct Note {
    session: Session,
    is_taken: bool,
}

/// A session as its player knows it.
#[derive(Debug)]
struct Theirs {
    name: String,
    /// By which close code it ended.
    over: Option<String>,
    /// Notes handed over and not yet seen at the server, in order.
    notes: VecDeque<u64>,
}

/// A session as the server's hooks tell of it.
#[derive(Debug)]
struct Hooked {
    life: u32,
    is_attached: bool,
    is_closed: bool,
}

impl History {
    /// A promise is broken.
    pub fn finds(&mut self, what: String) {
        self.summary.violations += 1;
        if self.violations.len() < KEPT_MAX {
            self.violations.push(what);
        }
    }

    /// A player has logged in.
    pub fn logged_in(&mut self, name: String) -> Session {
        self.sessions.push(Theirs { name, over: None, notes: VecDeque::new() });
        self.sessions.len() - 1
    }

    /// A player's session is over.
    pub fn is_over(&mut self, session: Session, code: &str) {
        if self.sessions[session].over.replace(code.to_owned()).is_some() {
            self.finds(format!("session {session} ended twice"));
        }
    }

    /// A call is going to be made; its number.
    pub fn calls(&mut self, session: Session, deadline: Instant) -> u64 {
        self.calls.push(Call {
            session,
            deadline,
            started: None,
            is_returned: false,
            is_helped: false,
            is_dropped: false,
            ending: None,
        });
        self.calls.len() as u64 - 1
    }

    /// Its caller goes away.
    pub fn drops(&mut self, number: u64) {
        self.calls[number as usize].is_dropped = true;
    }

    /// Its caller is told how it ended (P2).
    pub fn ends(&mut self, number: u64, ending: Ending, now: Instant) {
        let call = &mut self.calls[number as usize];
        let late = now.saturating_duration_since(call.deadline);
        let is_early = now < call.deadline && ending == Ending::Overdue;
        let earlier = call.ending.replace(ending.clone());
        self.summary.late_max = self.summary.late_max.max(late);
        if late > LATE_MAX || is_early {
            self.finds(format!("call {number} ended {late:?} after its deadline: {ending:?}"));
        }
        if earlier.is_some() || self.calls[number as usize].is_dropped {
            self.finds(format!("call {number} ended once too often: {earlier:?}, {ending:?}"));
        }
    }

    /// A player helps with its own call, as the server has asked for.
    pub fn helps(&mut self, number: u64) {
        let is_second = std::mem::replace(&mut self.calls[number as usize].is_helped, true);
        if is_second {
            self.finds(format!("the player was asked twice about call {number}"));
        }
    }

    /// A note is going to be sent; its number.
    pub fn notes(&mut self, session: Session) -> u64 {
        let number = self.notes.len() as u64;
        self.notes.push(Note { session, is_taken: false });
        self.sessions[session].notes.push_back(number);
        number
    }

    /// It was not taken for sending.
    pub fn note_dropped(&mut self, session: Session, number: u64) {
        if self.sessions[session].notes.pop_back() != Some(number) {
            self.finds(format!("note {number} was dropped, and has arrived"));
        }
    }

    /// A life of the server begins.
    pub fn life_begins(&mut self) {
        (self.entries, self.listening) = (0, None);
    }

    /// A life of the server has written something.
    pub fn wrote(&mut self, life: u32, entry: Entry) {
        self.entries += 1;
        match entry {
            Entry::Opened { session, .. } => {
                let opened = Hooked { life, is_attached: true, is_closed: false };
                if self.hooked.insert(session.clone(), opened).is_some() {
                    self.finds(format!("session {session} was opened twice"));
                }
            }
            Entry::Detached(session) => self.hook(life, &session, "detached"),
            Entry::Resumed(session) => self.hook(life, &session, "resumed"),
            Entry::Closed(session, _) => self.hook(life, &session, "closed"),
            Entry::Started(number) => self.started(life, number),
            Entry::Returned(number) => match self.calls.get_mut(number as usize) {
                Some(call) if call.started == Some(life) && !call.is_returned => call.is_returned = true,
                call => {
                    let what = format!("life {life} answers {number}, which was so: {call:?}");
                    self.finds(what);
                }
            },
            Entry::Noted(number) => self.noted(number),
            Entry::Rest(held) => {
                self.held.insert(life, held);
            }
            Entry::Listening(address) => self.listening = Some(address),
            Entry::Stopped(_) => {}
            Entry::Welcomed(_) | Entry::Ended(..) | Entry::Over(_) => {
                self.finds(format!("life {life} speaks as a player: {entry:?}"));
            }
        }
    }

    /// The server's hooks run in an order that can be (P15).
    fn hook(&mut self, life: u32, name: &str, what: &str) {
        let Some(session) = self.hooked.get_mut(name) else {
            return self.finds(format!("session {name} is {what}, and was never opened"));
        };
        let is_legal = session.life == life
            && !session.is_closed
            && match what {
                "detached" => std::mem::replace(&mut session.is_attached, false),
                "resumed" => !std::mem::replace(&mut session.is_attached, true),
                _ => !std::mem::replace(&mut session.is_closed, true),
            };
        self.summary.resumed += u64::from(what == "resumed");
        if !is_legal {
            self.finds(format!("session {name} is {what} in life {life}, out of order"));
        }
    }

    /// A handler starts (P1, P4): never for a call that has started, wherever that was.
    fn started(&mut self, life: u32, number: u64) {
        match self.calls.get_mut(number as usize) {
            Some(call) if call.started.is_none() => call.started = Some(life),
            call => {
                let what = format!("life {life} starts call {number}, which was so: {call:?}");
                self.finds(what);
            }
        }
    }

    /// A note has arrived (P1, P5): the next of its session, and none other.
    fn noted(&mut self, number: u64) {
        self.summary.noted += 1;
        let Some(note) = self.notes.get_mut(number as usize) else {
            return self.finds(format!("note {number} was never sent"));
        };
        let (session, is_second) = (note.session, std::mem::replace(&mut note.is_taken, true));
        let next = self.sessions[session].notes.pop_front();
        if next != Some(number) || is_second {
            self.finds(format!("note {number} arrives; next of session {session} was {next:?}"));
        }
    }
}
