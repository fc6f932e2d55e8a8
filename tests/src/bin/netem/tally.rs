//! What the server and its player say to each other, and what is counted of it: numbers that each end sends from 0 up,
//! so that the other sees at once what is missing and what has come twice.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use farcall_protocol::{Message, Notified, contract};
use serde::{Deserialize, Serialize};
use tokio::time::{Interval, MissedTickBehavior, interval};

/// What players call and send.
#[contract(served_by = server)]
pub trait Hall {
    /// Counted, and given back.
    async fn ask(number: u32) -> u32;
    /// Counted.
    #[notify]
    fn note(number: u32, filler: Vec<u8>);
    /// From now on the server talks as well, with messages of so many bytes.
    async fn begin(filler_bytes: u32);
    /// The server stops talking and says what it has seen and sent.
    async fn stop() -> Account;
}

/// What the server calls on the player and sends to it.
#[contract(served_by = client)]
pub trait Guest {
    /// Counted, and given back.
    async fn asked(number: u32) -> u32;
    /// Counted.
    #[notify]
    fn told(number: u32, filler: Vec<u8>);
}

/// What has come of one kind of number.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, Message)]
pub struct Tally {
    /// The number that comes next.
    pub next: u32,
    /// Numbers that were passed over.
    pub lost: u32,
    /// Numbers that had come before.
    pub repeated: u32,
}

/// One end's account of a conversation.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, Message)]
pub struct Account {
    /// Messages that came.
    pub notes: Tally,
    /// Calls that were handled.
    pub asks: Tally,
    /// Messages that were sent.
    pub notes_sent: u32,
    /// Calls that were answered.
    pub asks_answered: u32,
    /// Calls that ended in any other way, or with another's answer.
    pub asks_failed: u32,
    /// How long the slowest call took, in milliseconds.
    pub slowest_ms: u32,
    /// Why the connection was lost, each time.
    pub detached: Vec<String>,
    /// How often it came back.
    pub resumed: u32,
    /// Where the peer was, one after the other.
    pub addresses: Vec<String>,
}

/// An account that handlers and hooks write into. Clones are the same account.
#[derive(Debug, Clone, Default)]
pub struct Book {
    account: Arc<Mutex<Account>>,
    closes: Arc<AtomicBool>,
}

/// How often each end says something.
const EVERY: Duration = Duration::from_millis(50);

impl Tally {
    /// A number has come.
    pub fn take(&mut self, number: u32) {
        if number < self.next {
            self.repeated += 1;
        } else {
            self.lost += number - self.next;
            self.next = number + 1;
        }
    }

    /// Numbers that have not come of so many that were sent.
    pub const fn missing(&self, sent: u32) -> u32 {
        self.lost + sent.saturating_sub(self.next)
    }
}

impl Book {
    /// The account, to write into.
    pub fn open(&self) -> MutexGuard<'_, Account> {
        self.account.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The peer is there, at this address; its port does not matter.
    pub fn seen_at(&self, address: &impl ToString) {
        let address = address.to_string();
        let host = address.rsplit_once(':').map_or(&*address, |(host, _)| host);
        let mut account = self.open();
        if account.addresses.last().map(String::as_str) != Some(host) {
            account.addresses.push(host.to_owned());
        }
    }

    /// Whoever [`talk`](Self::talk)s comes to an end.
    pub fn close(&self) {
        self.closes.store(true, Ordering::SeqCst);
    }

    /// Sends a message and makes a call now and then, each with its next number, until the book is closed and the last
    /// call has ended. `ask` says what the answer was.
    pub async fn talk<A>(&self, note: impl Fn(u32) -> Notified, ask: impl Fn(u32) -> A)
    where
        A: Future<Output = Option<u32>>,
    {
        let notes = async {
            let mut beat = beat();
            while !self.closes.load(Ordering::SeqCst) {
                beat.tick().await;
                let number = self.open().notes_sent;
                // What was not taken is not lost: its number comes again.
                self.open().notes_sent += u32::from(note(number) == Notified::Sent);
            }
        };
        let asks = async {
            let (mut beat, mut number) = (beat(), 0);
            while !self.closes.load(Ordering::SeqCst) {
                beat.tick().await;
                let began = Instant::now();
                let is_right = ask(number).await == Some(number);
                let mut account = self.open();
                account.slowest_ms = account.slowest_ms.max(began.elapsed().as_millis() as u32);
                *(if is_right { &mut account.asks_answered } else { &mut account.asks_failed }) += 1;
                number += 1;
            }
        };
        tokio::join!(notes, asks);
    }
}

fn beat() -> Interval {
    let mut beat = interval(EVERY);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    beat
}
