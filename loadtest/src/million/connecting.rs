//! Connecting sessions within the bounds of a run: its user's patience, its time, the machine's memory. Says what stopped
//! it; what else a run does is not for this place.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use tokio::sync::watch;
use tokio::time::{interval, sleep_until};
use tokio_util::sync::CancellationToken;

use super::asked::Order;
use super::crew::{Crew, Gone};
use super::memory;
use super::orders::News;
use super::progress::SoFar;
use super::stopped::Reason;
use crate::failure::Failure;

/// Connects until there are `sessions`; why there are fewer, if there are.
pub(super) async fn connect(
    crew: &mut Crew,
    order: &Order,
    sessions: u64,
    until: Instant,
    stop: &CancellationToken,
) -> Option<Reason> {
    let stopped = tokio::select! {
        ended = crew.connect(order, sessions) => ended.err().map(|Gone| Reason::Process),
        () = stop.cancelled() => Some(Reason::Interrupt),
        () = sleep_until(until.into()) => Some(Reason::Time),
        () = memory_is_short() => Some(Reason::Memory),
    };
    if stopped.is_some() {
        crew.halt().await;
    }
    let news = crew.news();
    stopped.or_else(|| (SoFar::of(&news).held < sessions).then(|| why_failed(&failures(&news))))
}

/// Why sessions did not log in, of all clients.
pub(super) fn failures(news: &[watch::Receiver<News>]) -> BTreeMap<String, u64> {
    let mut all = BTreeMap::new();
    for news in news {
        for (why, times) in &news.borrow().failures {
            *all.entry(why.clone()).or_default() += times;
        }
    }
    all
}

/// Ends when the machine has too little memory left to go on safely.
async fn memory_is_short() {
    let mut looks = interval(LOOK_EVERY);
    loop {
        looks.tick().await;
        if memory::available_bytes().is_some_and(|left| left < LEFT_MIN_BYTES) {
            return;
        }
    }
}

/// What most of them came from.
fn why_failed(failures: &BTreeMap<String, u64>) -> Reason {
    let most = failures.iter().max_by_key(|(_, times)| **times).map(|(why, _)| why.as_str());
    let is = |failure: Failure| most == Some(&failure.to_string());
    if is(Failure::DescriptorsExhausted) {
        Reason::Descriptors
    } else if is(Failure::PortsExhausted) {
        Reason::Ports
    } else {
        Reason::Failures
    }
}

const LOOK_EVERY: Duration = Duration::from_millis(100);
/// Below it the next thing to end may be any process of the machine.
const LEFT_MIN_BYTES: u64 = 512 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fails_most_is_what_stopped_it() {
        let failed = |kinds: &[(&Failure, u64)]| {
            why_failed(&kinds.iter().map(|(why, times)| (why.to_string(), *times)).collect())
        };
        assert_eq!(failed(&[(&Failure::PortsExhausted, 9), (&Failure::Lost, 2)]), Reason::Ports);
        assert_eq!(failed(&[(&Failure::DescriptorsExhausted, 1)]), Reason::Descriptors);
        assert_eq!(failed(&[(&Failure::PortsExhausted, 1), (&Failure::Refused, 2)]), Reason::Failures);
    }
}
