//! Sessions that outlive their connections (P-60 to P-67): here what the connections do; the tests stand beside.

mod bounds;
mod calls;
mod endings;
mod replay;

use super::*;
use crate::contract::Delivery;

impl Pair {
    /// A pair whose session waits a minute for another connection.
    fn lasting() -> Self {
        Self::lasting_with(|_, _| ())
    }

    fn lasting_with(change: impl FnOnce(&mut Limits, &mut Limits)) -> Self {
        Self::with(|server, client| {
            server.resume_window = secs(60);
            change(server, client);
        })
    }

    /// The connection breaks: of what each side (server, client) had on its way so many bytes still arrive.
    fn cut_after(&mut self, survive: [usize; 2]) {
        let now = self.now;
        for (side, survive) in [Server, Client].into_iter().zip(survive) {
            let mut bytes = std::mem::take(&mut self.end(side).pipe);
            bytes.truncate(survive);
            self.end(side.other()).read(&bytes, now);
        }
        for side in [Server, Client] {
            self.lose(side);
        }
    }

    /// Everything on its way is lost.
    fn cut(&mut self) {
        self.cut_after([0, 0]);
    }

    /// This end finds its connection gone.
    fn lose(&mut self, side: Side) {
        let now = self.now;
        let end = self.end(side);
        end.give_up(CloseCode::ConnectionLost.into(), now);
        end.unread.clear();
        end.pipe.clear();
        (end.held, end.stuck) = (false, false);
    }

    /// One end goes on from what the other has.
    fn go_on(&mut self, side: Side, peer: resume::Taken) -> Result<(), CloseReason> {
        let now = self.now;
        let end = self.end(side);
        end.unread.clear();
        end.pipe.clear();
        let mut events = Vec::new();
        let result = end.session.resume(peer, side == Server, now, &mut events);
        end.note(events, now);
        result
    }

    /// The server gives the session back; what it says does not arrive yet.
    fn give_back(&mut self) -> resume::Taken {
        let said = self.session(Client).taken();
        let taken = self.session(Server).taken();
        self.go_on(Server, said).expect("positions that fit");
        taken
    }

    /// The client hears that it has its session back, and confirms its token.
    fn returned(&mut self, taken: resume::Taken) {
        self.go_on(Client, taken).expect("positions that fit");
        self.end(Client).pipe = bytes_of(&Frame::TokenOk);
    }

    /// Another connection, from end to end; nothing has flowed over it yet.
    fn reconnect(&mut self) {
        let taken = self.give_back();
        self.returned(taken);
    }

    /// The same, and what waits flows.
    fn come_back(&mut self) {
        self.reconnect();
        self.flow();
        assert!(self.session(Server).is_attached() && self.session(Client).is_attached());
    }

    fn heard(&mut self, side: Side) -> Vec<Vec<u8>> {
        self.end(side).said.iter().map(|(_, body)| body.clone()).collect()
    }

    fn detached_for(&mut self, side: Side) -> Option<CloseCode> {
        self.session(side).detached().map(|(_, reason)| reason.code)
    }
}
