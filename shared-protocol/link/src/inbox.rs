//! Work for a game's own loop: calls, messages and callbacks of frame handlers, kept in arrival order until the
//! game polls. Bounded for each session; what a full inbox means is the dispatcher's to say.

use std::any::{Any, TypeId, type_name};
use std::collections::{BTreeMap, HashMap};
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use farcall_protocol::{CallId, RouteId, SessionId};
use tokio::sync::Notify;

use crate::router::Need;
use crate::shared::now;

/// What waits to be polled, of one client or of all sessions of one server.
#[derive(Debug, Default)]
pub struct Inbox {
    waiting: Mutex<Waiting>,
    /// The type that frame handlers take, where there are any.
    frame: Option<Need>,
    polling: AtomicBool,
    /// Told after every poll, and when a handler of a session that is over has returned.
    polled: Notify,
}

/// Work in arrival order.
#[derive(Debug, Default)]
struct Waiting {
    /// By place. A map and not a queue: behind one item that waits, latest values replace each other for as long as
    /// nobody polls, and each leaves no gap behind.
    items: BTreeMap<u64, Item>,
    /// The place of the next one: places count from the beginning of time.
    next: u64,
    /// Where the latest value of a session's route waits.
    latest: HashMap<(SessionId, RouteId), u64>,
    /// What each session has here that counts: items and bytes.
    counts: HashMap<SessionId, (usize, usize)>,
    /// Whose work is running.
    running: Option<SessionId>,
}

/// One piece of work. Dropping it unrun answers its call.
pub(crate) struct Item {
    pub(crate) session: SessionId,
    pub(crate) call: Option<CallId>,
    /// Set for latest values: a newer one of the same route replaces it.
    pub(crate) latest: Option<RouteId>,
    /// What it counts against its session's bound; `None` for callbacks, which this end's own calls bound.
    pub(crate) bytes: Option<usize>,
    pub(crate) run: FrameWork,
}

/// Work on the frame.
pub(crate) type FrameWork = Box<dyn FnOnce(&mut dyn Any) + Send>;

impl std::fmt::Debug for Item {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Item")
            .field("session", &self.session)
            .field("call", &self.call)
            .finish_non_exhaustive()
    }
}

/// What a poll did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Polled {
    /// Handlers and callbacks that ran.
    pub ran: usize,
    /// Those that still wait: the budget was spent.
    pub left: usize,
}

/// Why nothing was polled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PollError {
    /// The frame is of another type than the handlers take.
    #[error("frame handlers take `&mut {expected}`, this poll was given `&mut {given}`")]
    WrongFrame {
        /// What they take.
        expected: &'static str,
        /// What it was given.
        given: &'static str,
    },
    /// Another thread is polling, or a frame handler polls again.
    #[error("polled from two places at once")]
    AlreadyPolling,
}

/// A session has more waiting than it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct InboxFull;

impl Inbox {
    /// An inbox for frame handlers that take this type.
    pub fn new(frame: Option<Need>) -> Self {
        Self { frame, ..Self::default() }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds work behind what waits. `items_max` and `bytes_max` bound what one session may have here.
    ///
    /// # Errors
    /// There is more than that now. The item is kept all the same, for it has been taken from the peer; that no more
    /// comes is the caller's to see to.
    pub(crate) fn push(&self, item: Item, items_max: usize, bytes_max: usize) -> Result<(), InboxFull> {
        let mut waiting = self.lock();
        // A newer value goes to the back: not ahead of what was sent before it.
        let key = item.latest.map(|route| (item.session, route));
        let replaced =
            key.and_then(|key| waiting.latest.get(&key).copied()).and_then(|place| waiting.take(place));
        let (count, bytes) = waiting.counts.get(&item.session).copied().unwrap_or_default();
        let full = item.bytes.is_some_and(|more| count >= items_max || bytes + more > bytes_max);
        if !(full && cfg!(mutant = "15")) {
            waiting.push(item);
        }
        drop(waiting);
        // Outside the lock: it may hold what the user's closure captured.
        drop(replaced);
        if full { Err(InboxFull) } else { Ok(()) }
    }

    /// Takes a call back that has not been started.
    pub(crate) fn withdraw(&self, session: SessionId, call: CallId) -> Option<Item> {
        let mut waiting = self.lock();
        let is_it = |item: &Item| item.session == session && item.call == Some(call);
        let place = waiting.items.iter().find(|(_, item)| is_it(item)).map(|(&place, _)| place)?;
        waiting.take(place)
    }

    /// Forgets everything of a session but the callbacks of its own calls, which tell how they ended.
    pub(crate) fn forget(&self, session: SessionId) {
        let mut waiting = self.lock();
        if !waiting.counts.contains_key(&session) {
            return;
        }
        let counts = |item: &Item| item.session == session && item.bytes.is_some();
        let gone = waiting.items.iter().filter(|(_, item)| counts(item)).map(|(&place, _)| place);
        let gone: Vec<u64> = gone.collect();
        let gone: Vec<Option<Item>> = gone.into_iter().map(|place| waiting.take(place)).collect();
        drop(waiting);
        drop(gone);
    }

    /// Runs what waits, in order, on this thread, until the budget is spent: it stops *starting* work, and at least
    /// one piece is started, so that a loop with a small budget gets on. Work that arrives meanwhile waits for the
    /// next poll. A handler's panic fails its call only.
    ///
    /// # Errors
    /// [`PollError`]; nothing has run then.
    pub fn poll<T: 'static>(&self, frame: &mut T, budget: Duration) -> Result<Polled, PollError> {
        if let Some(expected) = self.frame.filter(|expected| (expected.id)() != TypeId::of::<T>()) {
            let (expected, given) = ((expected.name)(), type_name::<T>());
            return Err(PollError::WrongFrame { expected, given });
        }
        if self.polling.swap(true, Ordering::Acquire) {
            return Err(PollError::AlreadyPolling);
        }
        let _until_done = Polling(&self.polling);
        let began = now();
        let mut waiting = self.lock().items.len();
        let mut polled = Polled::default();
        while waiting > 0 && (polled.ran == 0 || now().saturating_duration_since(began) < budget) {
            let Some(item) = self.lock().start() else { break };
            waiting -= 1;
            polled.ran += 1;
            let run = item.run;
            // The item answers its own call when it unwinds; the panic itself has been reported by its hook.
            let _ = std::panic::catch_unwind(AssertUnwindSafe(|| run(frame)));
            self.lock().running = None;
        }
        polled.left = self.lock().items.len();
        self.polled.notify_waiters();
        Ok(polled)
    }

    /// Waits until no work of a session is running. Whatever of it waits has been forgotten before.
    pub(crate) async fn idle(&self, session: SessionId) {
        self.wait(|waiting| waiting.running != Some(session)).await;
    }

    /// Waits until a session has at most half of what it may have here: until its game has polled.
    pub async fn drained(&self, session: SessionId, items_max: usize, bytes_max: usize) {
        self.wait(|waiting| {
            let (items, bytes) = waiting.counts.get(&session).copied().unwrap_or_default();
            items <= items_max / 2 && bytes <= bytes_max / 2
        })
        .await;
    }

    async fn wait(&self, is_so: impl Fn(&Waiting) -> bool) {
        loop {
            let mut polled = std::pin::pin!(self.polled.notified());
            // Enabled before looking, so that a poll in between is not missed.
            polled.as_mut().enable();
            if is_so(&self.lock()) {
                return;
            }
            polled.await;
        }
    }

    /// How much waits.
    pub fn len(&self) -> usize {
        self.lock().items.len()
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Waiting {
    fn push(&mut self, item: Item) {
        let place = self.next;
        self.next += 1;
        if let Some(bytes) = item.bytes {
            let count = self.counts.entry(item.session).or_default();
            *count = (count.0 + 1, count.1 + bytes);
        }
        if let Some(route) = item.latest {
            self.latest.insert((item.session, route), place);
        }
        self.items.insert(place, item);
    }

    /// Takes the oldest, to be run now.
    fn start(&mut self) -> Option<Item> {
        let (&place, _) = self.items.first_key_value()?;
        let item = self.take(place);
        self.running = item.as_ref().map(|item| item.session);
        item
    }

    /// Takes the item at a place.
    fn take(&mut self, place: u64) -> Option<Item> {
        let item = self.items.remove(&place)?;
        if let Some(bytes) = item.bytes
            && let Some(count) = self.counts.get_mut(&item.session)
        {
            *count = (count.0 - 1, count.1 - bytes);
            if count.0 == 0 {
                self.counts.remove(&item.session);
            }
        }
        if let Some(route) = item.latest {
            self.latest.remove(&(item.session, route));
        }
        Some(item)
    }
}

struct Polling<'a>(&'a AtomicBool);

impl Drop for Polling<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn latest_values_behind_something_that_waits_take_the_room_of_one() {
        let inbox = Inbox::default();
        let item = |latest| Item {
            session: SessionId([0; 16]),
            call: None,
            latest,
            bytes: Some(8),
            run: Box::new(|_| {}),
        };
        assert_eq!(inbox.push(item(None), 2, 16), Ok(()));
        for _ in 0..10_000 {
            assert_eq!(inbox.push(item(Some(RouteId(1))), 2, 16), Ok(()));
        }
        assert_eq!(inbox.len(), 2);
        assert_eq!(inbox.push(item(None), 2, 16), Err(InboxFull));
        assert_eq!(inbox.poll(&mut (), Duration::MAX), Ok(Polled { ran: 3, left: 0 }));
        assert!(inbox.lock().counts.is_empty() && inbox.lock().latest.is_empty());
    }
}
