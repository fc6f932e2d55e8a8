//! What is told of a handler's run: to whoever logs calls, and to nobody else.

use std::sync::Arc;

use farcall_protocol::CallError;

use crate::context::Current;
use crate::router::Entry;
use crate::shared::Shared;
use crate::trace::{self, Started};

/// What is told of a handler's run when it ends.
pub(crate) struct Handling {
    /// Only while calls are logged.
    logged: Option<(Arc<str>, usize, Current, Started)>,
}

impl Handling {
    pub(super) fn new(entry: &Entry, bytes: usize, current: Current) -> Self {
        Self { logged: Started::now().map(|started| (entry.name.clone(), bytes, current, started)) }
    }

    pub(crate) fn finished(&self, shared: &Shared, ended: Result<(), CallError<&[u8]>>) {
        if let Some((name, bytes, current, started)) = &self.logged {
            let ended = ended.map_err(|error| error.map_handler(|_| ()));
            trace::handled(shared, name, *bytes, current.trace, *started, ended);
        }
    }
}
