//! A connection that can break: bytes on their way in each direction, cut at any of them, with or without a word to
//! the reader.

use farcall_protocol::Side;
use farcall_protocol::handshake::{AwaitingAuth, AwaitingHello, AwaitingReply, AwaitingVerdict};

/// One connection between the two ends.
#[derive(Debug)]
pub struct Conn {
    pipes: [Pipe; 2],
    /// What is written goes nowhere, and the ends may not know it yet.
    broken: bool,
    /// How far the server has got with it.
    pub server: ServerHalf,
    /// How far the client has got with it.
    pub client: ClientHalf,
}

/// Bytes in one direction.
#[derive(Debug, Default)]
pub struct Pipe {
    /// All that was ever written and has survived.
    bytes: Vec<u8>,
    /// How many of them have arrived.
    arrived: usize,
    /// How many of those have been read as whole frames.
    read: usize,
    /// After them the reader is told that the connection is gone.
    ends: bool,
}

/// The server's half.
#[derive(Debug)]
pub enum ServerHalf {
    /// Nothing has been heard.
    Hello(Option<AwaitingHello>),
    /// Who is it?
    Auth(Option<AwaitingAuth>),
    /// It carries the session, as long as no other connection does.
    Session,
    /// Hung up.
    Over,
}

/// The client's half.
#[derive(Debug)]
pub enum ClientHalf {
    /// Waits for the server's choice.
    Reply(Option<AwaitingReply>),
    /// Waits for the verdict.
    Verdict(Option<AwaitingVerdict>),
    /// It carries the session.
    Session,
    /// Hung up.
    Over,
}

impl Conn {
    /// A connection on which the client has begun.
    pub fn new(hello: AwaitingHello, reply: AwaitingReply) -> Self {
        Self::at(ServerHalf::Hello(Some(hello)), ClientHalf::Reply(Some(reply)))
    }

    /// The one over which the session began.
    pub fn established() -> Self {
        Self::at(ServerHalf::Session, ClientHalf::Session)
    }

    fn at(server: ServerHalf, client: ClientHalf) -> Self {
        Self { pipes: [Pipe::default(), Pipe::default()], broken: false, server, client }
    }

    /// One end writes.
    pub fn write(&mut self, from: Side, bytes: &[u8]) {
        let pipe = &mut self.pipes[from as usize];
        if !self.broken && !pipe.ends {
            pipe.bytes.extend_from_slice(bytes);
        }
    }

    /// Bytes of one end that have not arrived.
    pub fn on_the_way(&self, from: Side) -> usize {
        let pipe = &self.pipes[from as usize];
        pipe.bytes.len() - pipe.arrived
    }

    /// So many of them arrive.
    pub fn arrive(&mut self, from: Side, bytes: usize) {
        let pipe = &mut self.pipes[from as usize];
        pipe.arrived = (pipe.arrived + bytes).min(pipe.bytes.len());
    }

    /// Takes what has arrived and was not read, to be put back with what was read of it.
    pub fn unread(&mut self, from: Side) -> (Vec<u8>, std::ops::Range<usize>) {
        let pipe = &mut self.pipes[from as usize];
        (std::mem::take(&mut pipe.bytes), pipe.read..pipe.arrived)
    }

    /// Puts it back.
    pub fn was_read(&mut self, from: Side, mut bytes: Vec<u8>, read: usize) {
        let pipe = &mut self.pipes[from as usize];
        pipe.read += read;
        // Reading may have led to writing, but never in this direction.
        debug_assert!(pipe.bytes.is_empty());
        if pipe.read == bytes.len() {
            bytes.clear();
            (pipe.arrived, pipe.read) = (0, 0);
        }
        pipe.bytes = bytes;
    }

    /// Whether the reader learns now that the writer is gone: all that survived has arrived.
    pub fn is_at_end(&self, from: Side) -> bool {
        self.pipes[from as usize].ends && self.on_the_way(from) == 0
    }

    /// Bytes on their way are lost from these on, everything later too; `told` says which writers' readers learn it.
    pub fn cut(&mut self, survive: [usize; 2], told: [bool; 2]) {
        self.broken = true;
        for ((pipe, survive), told) in self.pipes.iter_mut().zip(survive).zip(told) {
            pipe.bytes.truncate(pipe.arrived + survive);
            pipe.ends |= told;
        }
    }

    /// One end writes no more, and reads no more.
    pub fn hang_up(&mut self, side: Side, told: bool) {
        match side {
            Side::Server => self.server = ServerHalf::Over,
            Side::Client => self.client = ClientHalf::Over,
        }
        self.pipes[side as usize].ends |= told;
    }

    /// Both readers learn that a broken connection is broken.
    pub fn tell(&mut self) {
        if self.broken {
            self.pipes.iter_mut().for_each(|pipe| pipe.ends = true);
        }
    }

    /// Whether bytes can still arrive or an end be told.
    pub const fn is_over(&self) -> bool {
        matches!((&self.server, &self.client), (ServerHalf::Over, ClientHalf::Over))
    }

    /// Whether it has been cut.
    pub const fn is_broken(&self) -> bool {
        self.broken
    }
}
