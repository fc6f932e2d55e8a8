//! Asking many at once, and each one's answer.

use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::task::{Context as TaskContext, Poll};
use std::time::Duration;

use farcall_link::Call;
use farcall_protocol::{Answer, CallError, Uid};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;

/// A call to many, each answered for itself: await it for all answers, or take each as it comes with
/// [`next`](Self::next).
#[must_use = "calls are sent when they are awaited"]
pub struct Gather<R: Answer> {
    unsent: Vec<(Uid, Call<R>)>,
    sent: FuturesUnordered<Asked<R>>,
}

impl<R: Answer> std::fmt::Debug for Gather<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Gather").field("waiting", &(self.unsent.len() + self.sent.len())).finish()
    }
}

/// One player asked.
struct Asked<R: Answer> {
    uid: Uid,
    call: Call<R>,
}

impl<R: Answer> Future for Asked<R> {
    type Output = (Uid, Reply<R>);

    fn poll(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Self::Output> {
        let reply = std::task::ready!(Pin::new(&mut self.call).poll(cx));
        Poll::Ready((self.uid.clone(), reply))
    }
}

/// How one player's call ended.
type Reply<R> = Result<<R as Answer>::Ok, CallError<<R as Answer>::Err>>;

/// Each player's answer.
type Answers<R> = Vec<(Uid, Reply<R>)>;

impl<R: Answer> Gather<R> {
    pub(super) fn of(unsent: Vec<(Uid, Call<R>)>) -> Self {
        Self { unsent, sent: FuturesUnordered::new() }
    }

    /// Gives up on whoever has not answered after this time. Say it before the first answer is awaited.
    pub fn within(mut self, time: Duration) -> Self {
        self.unsent = self.unsent.into_iter().map(|(uid, call)| (uid, call.within(time))).collect();
        self
    }

    /// The next answer, in the order in which they come; `None` when everybody has answered or been given up.
    /// Dropping the wait loses nothing; dropping the gathering cancels what is unanswered.
    pub async fn next(&mut self) -> Option<(Uid, Reply<R>)> {
        self.send();
        self.sent.next().await
    }

    fn send(&mut self) {
        self.sent.extend(self.unsent.drain(..).map(|(uid, call)| Asked { uid, call }));
    }
}

impl<R: Answer> IntoFuture for Gather<R> {
    type Output = Answers<R>;
    type IntoFuture = Pin<Box<dyn Future<Output = Answers<R>> + Send>>;

    fn into_future(mut self) -> Self::IntoFuture {
        self.send();
        Box::pin(self.sent.collect())
    }
}
