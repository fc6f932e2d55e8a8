//! Peers that lie about what they have, and strangers who try to take a player's place.

use bytes::BytesMut;
use farcall_protocol::Side;
use farcall_protocol::handshake::{AwaitingHello, Return, Token};
use farcall_protocol::session::Taken;

use super::login::{Answer, connecting, raw};
use super::world::World;
use crate::chance::Chance;

/// A peer says that it has taken something else than it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lie {
    /// Frames that were never sent.
    Beyond,
    /// Frames that were sent and lost.
    Near,
    /// Fewer frames than it has.
    Stale,
    /// Latest values that were never sent.
    LatestBeyond,
    /// Fewer latest values than it has.
    LatestStale,
}

impl Lie {
    /// One of them.
    pub fn any(chance: &mut Chance) -> Self {
        [Self::Beyond, Self::Near, Self::Stale, Self::LatestBeyond, Self::LatestStale][chance.below(5)]
    }

    /// What is said.
    fn tell(self, truth: Taken, chance: &mut Chance) -> Taken {
        let some = 1 + chance.below(4) as u64;
        let Taken { position, latest } = truth;
        match self {
            Self::Beyond => Taken { position: position + FAR, latest },
            Self::Near => Taken { position: position + some, latest },
            Self::Stale => Taken { position: position.saturating_sub(some), latest },
            Self::LatestBeyond => Taken { position, latest: latest + FAR },
            Self::LatestStale => Taken { position, latest: latest.saturating_sub(some) },
        }
    }
}

/// Further than anything is ever sent here.
const FAR: u64 = 1_000_000;

/// Whether a session must refuse to go on from there.
pub const fn is_far(said: Taken) -> bool {
    said.position >= FAR || said.latest >= FAR
}

impl World {
    /// What this end says that it has taken.
    pub fn maybe_lied(&mut self, truth: Taken, by: Side, conn: usize) -> Taken {
        if self.lie.is_none_or(|(liar, _)| liar != by) || self.chance.percent(50) {
            return truth;
        }
        let Some((_, lie)) = self.lie.take() else { return truth };
        self.history.lied = true;
        let said = lie.tell(truth, &mut self.chance);
        if said.position < truth.position {
            self.stale = Some(conn);
        }
        said
    }

    /// Somebody who is not the player tries to come back in the player's place (P6): with a token of its own and the
    /// player's credential, or with the player's token and its own credential.
    pub fn intrude(&mut self) {
        let has_token = self.chance.percent(50);
        let token = if has_token { self.player.token.clone() } else { Token(self.chance.bytes()) };
        let resume = Return {
            session: self.player.session,
            token,
            epoch: self.host.epoch,
            attempt: u32::MAX,
            taken: Taken { position: self.chance.next(), latest: self.chance.next() },
        };
        let uid = if has_token { "mallory" } else { "ann" };
        let (mut up, mut down) = (BytesMut::new(), BytesMut::new());
        connecting(uid, &mut self.chance, Some(resume)).start(&mut up);
        let hello = AwaitingHello { epoch: self.host.epoch, nonce: [0; 16] };
        let first = raw(&up);
        let auth = hello.hello(first, &mut down).expect("a hello");
        let login = auth.auth(raw(&up[first.wire_bytes..])).expect("a return");
        let session = &self.ends[Side::Server as usize].session;
        let before = (session.taken(), session.is_attached(), session.bytes_held(), session.counts());
        let answer = self.judge(&login);
        assert!(!matches!(answer, Answer::Back(..)), "an intruder was let in");
        let session = &self.ends[Side::Server as usize].session;
        let after = (session.taken(), session.is_attached(), session.bytes_held(), session.counts());
        assert_eq!(before, after, "an intruder disturbed the session");
    }
}
