//! What the server's hooks see and say, written down and checked as it happens. Hooks' panics are caught by the server, so
//! what may not be is kept and told at the end. On a clock that is
//! `start_paused = true`.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use farcall_protocol::CloseReason;
use farcall_server::{
    Admission, Arrival, CloseCode, DuplicateLogin, Player, Refusal, Server, SessionEvent, Uid,
};
use farcall_tests::chance::Chance;

use super::ms;

/// The hooks of one server.
#[derive(Debug)]
pub struct Book {
    policy: DuplicateLogin,
    pages: Mutex<Pages>,
}

#[derive(Debug)]
struct Pages {
    chance: Chance,
    began: tokio::time::Instant,
    /// The server, for a look at who is there.
    server: Option<Server>,
    shutdown: Shutdown,
    /// In the order in which they began.
    lives: Vec<Life>,
    /// What each player has saved: how many of its sessions have been closed.
    saves: HashMap<Uid, u64>,
    wrong: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shutdown {
    NotYet,
    Begun,
    Done,
}

/// A session, as the hooks have told of it.
#[derive(Debug)]
struct Life {
    player: Player,
    attached: bool,
    /// Its `closed` hook has been called, and has returned.
    closing: bool,
    saved: bool,
}

/// What a session carries: the save as it was loaded.
#[derive(Debug)]
pub struct Carried {
    loaded: u64,
}

impl Book {
    pub fn new(policy: DuplicateLogin, seed: u64) -> Self {
        let pages = Pages {
            chance: Chance::new(seed),
            began: tokio::time::Instant::now(),
            server: None,
            shutdown: Shutdown::NotYet,
            lives: Vec::new(),
            saves: HashMap::new(),
            wrong: Vec::new(),
        };
        Self { policy, pages: Mutex::new(pages) }
    }

    /// From now on this server is looked at.
    pub fn watch(&self, server: &Server) {
        self.pages.lock().unwrap().server = Some(server.clone());
    }

    /// Each of its questions and hooks takes up to 50 ms, often no time at all.
    fn pause(&self) -> Duration {
        let chance = &mut self.pages.lock().unwrap().chance;
        if chance.percent(30) { Duration::ZERO } else { ms(chance.below(50) as u64) }
    }

    /// Who may enter, and the hooks.
    pub fn admission(self: &Arc<Self>) -> Admission<Carried> {
        let [judge, load, opened, changed, closed] = std::array::from_fn(|_| self.clone());
        Admission::new(move |arrival: Arrival| {
            let pause = judge.pause();
            async move {
                tokio::time::sleep(pause).await;
                Ok::<_, Refusal>(arrival.uid)
            }
        })
        .session(move |arrival: Arrival| {
            let (book, pause) = (load.clone(), load.pause());
            async move {
                let loaded = book.loads(&arrival.uid, None);
                tokio::time::sleep(pause).await;
                book.loads(&arrival.uid, Some(loaded));
                Ok(Carried { loaded })
            }
        })
        .opened(move |player| opened.opened(player))
        .changed(move |player, event| changed.changed(player, event))
        .closed(move |ended| {
            let (book, pause) = (closed.clone(), closed.pause());
            async move {
                book.closing(&ended.player, ended.reason.code);
                tokio::time::sleep(pause).await;
                book.saves(&ended.player, ended.session.loaded);
            }
        })
    }

    /// Whether whoever is there keeps its place.
    pub fn first_wins(&self) -> bool {
        self.policy == DuplicateLogin::RejectNew
    }

    fn places(&self) -> usize {
        match self.policy {
            DuplicateLogin::Allow(max) => max,
            DuplicateLogin::KickOld | DuplicateLogin::RejectNew => 1,
        }
    }

    /// A save is being read, or has been: no older session is still going to write it.
    fn loads(&self, uid: &Uid, began_with: Option<u64>) -> u64 {
        let mut pages = self.pages.lock().unwrap();
        let value = pages.saves.get(uid).copied().unwrap_or(0);
        let unsaved = pages.of(uid).filter(|life| !life.saved);
        let unsaved: Vec<_> = unsaved.map(|life| life.closing || !life.player.session().is_open()).collect();
        let (count, due) = (unsaved.len(), unsaved.contains(&true));
        if self.places() == 1 {
            pages.check(count == 0, || format!("{uid}'s save is read while it is in use"));
            pages.check(began_with.is_none_or(|began| began == value), || {
                format!("{uid}'s save was written while it was read")
            });
        } else {
            // One that was to stay may end while another is loaded, but not before: then it is waited for, too.
            pages.check(count < self.places(), || format!("{uid}'s save is read for a third"));
            let is_beside = due && began_with.is_none();
            pages.check(!is_beside, || format!("{uid}'s save is read while another session writes it"));
        }
        value
    }

    fn opened(&self, player: &Player) {
        let mut pages = self.pages.lock().unwrap();
        let ended = pages.shutdown == Shutdown::Done;
        pages.check(!ended, || "a session began when the server had ended".into());
        let is_new = pages.life(player).is_none();
        pages.check(is_new, || "a session opened twice".into());
        pages.lives.push(Life { player: player.clone(), attached: true, closing: false, saved: false });
        pages.look(self.places());
    }

    fn changed(&self, player: &Player, event: &SessionEvent) {
        let mut pages = self.pages.lock().unwrap();
        let attaches = matches!(event, SessionEvent::Resumed { .. });
        let legal = match pages.life(player) {
            Some(life) => {
                std::mem::replace(&mut life.attached, attaches) != attaches && !life.closing && !life.saved
            }
            None => false,
        };
        pages.check(legal, || format!("{event:?} at a wrong time"));
        pages.look(self.places());
    }

    fn closing(&self, player: &Player, code: CloseCode) {
        let mut pages = self.pages.lock().unwrap();
        let was_there = pages.life(player).is_some_and(|life| life.attached);
        let kept = code != CloseCode::Replaced || !was_there || !self.first_wins();
        pages.check(kept, || "who was there first lost its place".into());
        let once =
            pages.life(player).is_some_and(|life| !std::mem::replace(&mut life.closing, true) && !life.saved);
        pages.check(once, || "`closed` without `opened`, or twice".into());
        pages.check(!player.session().is_open(), || "`closed` of a session that is open".into());
        pages.look(self.places());
    }

    fn saves(&self, player: &Player, loaded: u64) {
        let mut pages = self.pages.lock().unwrap();
        let uid = player.session().uid().clone();
        let save = pages.saves.entry(uid.clone()).or_default();
        let found = *save;
        *save += 1;
        // Another session has written what this one does not know: whatever that held is there twice, or lost.
        let is_current = found == loaded || self.places() > 1;
        pages.check(is_current, || format!("{uid} loaded {loaded} and found {found} when it saved"));
        let once = pages.life(player).is_some_and(|life| !std::mem::replace(&mut life.saved, true));
        pages.check(once, || "saved twice".into());
        let ended = pages.shutdown == Shutdown::Done;
        pages.check(!ended, || "a save when the server had ended".into());
    }

    /// A handler runs: of a session that is open, and where only one may be, of the newest.
    pub fn works(&self, player: &Player) {
        let mut pages = self.pages.lock().unwrap();
        let uid = player.session().uid().clone();
        let open = pages.of(&uid).filter(|life| life.player.session().is_open());
        let is_newest = open.rev().take(self.places()).any(|life| life.is(player) && !life.closing);
        pages.check(is_newest, || format!("a handler of {uid} ran after its session's place was taken"));
        pages.look(self.places());
    }

    /// Whoever does something looks who is there.
    pub fn look(&self) {
        self.pages.lock().unwrap().look(self.places());
    }

    /// The game removes a player.
    pub fn kicks(&self, uid: &str) {
        let mut pages = self.pages.lock().unwrap();
        let Some(server) = pages.server.clone() else { return };
        server.kick(uid, "a race");
        pages.check(server.sessions(uid).is_empty(), || format!("{uid} was kicked and is there"));
    }

    pub fn shuts_down(&self) {
        self.pages.lock().unwrap().shutdown = Shutdown::Begun;
    }

    pub fn is_shut_down(&self) {
        let mut pages = self.pages.lock().unwrap();
        pages.shutdown = Shutdown::Done;
        let saved = pages.lives.iter().all(|life| life.saved);
        pages.check(saved, || "the server ended before its hooks".into());
    }

    /// Whether the server ends, or has ended.
    pub fn is_ending(&self) -> bool {
        self.pages.lock().unwrap().shutdown != Shutdown::NotYet
    }

    /// A client has been told how its session ended.
    pub fn client_ended(&self, reason: &CloseReason) {
        use CloseCode as C;
        let expected = matches!(
            reason.code,
            C::Done
                | C::Shutdown
                | C::Kicked
                | C::Replaced
                | C::ConnectionLost
                | C::PeerSilent
                | C::NotResumable
                | C::AlreadyConnected
        );
        self.check(expected, || format!("a client's session ended as {reason:?}"));
    }

    pub fn check(&self, is_so: bool, wrong: impl FnOnce() -> String) {
        self.pages.lock().unwrap().check(is_so, wrong);
    }

    /// Everything is over: nothing was wrong, and every session that began has ended. How many there were. Lets go
    /// of the server, which holds this.
    pub fn is_done(&self) -> u64 {
        let mut pages = self.pages.lock().unwrap();
        pages.server = None;
        let lives = std::mem::take(&mut pages.lives);
        assert!(pages.wrong.is_empty(), "{}", pages.wrong.join("\n"));
        assert!(lives.iter().all(|life| life.closing && life.saved), "not closed: {lives:?}");
        assert_eq!(pages.saves.values().sum::<u64>(), lives.len() as u64);
        lives.len() as u64
    }
}

impl Life {
    fn is(&self, player: &Player) -> bool {
        self.player.session().id() == player.session().id()
    }
}

impl Pages {
    fn check(&mut self, is_so: bool, wrong: impl FnOnce() -> String) {
        if !is_so {
            let at = self.began.elapsed().as_millis();
            self.wrong.push(format!("after {at} ms: {}", wrong()));
        }
    }

    fn life(&mut self, player: &Player) -> Option<&mut Life> {
        self.lives.iter_mut().find(|life| life.is(player))
    }

    fn of(&self, uid: &Uid) -> impl DoubleEndedIterator<Item = &Life> {
        self.lives.iter().filter(move |life| life.player.session().uid() == uid)
    }

    /// Nobody has more places than there are.
    fn look(&mut self, places: usize) {
        let Some(server) = self.server.clone() else { return };
        for uid in ["ann", "bob"] {
            let there = server.sessions(uid).len();
            self.check(there <= places, || format!("{uid} is there {there} times"));
        }
    }
}
