//! What happens to a client's session, as a stream of events. Each comes once, in legal order.

use std::time::Duration;

use farcall_link::{Peer, SessionEvent};
use farcall_protocol::{CloseReason, ServedByServer};

/// Something that happened to the session.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClientEvent {
    /// It is logged in.
    Opened,
    /// It has lost its connection and is on its way back. Calls and messages wait.
    Detached(CloseReason),
    /// It has a connection again.
    Resumed {
        /// Frames of this end that are written again.
        replayed: u64,
        /// How long it had none.
        away: Duration,
    },
    /// It is over. The last event.
    Closed(CloseReason),
}

/// Events of one session. Ask with [`next`](Self::next).
#[derive(Debug)]
pub struct Events {
    server: Peer<ServedByServer>,
    next: Next,
}

#[derive(Debug, Clone, Copy)]
enum Next {
    Opened,
    /// Whatever happens after so many events.
    After(u64),
    Nothing,
}

impl Events {
    pub(crate) const fn new(server: Peer<ServedByServer>) -> Self {
        Self { server, next: Next::Opened }
    }

    /// The next event; `None` after the last. Dropping the wait loses nothing.
    pub async fn next(&mut self) -> Option<ClientEvent> {
        match self.next {
            Next::Opened => {
                self.next = Next::After(0);
                Some(ClientEvent::Opened)
            }
            Next::After(mut seen) => {
                let session = self.server.session();
                let event = match session.next_event(&mut seen).await {
                    Some(SessionEvent::Detached(reason)) => ClientEvent::Detached(reason),
                    Some(SessionEvent::Resumed { replayed, away }) => ClientEvent::Resumed { replayed, away },
                    Some(_) | None => {
                        let reason = session.closed().await;
                        self.next = Next::Nothing;
                        return Some(ClientEvent::Closed(reason));
                    }
                };
                self.next = Next::After(seen);
                Some(event)
            }
            Next::Nothing => None,
        }
    }
}
