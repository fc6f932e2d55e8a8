//! Coming to rest: nothing breaks any more, and everything is let end.

use std::time::Duration;

use farcall_protocol::Side;

use super::end::End;
use super::world::{SIDES, World};

impl World {
    /// When something happens next by itself, at most this far away.
    pub fn until_next(&mut self, at_most: Duration) -> Duration {
        let now = self.now;
        let next = self.ends.iter_mut().filter_map(|end| end.session.next_wake(now)).min();
        next.map_or(at_most, |at| at.saturating_duration_since(now).min(at_most))
    }

    /// Everything moves until nothing is left to move; handlers end, a client without a connection comes back.
    pub fn settle(&mut self) {
        for _ in 0..100_000 {
            let mut moved = false;
            for side in SIDES {
                self.ends[side as usize].stuck = false;
                moved |= self.write(side);
                while !self.ends[side as usize].running.is_empty() {
                    let now = self.now;
                    let (end, chance, history) = self.end(side);
                    end.answer_one(chance, history, now);
                    moved = true;
                }
            }
            for conn in 0..self.conns.len() {
                for side in SIDES {
                    let bytes = self.conns[conn].on_the_way(side);
                    moved |= bytes > 0;
                    self.deliver(conn, side, bytes);
                }
            }
            if self.is_away() && self.player.trying.is_none() {
                self.come_back();
                moved = true;
            }
            if !moved {
                return;
            }
        }
        panic!("the two ends never come to rest");
    }

    /// Whether the client has a session and no connection.
    pub fn is_away(&self) -> bool {
        self.ends[Side::Client as usize].session.detached().is_some()
    }

    /// Whether the session lives at both ends, on one connection, and both are done with everything.
    pub fn is_quiet(&self) -> bool {
        let [server, client] = &self.current;
        server.is_some() && server == client && self.ends.iter().all(End::is_idle)
    }

    /// How many ends know that it is over.
    pub fn closed(&self) -> usize {
        self.ends.iter().filter(|end| end.session.closed().is_some()).count()
    }
}
