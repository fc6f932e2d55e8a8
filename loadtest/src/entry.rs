//! A contender with its types forgotten, so that a list of them can be run in turn. One box per round, none per call.

use std::net::SocketAddr;
use std::time::Duration;

use futures_util::future::BoxFuture;

use crate::contender::{Contender, Server};
use crate::ends;
use crate::failure::Trouble;
use crate::plan::Direction;
use crate::process;
use crate::push::{Audience, Telling};
use crate::round::{self, Outcome, Round};
use crate::snapshots;

/// Enters a contender for [`run`](crate::run).
pub fn entry<C: Contender>(contender: C) -> Entry {
    Entry(Box::new(Entered(contender)))
}

/// A contender in the list that [`run`](crate::run) takes.
pub struct Entry(Box<dyn Roles>);

impl Entry {
    /// The contender's name.
    pub fn name(&self) -> &'static str {
        self.0.name()
    }

    /// What a run asks of it.
    pub(crate) fn steps(&self) -> &dyn Steps {
        &*self.0
    }

    /// What its child processes do.
    pub(crate) fn roles(&self) -> &dyn Roles {
        &*self.0
    }
}

/// The steps of a run.
pub(crate) trait Steps: Send + Sync {
    /// The contender's name.
    fn name(&self) -> &'static str;

    /// What it sets other than the default.
    fn changed_limits(&self) -> Vec<String>;

    /// One round, measured here.
    fn measure<'a>(&'a self, round: &'a Round<'a>) -> BoxFuture<'a, Result<Outcome, Trouble>>;
}

/// What the other end does, in a child process.
pub(crate) trait Roles: Steps {
    /// Answers as a server until stdin closes.
    fn serve(&self, at: SocketAddr) -> BoxFuture<'_, Result<(), Trouble>>;

    /// Answers as `bots` clients until stdin closes; says what they have received, if it is asked how often.
    fn join(
        &self,
        to: SocketAddr,
        bots: usize,
        tell_every: Option<Duration>,
    ) -> BoxFuture<'_, Result<(), Trouble>>;

    /// Watches snapshots as `bots` clients, of whom `stalled` do not read, until stdin closes.
    fn watch(&self, to: SocketAddr, bots: usize, stalled: usize) -> BoxFuture<'_, Result<(), Trouble>>;
}

struct Entered<C>(C);

impl<C: Contender> Steps for Entered<C> {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn changed_limits(&self) -> Vec<String> {
        self.0.changed_limits()
    }

    fn measure<'a>(&'a self, round: &'a Round<'a>) -> BoxFuture<'a, Result<Outcome, Trouble>> {
        Box::pin(round::measure(self.0, round))
    }
}

impl<C: Contender> Roles for Entered<C> {
    fn serve(&self, at: SocketAddr) -> BoxFuture<'_, Result<(), Trouble>> {
        Box::pin(async move {
            let server = ends::serve(self.0, at, Direction::ToServer).await?;
            // A parent that is gone already has closed our stdin too.
            let _ = process::say(&server.address());
            process::stdin_closes().await;
            Ok(())
        })
    }

    fn join(
        &self,
        to: SocketAddr,
        bots: usize,
        tell_every: Option<Duration>,
    ) -> BoxFuture<'_, Result<(), Trouble>> {
        Box::pin(async move {
            let joined = ends::join(self.0, to, bots).await;
            let joined = joined.map_err(|why| Trouble::Clients { wanted: bots, why })?;
            let _ = process::say(&format!("{} joined", joined.len()));
            let audience = Audience::of(joined);
            let _telling = tell_every
                .map(|every| Telling::start(&audience, every, |received| process::say(&received)))
                .transpose()?;
            process::stdin_closes().await;
            Ok(())
        })
    }

    fn watch(&self, to: SocketAddr, bots: usize, stalled: usize) -> BoxFuture<'_, Result<(), Trouble>> {
        Box::pin(snapshots::watch(self.0, to, bots, stalled))
    }
}
