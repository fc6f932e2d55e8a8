//! Whom a server tells when sessions begin and end. Hooks are the game's code: a panic in one is logged and ends
//! nothing else.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;

use farcall_link::SessionEvent;
use farcall_protocol::CloseReason;
use futures_util::FutureExt;
use tracing::error;

use crate::Player;
use crate::admission::SessionData;

type Opened = Arc<dyn Fn(&Player) + Send + Sync>;
type Closed =
    Arc<dyn Fn(Player, SessionData, CloseReason) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync>;

type Changed = Arc<dyn Fn(&Player, &SessionEvent) + Send + Sync>;

/// The hooks of one server.
#[derive(Default)]
pub(crate) struct Hooks {
    pub(crate) opened: Option<Opened>,
    pub(crate) closed: Option<Closed>,
    pub(crate) changed: Option<Changed>,
}

impl std::fmt::Debug for Hooks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hooks")
            .field("opened", &self.opened.is_some())
            .field("closed", &self.closed.is_some())
            .field("changed", &self.changed.is_some())
            .finish()
    }
}

impl Hooks {
    pub(crate) fn opened(&self, player: &Player) {
        let Some(hook) = &self.opened else { return };
        if std::panic::catch_unwind(AssertUnwindSafe(|| hook(player))).is_err() {
            error!(target: "farcall", uid = %player.session().uid(), "the `opened` hook panicked");
        }
    }

    /// Tells of a session's lost and new connections until it is over.
    pub(crate) async fn tell_changes(&self, player: Player) {
        let Some(hook) = &self.changed else { return };
        let mut seen = 0;
        while let Some(event) = player.session().next_event(&mut seen).await {
            if std::panic::catch_unwind(AssertUnwindSafe(|| hook(&player, &event))).is_err() {
                error!(target: "farcall", uid = %player.session().uid(), "the `changed` hook panicked");
            }
        }
    }

    pub(crate) async fn closed(&self, player: Player, data: SessionData, reason: CloseReason) {
        let Some(hook) = &self.closed else { return };
        let uid = player.session().uid().clone();
        let called = AssertUnwindSafe(async move { hook(player, data, reason).await });
        if called.catch_unwind().await.is_err() {
            error!(target: "farcall", uid = %uid, "the `closed` hook panicked");
        }
    }
}
