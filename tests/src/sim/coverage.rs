//! Which events met which states of the session machine: every pair is counted, those that cannot meet are named with the
//! reason, and whoever runs the simulator is told what never met.

use farcall_protocol::Side;
use farcall_protocol::wire::{Frame, RawFrame};

macro_rules! listed {
    ($(#[doc = $what:literal] $name:ident { $(#[doc = $doc:literal] $variant:ident),* $(,)? })*) => {
        $(
            #[doc = $what]
            #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
            pub enum $name {
                $(#[doc = $doc] $variant,)*
            }

            impl $name {
                /// All of them.
                pub const ALL: &'static [Self] = &[$(Self::$variant),*];
            }
        )*
    };
}

listed! {
    /// Where a session is, as its user sees it just before something is done to it.
    State {
        /// It has a connection.
        Attached,
        /// A server's that has one, whose client has not said yet that it knows its new token.
        TokenDue,
        /// It has one, and frames to write again.
        Replaying,
        /// It has none.
        Detached,
        /// It is over.
        Closed,
    }
    /// What is done to a session: a frame that comes, or what its user asks of it.
    Happening {
        /// A Call frame comes.
        Call,
        /// A Result frame comes.
        Result,
        /// A Notify frame comes.
        Notify,
        /// A Cancel frame comes.
        Cancel,
        /// A Void frame comes.
        Void,
        /// An Ack frame comes.
        Ack,
        /// A Ping frame comes.
        Ping,
        /// A Pong frame comes.
        Pong,
        /// A Latest frame comes.
        Latest,
        /// A Droppable frame comes.
        Droppable,
        /// A `TokenOk` frame comes.
        TokenOk,
        /// A Close frame comes.
        Close,
        /// What comes is no frame of a session.
        Garbage,
        /// A call is made.
        MakeCall,
        /// A notify is given.
        GiveNotify,
        /// A latest value is given.
        GiveLatest,
        /// A lossy message is given.
        GiveDroppable,
        /// A call is answered.
        Reply,
        /// A call's caller goes away.
        Abandon,
        /// What is due by itself is let happen.
        Timeout,
        /// Its connection is given up.
        GiveUp,
        /// It goes on over another connection.
        Resume,
        /// It is closed.
        End,
        /// The writer takes what there is.
        TakeOutput,
    }
}

impl Happening {
    /// Those that come from the peer.
    pub const FRAMES: &'static [Self] = Self::ALL.split_at(Self::Garbage as usize + 1).0;

    /// A frame has come.
    pub fn of(raw: RawFrame<'_>) -> Self {
        match Frame::read(raw) {
            Ok(Frame::Call { .. }) => Self::Call,
            Ok(Frame::Result { .. }) => Self::Result,
            Ok(Frame::Notify { .. }) => Self::Notify,
            Ok(Frame::Cancel { .. }) => Self::Cancel,
            Ok(Frame::Void) => Self::Void,
            Ok(Frame::Ack { .. }) => Self::Ack,
            Ok(Frame::Ping { .. }) => Self::Ping,
            Ok(Frame::Pong { .. }) => Self::Pong,
            Ok(Frame::Latest { .. }) => Self::Latest,
            Ok(Frame::Droppable { .. }) => Self::Droppable,
            Ok(Frame::TokenOk) => Self::TokenOk,
            Ok(Frame::Close { .. }) => Self::Close,
            Err(_) => Self::Garbage,
        }
    }
}

/// One end, one state, one thing done.
pub type Pair = (Side, State, Happening);

/// Pairs that cannot be, and why. Everything else a long enough run must meet.
type Impossible = (fn(Pair) -> bool, &'static str);
const IMPOSSIBLE: &[Impossible] = &[
    (
        |(side, state, _)| side == Side::Client && state == State::TokenDue,
        "only a server gives tokens, so only a server waits until one is confirmed",
    ),
    (
        |(side, state, what)| {
            side == Side::Client
                && matches!(state, State::Attached | State::Replaying)
                && what == Happening::Resume
        },
        "a client comes back only after it has given its connection up; taking over is what its server sees of that",
    ),
];

/// Why a pair cannot be, if it cannot.
pub fn impossible(pair: Pair) -> Option<&'static str> {
    IMPOSSIBLE.iter().find(|(is, _)| is(pair)).map(|(_, why)| *why)
}

const STATES: usize = State::ALL.len();
const HAPPENINGS: usize = Happening::ALL.len();

/// How often each pair has been, at both ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Coverage([[[u64; HAPPENINGS]; STATES]; 2]);

impl Coverage {
    /// Nothing has been.
    pub const fn new() -> Self {
        Self([[[0; HAPPENINGS]; STATES]; 2])
    }

    /// This has been.
    pub const fn count(&mut self, (side, state, what): Pair) {
        self.0[side as usize][state as usize][what as usize] += 1;
    }

    /// Both.
    pub fn add(&mut self, other: &Self) {
        let theirs = other.0.as_flattened().as_flattened();
        for (ours, theirs) in self.0.as_flattened_mut().as_flattened_mut().iter_mut().zip(theirs) {
            *ours += theirs;
        }
    }

    /// How often a pair has been.
    pub const fn of(&self, (side, state, what): Pair) -> u64 {
        self.0[side as usize][state as usize][what as usize]
    }

    /// Possible pairs.
    pub fn possible() -> usize {
        pairs().filter(|pair| impossible(*pair).is_none()).count()
    }

    /// Possible pairs that have never been.
    pub fn missing(&self) -> Vec<Pair> {
        pairs().filter(|pair| impossible(*pair).is_none() && self.of(*pair) == 0).collect()
    }

    /// Pairs that have been and cannot be: the table is wrong.
    pub fn wrong(&self) -> Vec<(Pair, &'static str)> {
        pairs().filter(|pair| self.of(*pair) > 0).filter_map(|pair| Some((pair, impossible(pair)?))).collect()
    }
}

impl Default for Coverage {
    fn default() -> Self {
        Self::new()
    }
}

/// Every pair.
fn pairs() -> impl Iterator<Item = Pair> {
    super::world::SIDES.into_iter().flat_map(|side| {
        State::ALL.iter().flat_map(move |&state| Happening::ALL.iter().map(move |&what| (side, state, what)))
    })
}
