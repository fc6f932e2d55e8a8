//! What can go wrong: `Failure` is counted by kind and the round goes on, `Trouble` ends the run with a sentence.

use std::io;
use std::net::SocketAddr;

/// Why one call or one connection failed. Counted by kind; the text is the kind's name in the report.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
#[non_exhaustive]
pub enum Failure {
    /// Nobody listens there, or the listener turned us away.
    #[error("connection refused")]
    Refused,
    /// The connection ended while calls were on it.
    #[error("connection lost")]
    Lost,
    /// Connecting took too long.
    #[error("connecting timed out")]
    ConnectTimeout,
    /// The process may not open more descriptors.
    #[error("too many open files (raise `ulimit -n`)")]
    DescriptorsExhausted,
    /// No local port was free towards this address.
    #[error("no free local port")]
    PortsExhausted,
    /// The call had no reply when the round ended and for a while after.
    #[error("no reply")]
    Unanswered,
    /// The open loop was due to start this call, but all allowed calls were in flight until the end.
    #[error("due but never started (over the rate that the answering end holds)")]
    NeverStarted,
    /// Another number of bytes, or other bytes, came back.
    #[error("wrong reply")]
    WrongReply,
    /// The peer broke the wire format.
    #[error("malformed frame")]
    Malformed,
    /// A body larger than the contender sends.
    #[error("body too large")]
    TooLarge,
    /// This contender's server cannot call its clients.
    #[error("this server cannot call its clients")]
    CannotCallClients,
    /// This contender's server cannot push to its clients.
    #[error("this server cannot push to its clients")]
    CannotPush,
    /// This contender's sessions end with their connections.
    #[error("this contender's sessions do not come back")]
    CannotResume,
    /// A session whose connection was cut had no other in a minute.
    #[error("did not come back")]
    NotBack,
    /// A push did not reach every client, because one was closed or had no room for it.
    #[error("a client was closed, or missed a push")]
    MissedPush,
    /// Clients have stopped receiving what was pushed to them.
    #[error("pushed, but not received by all")]
    NotReceived,
    /// The contender's code panicked in a bot.
    #[error("a bot panicked")]
    Panicked,
    /// One call ended otherwise, in the contender's own word ("busy", "deadline"); its connection lives on.
    #[error("{0}")]
    Call(&'static str),
    /// A step of a scenario failed, in its error's own words but for numbers.
    #[error("{0}")]
    Step(String),
}

impl Failure {
    /// The contender does not offer what the workload asks for: no failure, it is left out.
    pub fn leaves_out(&self) -> bool {
        matches!(self, Failure::CannotCallClients | Failure::CannotPush | Failure::CannotResume)
    }

    /// No further call on this connection can succeed.
    pub fn ends_connection(&self) -> bool {
        !matches!(self, Failure::Call(_) | Failure::WrongReply | Failure::TooLarge | Failure::Unanswered)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Failure {
        match (error.kind(), error.raw_os_error()) {
            (io::ErrorKind::ConnectionRefused, _) => Failure::Refused,
            (io::ErrorKind::TimedOut, _) => Failure::ConnectTimeout,
            (io::ErrorKind::AddrNotAvailable, _) => Failure::PortsExhausted,
            (_, Some(ENFILE | EMFILE)) => Failure::DescriptorsExhausted,
            _ => Failure::Lost,
        }
    }
}

/// Why a run cannot go on. What was measured before it is still reported.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Trouble {
    /// A name after `--contender` that nobody bears.
    #[error("no contender is called `{wanted}`; there are: {known}")]
    UnknownContender {
        /// What was asked for.
        wanted: String,
        /// Names that would have worked.
        known: String,
    },
    /// Options that make no sense together or go beyond a bound.
    #[error("{0}")]
    Options(String),
    /// Too few descriptors for the connections asked for.
    #[error(
        "{wanted} open files are needed but the limit is {soft} (hard limit {hard}): {advice}",
        advice = raise(*wanted, *hard)
    )]
    Descriptors {
        /// What the round needs.
        wanted: u64,
        /// What the process may open now.
        soft: u64,
        /// How far it may be raised without privileges.
        hard: u64,
    },
    /// Something else that this machine does not allow.
    #[error("{0}")]
    Limit(String),
    /// A round of sessions came to an end too early.
    #[error("stopped by {0}")]
    Stopped(String),
    /// The process of the other end did not come up.
    #[error("the other end did not start: {0}")]
    OtherEnd(String),
    /// The listening end could not start.
    #[error("cannot listen on {at}: {why}")]
    Listen {
        /// Where.
        at: SocketAddr,
        /// Why not.
        why: Failure,
    },
    /// The clients of workload E did not all come.
    #[error("the server could not reach its {wanted} clients: {why}")]
    Clients {
        /// How many were awaited.
        wanted: usize,
        /// What happened instead.
        why: Failure,
    },
    /// The user ended the run before this round had anything to report.
    #[error("interrupted")]
    Interrupted,
    /// The operating system refused something.
    #[error("{doing}: {why}")]
    System {
        /// What was attempted.
        doing: String,
        /// What it said.
        why: io::Error,
    },
}

impl Trouble {
    /// A limit of this machine, and nobody's failure.
    pub(crate) fn is_limit(&self) -> bool {
        matches!(self, Trouble::Descriptors { .. } | Trouble::Limit(_))
    }
}

/// What the user sets to get `wanted` descriptors.
fn raise(wanted: u64, hard: u64) -> String {
    if wanted <= hard {
        format!("run `ulimit -n {wanted}` first")
    } else {
        format!(
            "raise the hard limit (LimitNOFILE= or /etc/security/limits.conf) to {wanted}, or use fewer --bots"
        )
    }
}

// The two "too many open files" of errno.h, for the system and for the process; std has no kind for them.
const ENFILE: i32 = 23;
const EMFILE: i32 = 24;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_descriptor_limit_too_low_says_what_to_set() {
        let low = Trouble::Descriptors { wanted: 5_000, soft: 1_024, hard: 20_000 };
        assert!(low.to_string().ends_with("run `ulimit -n 5000` first"), "{low}");
        let hard = Trouble::Descriptors { wanted: 50_000, soft: 1_024, hard: 20_000 };
        assert!(hard.to_string().contains("hard limit (LimitNOFILE="), "{hard}");
    }

    #[test]
    fn an_exhausted_process_is_not_a_lost_connection() {
        assert_eq!(Failure::from(io::Error::from_raw_os_error(EMFILE)), Failure::DescriptorsExhausted);
        assert_eq!(Failure::from(io::Error::from(io::ErrorKind::ConnectionReset)), Failure::Lost);
    }
}
