//! Logging in and coming back, with the real frames: what the client says of its session, and what the server checks
//! before it gives it back (R1 to R8).

use bytes::BytesMut;
use farcall_protocol::handshake::{
    Admitted, AwaitingHello, Connecting, Credential, Dismissed, Established, Login, Return, Token,
    TokenVerdict, Tokens, Verdict,
};
use farcall_protocol::session::Taken;
use farcall_protocol::wire::{Frame, RawFrame, Split, split};
use farcall_protocol::{Announced, CloseCode, CloseReason, Limits, SessionId, Side, Uid, codec::Codec};

use super::conn::{ClientHalf, Conn, ServerHalf};
use super::malice::is_far;
use super::world::World;
use crate::chance::Chance;

/// What the server keeps beside the session.
#[derive(Debug)]
pub struct Host {
    session: SessionId,
    tokens: Tokens,
    /// Which start of the server this is.
    pub epoch: u64,
    time_us: u64,
}

/// What the client keeps beside the session.
#[derive(Debug)]
pub struct Player {
    /// Its session.
    pub session: SessionId,
    /// What it was last given.
    pub token: Token,
    epoch: u64,
    attempt: u32,
    /// The connection on which it is coming back.
    pub trying: Option<usize>,
}

/// What the server makes of a Resume.
pub enum Answer {
    /// What the server has taken, and the next token.
    Back(Taken, Token),
    /// Not, and why.
    Dismissed(Dismissed),
    /// Nothing is said: the connection is closed.
    HungUp,
}

/// A client of that name, which may come back.
pub fn connecting(uid: &str, chance: &mut Chance, resume: Option<Return>) -> Connecting {
    Connecting {
        uid: Uid::new(uid).expect("a uid"),
        credential: Credential::Bearer(format!("{uid}'s secret")),
        build: 1,
        metadata: Vec::new(),
        nonce: chance.bytes(),
        takes: Announced::from(&Limits::default()),
        codecs: vec![Codec::Bincode],
        can_return: true,
        resume,
    }
}

/// The frame at the front.
pub fn raw(bytes: &[u8]) -> RawFrame<'_> {
    match split(bytes, Limits::LOGIN_FRAME_BYTES_MAX) {
        Ok(Split::Frame(raw)) => raw,
        other => panic!("not a frame: {other:?}"),
    }
}

/// A first login on a connection that does not break: what both ends know then, the server's first.
pub fn first(limits: &[Limits; 2], chance: &mut Chance) -> ([Established; 2], Host, Player) {
    let (mut up, mut down) = (BytesMut::new(), BytesMut::new());
    let mut connecting = connecting("ann", chance, None);
    connecting.takes = Announced::from(&limits[Side::Client as usize]);
    let reply = connecting.start(&mut up);
    let hello = up.split_to(raw(&up).wire_bytes);
    let epoch = chance.next();
    let auth = AwaitingHello { epoch, nonce: chance.bytes() }.hello(raw(&hello), &mut down).expect("a hello");
    let verdict = reply.reply(raw(&down.split()), &mut BytesMut::new()).expect("a reply");
    let login = auth.auth(raw(&up)).expect("an auth");
    let (session, token) = (SessionId(chance.bytes()), Token(chance.bytes()));
    let tokens = Tokens::new(&token);
    let admitted = Admitted {
        uid: login.uid.clone(),
        session,
        token,
        limits: &limits[Side::Server as usize],
        time_us: 1_000_000,
    };
    let ours = login.admit(admitted, &mut down);
    let Verdict::Welcome(theirs) = verdict.verdict(raw(&down)).expect("a welcome") else {
        panic!("not welcomed")
    };
    let token = theirs.resume_token.clone().expect("a token");
    let host = Host { session, tokens, epoch, time_us: 1_000_000 };
    let player = Player { session, token, epoch: theirs.epoch, attempt: 0, trying: None };
    ([ours, theirs], host, player)
}

impl World {
    /// The client tries to come back, on a connection of its own.
    pub fn come_back(&mut self) {
        self.player.attempt += 1;
        let truth = self.ends[Side::Client as usize].session.taken();
        let resume = Return {
            session: self.player.session,
            token: self.player.token.clone(),
            epoch: self.player.epoch,
            attempt: self.player.attempt,
            taken: self.maybe_lied(truth, Side::Client, self.conns.len()),
        };
        let mut out = BytesMut::new();
        let reply = connecting("ann", &mut self.chance, Some(resume)).start(&mut out);
        let hello = AwaitingHello { epoch: self.host.epoch, nonce: self.chance.bytes() };
        let mut conn = Conn::new(hello, reply);
        conn.write(Side::Client, &out);
        self.trace.bytes(&out);
        self.conns.push(conn);
        self.player.trying = Some(self.conns.len() - 1);
        self.counts.attempts += 1;
    }

    /// The server reads a frame of a login.
    pub fn host_reads(&mut self, conn: usize, raw: RawFrame<'_>) {
        let mut out = BytesMut::new();
        let next = match &mut self.conns[conn].server {
            ServerHalf::Hello(hello) => {
                let hello = hello.take().expect("a state");
                ServerHalf::Auth(Some(hello.hello(raw, &mut out).expect("an honest hello")))
            }
            ServerHalf::Auth(auth) => {
                let login = auth.take().expect("a state").auth(raw).expect("an honest return");
                self.host_answers(conn, login, &mut out)
            }
            ServerHalf::Session | ServerHalf::Over => ServerHalf::Over,
        };
        let is_over = matches!(next, ServerHalf::Over);
        self.trace.bytes(&out);
        self.conns[conn].server = next;
        self.conns[conn].write(Side::Server, &out);
        if is_over {
            self.conns[conn].hang_up(Side::Server, true);
        }
    }

    fn host_answers(&mut self, conn: usize, login: Login, out: &mut BytesMut) -> ServerHalf {
        match self.judge(&login) {
            Answer::Back(taken, token) => {
                if let Some(old) = self.current[Side::Server as usize].replace(conn) {
                    // Superseded: nothing of the old connection is taken any more (R5).
                    self.counts.takeovers += 1;
                    let told = self.chance.percent(50);
                    self.conns[old].hang_up(Side::Server, told);
                }
                self.counts.resumes += 1;
                self.host.time_us += 1;
                let said = self.maybe_lied(taken, Side::Server, conn);
                login.give_back(said, &token, self.host.time_us, out);
                ServerHalf::Session
            }
            Answer::Dismissed(why) => {
                self.counts.dismissed += 1;
                login.dismiss(why, out);
                ServerHalf::Over
            }
            Answer::HungUp => ServerHalf::Over,
        }
    }

    /// What a server checks, cheap first (R2); until all is well nothing is changed (R7).
    pub fn judge(&mut self, login: &Login) -> Answer {
        let claimed = login.resume.as_ref().expect("a return");
        let not_resumable = Answer::Dismissed(Dismissed { code: CloseCode::NotResumable, position: None });
        if claimed.epoch != self.host.epoch {
            return Answer::Dismissed(Dismissed { code: CloseCode::Restarted, position: None });
        }
        let verdict = self.host.tokens.judge(&claimed.token, claimed.attempt);
        if claimed.session != self.host.session || verdict == TokenVerdict::Unknown {
            return not_resumable;
        }
        if verdict == TokenVerdict::Late {
            return Answer::HungUp;
        }
        if login.uid.as_str() != "ann" || login.bearer() != Some("ann's secret") {
            return not_resumable;
        }
        assert_eq!(verdict, TokenVerdict::Valid, "the honest client's token was taken for stolen");
        let end = &mut self.ends[Side::Server as usize];
        if end.session.closed().is_some() {
            let position = self.chance.percent(70).then(|| end.session.taken().position);
            return Answer::Dismissed(Dismissed { code: CloseCode::NotResumable, position });
        }
        let taken = end.session.taken();
        let resumed = end.resume(claimed.taken, true, &mut self.history, self.now);
        assert!(resumed.is_err() || !is_far(claimed.taken), "went on from what was never sent");
        if let Err(reason) = resumed {
            let code = reason.code;
            self.end_session(Side::Server, reason, None);
            return Answer::Dismissed(Dismissed { code, position: None });
        }
        let next = Token(self.chance.bytes());
        self.host.tokens.renew(&claimed.token, claimed.attempt, &next);
        Answer::Back(taken, next)
    }

    /// The client has confirmed its token.
    pub fn host_confirms(&mut self) {
        if std::mem::take(&mut self.ends[Side::Server as usize].token_confirmed) {
            self.host.tokens.confirm();
        }
    }

    /// The client reads a frame of a login.
    pub fn player_reads(&mut self, conn: usize, raw: RawFrame<'_>) {
        let half = std::mem::replace(&mut self.conns[conn].client, ClientHalf::Over);
        match half {
            ClientHalf::Reply(Some(reply)) => {
                let verdict = reply.reply(raw, &mut BytesMut::new()).expect("an honest reply");
                self.conns[conn].client = ClientHalf::Verdict(Some(verdict));
            }
            ClientHalf::Verdict(Some(verdict)) => {
                self.player.trying = None;
                match verdict.verdict(raw).expect("an honest verdict") {
                    Verdict::Resumed(returned) => self.player_returns(conn, returned.taken, returned.token),
                    Verdict::Dismissed(why) => {
                        let host = &self.ends[Side::Server as usize].session;
                        let is_over = host.closed().is_some() || why.code == CloseCode::Restarted;
                        assert!(is_over, "locked out of a live session: {why:?}");
                        let reason = CloseReason::theirs(why.code, "");
                        self.end_session(Side::Client, reason, why.position);
                        self.conns[conn].hang_up(Side::Client, true);
                    }
                    Verdict::Welcome(_) => panic!("a login that nobody asked for"),
                }
            }
            _ => {}
        }
    }

    fn player_returns(&mut self, conn: usize, taken: Taken, token: Token) {
        let end = &mut self.ends[Side::Client as usize];
        let resumed = end.resume(taken, false, &mut self.history, self.now);
        assert!(resumed.is_err() || !is_far(taken), "went on from what was never sent");
        if let Err(reason) = resumed {
            // Its time ran out while the answer was on its way; else the two ends disagree.
            let was_over = self.ends[Side::Client as usize].session.closed().is_some();
            assert!(was_over || self.history.lied, "an honest session diverged: {reason}");
            self.end_session(Side::Client, reason, None);
            self.conns[conn].hang_up(Side::Client, true);
            return;
        }
        self.player.token = token;
        let mut out = BytesMut::new();
        Frame::TokenOk.put(&mut out);
        self.conns[conn].write(Side::Client, &out);
        self.conns[conn].client = ClientHalf::Session;
        self.current[Side::Client as usize] = Some(conn);
    }
}
