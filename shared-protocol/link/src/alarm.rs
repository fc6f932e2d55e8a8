//! The one timer of a session's task. Knows when it is to go off, and nothing of why.

use std::pin::Pin;
use std::task::{Context as TaskContext, Waker};
use std::time::Instant;

use pin_project_lite::pin_project;
use tokio::time::{Sleep, sleep_until};

/// Wakes the task that has set it. Takes next to no memory until it is set first.
#[derive(Debug, Default)]
pub(crate) struct Alarm(Option<Pin<Box<Set>>>);

pin_project! {
    #[project = Parts]
    #[derive(Debug)]
    struct Set {
        #[pin]
        sleep: Sleep,
        // When it goes off; `None` once it was cleared.
        at: Option<Instant>,
        // Whom it wakes then.
        waker: Waker,
    }
}

impl Alarm {
    /// Whether it was set to a time that has come.
    pub(crate) fn has_gone_off(&self, now: Instant) -> bool {
        self.0.as_ref().and_then(|set| set.at).is_some_and(|at| at <= now)
    }

    /// Nothing is waited for.
    pub(crate) fn clear(&mut self) {
        if let Some(set) = &mut self.0 {
            *set.as_mut().project().at = None;
        }
    }

    /// Sees to it that the task is woken by then: false if that is now. `now` may be a little old.
    pub(crate) fn is_pending(
        &mut self,
        next: Option<Instant>,
        now: Instant,
        cx: &mut TaskContext<'_>,
    ) -> bool {
        let Some(next) = next else { return true };
        let deadline = tokio::time::Instant::from_std(next);
        let Some(set) = &mut self.0 else {
            let set = Set { sleep: sleep_until(deadline), at: Some(next), waker: cx.waker().clone() };
            return self.0.insert(Box::pin(set)).as_mut().project().sleep.poll(cx).is_pending();
        };
        let Parts { mut sleep, at, waker } = set.as_mut().project();
        // One that goes off too early looks and is set again; that is cheaper than moving it for every call.
        if at.is_none_or(|at| next < at) {
            *at = Some(next);
            sleep.as_mut().reset(deadline);
        } else if at.is_some_and(|at| now < at) && waker.will_wake(cx.waker()) {
            // Asked before, by the same task, and not gone off at that time: the task is woken when it does, or has been since.
            return true;
        }
        waker.clone_from(cx.waker());
        sleep.poll(cx).is_pending()
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::task::Poll;
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;
    use crate::shared::now;

    const LATER: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn it_goes_off_at_the_earliest_time_asked_for() {
        let (mut alarm, began) = (Alarm::default(), now());
        poll_fn(|cx| {
            assert!(alarm.is_pending(None, began, cx));
            assert!(!alarm.has_gone_off(began), "not set");
            for next in [3, 1, 2].map(|times| began + LATER * times) {
                assert!(alarm.is_pending(Some(next), began, cx));
            }
            Poll::Ready(())
        })
        .await;
        let over = poll_fn(|cx| match alarm.is_pending(Some(began + LATER * 2), now(), cx) {
            true => Poll::Pending,
            false => Poll::Ready(now()),
        })
        .await;
        assert!(over.duration_since(began + LATER) < Duration::from_millis(2), "{over:?}");
        assert!(alarm.has_gone_off(over));
        alarm.clear();
        assert!(poll_fn(|cx| Poll::Ready(alarm.is_pending(Some(now() + LATER), now(), cx))).await);
        assert!(!alarm.has_gone_off(now()));
    }

    #[tokio::test(start_paused = true)]
    async fn it_wakes_the_task_that_asked_last() {
        let mut alarm = Alarm::default();
        let next = Some(now() + LATER);
        let asked = tokio::time::Instant::now();
        let spawned = tokio::spawn(async move {
            poll_fn(|cx| Poll::Ready(alarm.is_pending(next, asked.into_std(), cx))).await;
            alarm
        });
        let mut alarm = spawned.await.unwrap();
        let goes_off = poll_fn(|cx| match alarm.is_pending(next, now(), cx) {
            true => Poll::Pending,
            false => Poll::Ready(()),
        });
        // Whoever is not woken by it is by this, and finds that it has gone off.
        timeout(LATER * 2, goes_off).await.expect("it goes off");
        assert!(asked.elapsed() < LATER * 3 / 2);
    }
}
