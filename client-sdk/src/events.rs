//! What happens to a client's session, as a stream of events. Each comes once, in legal order.

use farcall_link::Peer;
use farcall_protocol::{CloseReason, ServedByServer};

/// Something that happened to the session.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClientEvent {
    /// It is logged in.
    Opened,
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
    Closed,
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
                self.next = Next::Closed;
                Some(ClientEvent::Opened)
            }
            Next::Closed => {
                let reason = self.server.session().closed().await;
                self.next = Next::Nothing;
                Some(ClientEvent::Closed(reason))
            }
            Next::Nothing => None,
        }
    }
}
