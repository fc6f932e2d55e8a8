//! The two ends, the connections between them, and time: what happens next is chance's, how it happens is a network's.

use std::time::{Duration, Instant};

use farcall_protocol::session::{Batch, Session};
use farcall_protocol::wire::{Split, split};
use farcall_protocol::{CloseReason, Limits, Side};

use super::conn::{Conn, ServerHalf};
use super::coverage::Happening;
use super::end::End;
use super::history::History;
use super::login::{self, Host, Player};
use super::malice::Lie;
use super::strays::Stray;
use crate::chance::{Chance, Trace};

/// Everything there is.
#[derive(Debug)]
pub struct World {
    /// What is to come.
    pub chance: Chance,
    /// What has been.
    pub trace: Trace,
    /// What was asked and what happened.
    pub history: History,
    /// Server and client.
    pub ends: [End; 2],
    /// Every connection there has been; by their numbers.
    pub conns: Vec<Conn>,
    /// Which of them carries the session, as each end believes.
    pub current: [Option<usize>; 2],
    /// The server beside its session.
    pub host: Host,
    /// The client beside its session.
    pub player: Player,
    /// A lie that is still to be told, and by whom.
    pub lie: Option<(Side, Lie)>,
    /// The connection on which a peer said that it has less than it has: what it is sent again there makes it count
    /// too far, which it cannot hide for long.
    pub stale: Option<usize>,
    /// What nobody asked for, still to happen.
    pub stray: Option<Stray>,
    /// Whether, when and what of it: beside the rest, which goes on as if there were none.
    pub mischief: Chance,
    /// Something of it has happened that an honest session may end by.
    pub disturbed: bool,
    /// Virtual time.
    pub now: Instant,
    /// What has been counted.
    pub counts: Counts,
}

/// What happened to connections.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Connections that were cut.
    pub cuts: u64,
    /// Times that a client tried to come back.
    pub attempts: u64,
    /// Times that a server gave a session back.
    pub resumes: u64,
    /// Times that it did while it believed in the old connection.
    pub takeovers: u64,
    /// Times that it did not give it back.
    pub dismissed: u64,
}

/// Both ends.
pub const SIDES: [Side; 2] = [Side::Server, Side::Client];

impl World {
    /// A session that begins, with these limits: the server's first.
    pub fn new(mut chance: Chance, limits: [Limits; 2], lie: Option<(Side, Lie)>, now: Instant) -> Self {
        let mut mischief = Chance::new(chance.clone().next() ^ 0x5742_4159);
        let (known, host, player) = login::first(&limits, &mut chance);
        let [server, client] = limits;
        let took = Duration::from_millis(20);
        let ends = [
            End::new(Side::Server, Session::new(Side::Server, &known[0], server, took, 1.0, now)),
            End::new(Side::Client, Session::new(Side::Client, &known[1], client, took, 1.0, now)),
        ];
        Self {
            chance,
            trace: Trace::new(),
            history: History::default(),
            ends,
            conns: vec![Conn::established()],
            current: [Some(0); 2],
            host,
            player,
            lie,
            stale: None,
            stray: Stray::any(&mut mischief),
            mischief,
            disturbed: false,
            now,
            counts: Counts::default(),
        }
    }

    /// One end, with what it needs to act.
    pub fn end(&mut self, side: Side) -> (&mut End, &mut Chance, &mut History) {
        (&mut self.ends[side as usize], &mut self.chance, &mut self.history)
    }

    /// The writer of an end gets to run. Whether it wrote anything.
    pub fn write(&mut self, side: Side) -> bool {
        let Some(conn) = self.current[side as usize] else { return false };
        let mut batch = Batch::new();
        self.ends[side as usize].write(&mut batch, self.now);
        for piece in &batch {
            self.trace.bytes(piece);
            self.conns[conn].write(side, piece);
        }
        !batch.is_empty()
    }

    /// Bytes arrive and are read.
    pub fn deliver(&mut self, conn: usize, from: Side, bytes: usize) {
        self.trace.note(((conn as u64) << 32) | bytes as u64);
        self.conns[conn].arrive(from, bytes);
        self.read(conn, from);
        if self.conns[conn].is_at_end(from) {
            self.lose(conn, from.other());
        }
    }

    fn read(&mut self, conn: usize, from: Side) {
        let to = from.other();
        let (bytes, range) = self.conns[conn].unread(from);
        let mut at = range.start;
        let partial = loop {
            let rest = &bytes[at..range.end];
            match self.read_one(conn, to, rest) {
                Read::Frame(wire_bytes) => at += wire_bytes,
                Read::Partial(needed) => break needed.filter(|_| !rest.is_empty()),
                Read::Nobody => {
                    at = range.end;
                    break None;
                }
            }
        };
        self.conns[conn].was_read(from, bytes, at - range.start);
        if self.current[to as usize] == Some(conn) && !range.is_empty() {
            self.ends[to as usize].session.heard(partial, self.now);
        }
    }

    fn read_one(&mut self, conn: usize, to: Side, rest: &[u8]) -> Read {
        if self.current[to as usize] == Some(conn) {
            return self.receive(to, rest);
        }
        let logs_in = match to {
            Side::Server => matches!(self.conns[conn].server, ServerHalf::Hello(_) | ServerHalf::Auth(_)),
            Side::Client => self.player.trying == Some(conn),
        };
        if !logs_in {
            return Read::Nobody;
        }
        match split(rest, Limits::LOGIN_FRAME_BYTES_MAX).expect("honest login frames") {
            Split::Frame(raw) => {
                match to {
                    Side::Server => self.host_reads(conn, raw),
                    Side::Client => self.player_reads(conn, raw),
                }
                Read::Frame(raw.wire_bytes)
            }
            Split::Partial { needed } => Read::Partial(Some(needed)),
        }
    }

    /// An end takes what comes first.
    pub fn receive(&mut self, to: Side, rest: &[u8]) -> Read {
        let end = &mut self.ends[to as usize];
        let raw = match end.session.split(rest) {
            Ok(Split::Frame(raw)) => raw,
            Ok(Split::Partial { needed }) => return Read::Partial(Some(needed)),
            Err(reason) => {
                end.count(Happening::Garbage);
                self.give_up(to, reason);
                return Read::Nobody;
            }
        };
        end.count(Happening::of(raw));
        let mut events = Vec::new();
        let result = end.session.receive(raw, self.now, &mut events);
        end.note(events, &mut self.history, self.now);
        self.host_confirms();
        match result {
            Ok(()) => Read::Frame(raw.wire_bytes),
            Err(reason) => {
                self.give_up(to, reason);
                Read::Nobody
            }
        }
    }

    /// An end gives its connection up; the session detaches or ends.
    pub fn give_up(&mut self, side: Side, reason: CloseReason) {
        self.ends[side as usize].give_up(reason, &mut self.history, self.now);
        self.after_end(side);
    }

    /// The session ends at one end.
    pub fn end_session(&mut self, side: Side, reason: CloseReason, position: Option<u64>) {
        self.ends[side as usize].close(reason, position, &mut self.history, self.now);
        self.after_end(side);
    }

    /// The last words, if there are any; then nothing more is written or read.
    fn after_end(&mut self, side: Side) {
        if self.ends[side as usize].session.closed().is_some() {
            self.ends[side as usize].stuck = false;
            while self.write(side) {}
            self.ends[side as usize].running.clear();
        }
        if let Some(conn) = self.current[side as usize].take() {
            let told = self.chance.percent(70);
            self.conns[conn].hang_up(side, told);
        }
    }

    /// An end learns that a connection is gone.
    fn lose(&mut self, conn: usize, side: Side) {
        if self.current[side as usize] == Some(conn) {
            self.give_up(side, farcall_protocol::CloseCode::ConnectionLost.into());
        } else if side == Side::Client && self.player.trying == Some(conn) {
            self.player.trying = None;
            self.conns[conn].hang_up(side, true);
        }
    }

    /// A connection is cut, somewhere in what is on its way.
    pub fn cut(&mut self, conn: usize) {
        if self.conns[conn].is_broken() || self.conns[conn].is_over() {
            return;
        }
        let survive = SIDES.map(|side| {
            let bytes = self.conns[conn].on_the_way(side);
            self.chance.below(bytes + 1)
        });
        let told = SIDES.map(|_| self.chance.percent(60));
        self.conns[conn].cut(survive, told);
        self.counts.cuts += 1;
    }

    /// Time passes; what happens by itself happens at its time, and the writers run then.
    pub fn pass(&mut self, time: Duration) {
        let until = self.now + time;
        for _ in 0..10_000 {
            let now = self.now;
            let next = self.ends.iter_mut().filter_map(|end| end.session.next_wake(now)).min();
            let at = next.map_or(until, |at| at.clamp(now, until));
            self.now = at;
            for side in SIDES {
                if let Some(reason) = self.ends[side as usize].tick(&mut self.history, at) {
                    self.give_up(side, reason);
                }
                self.write(side);
            }
            if at == until && next.is_none_or(|next| next > until) {
                return;
            }
        }
        panic!("time does not pass: {:?}", self.ends.each_ref().map(|end| end.session.next_timeout()));
    }
}

/// What reading came to.
pub enum Read {
    /// A frame of so many bytes was taken.
    Frame(usize),
    /// More has to come: so much in all, as far as is known.
    Partial(Option<usize>),
    /// Nobody reads here any more.
    Nobody,
}
