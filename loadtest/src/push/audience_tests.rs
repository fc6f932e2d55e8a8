//! What an audience tells, of clients that receive on command.

use std::sync::atomic::AtomicU64;
use std::sync::mpsc;

use super::*;

/// A client that has received what it was told to have.
#[derive(Debug, Default)]
struct Told(AtomicU64);

impl Answerer for Told {
    fn received(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

fn have(audience: &Audience<Told>, counts: [u64; 3]) {
    audience.clients.iter().zip(counts).for_each(|(client, count)| client.0.store(count, Ordering::Relaxed));
}

fn three() -> (Audience<Told>, Looking<Told>) {
    let audience = Audience::of(vec![Told::default(), Told::default(), Told::default()]);
    let looking = Looking { clients: audience.clients.clone(), ahead: 0, least: 0 };
    (audience, looking)
}

#[test]
fn there_is_news_when_the_slowest_has_more() {
    let (audience, mut looking) = three();
    assert_eq!(looking.look(), None);
    have(&audience, [9, 9, 0]);
    assert_eq!(looking.look(), None);
    have(&audience, [9, 12, 3]);
    assert_eq!(looking.look(), Some(Received { least: 3, total: 24 }));
    assert_eq!(looking.look(), None, "the same is no news");
    have(&audience, [9, 12, 4]);
    assert_eq!(looking.look(), Some(Received { least: 4, total: 25 }));
}

#[test]
fn a_client_that_was_ahead_may_be_the_slowest_next() {
    let (audience, mut looking) = three();
    have(&audience, [1, 0, 1]);
    assert_eq!(looking.look(), None);
    have(&audience, [1, 7, 7]);
    assert_eq!(looking.look(), Some(Received { least: 1, total: 15 }));
    have(&audience, [1, 8, 8]);
    assert_eq!(looking.look(), None);
}

#[test]
fn news_are_told_until_nobody_wants_them() {
    let (audience, _) = three();
    let (tell, told) = mpsc::channel();
    let every = Duration::from_micros(100);
    let telling = Telling::start(&audience, every, move |news| tell.send(news).map_err(io::Error::other));
    have(&audience, [2, 2, 2]);
    let news = told.recv_timeout(Duration::from_secs(10)).unwrap();
    // The thread may have looked while the counts were being set: news then come in two.
    let last = if news.least == 2 { news } else { told.recv_timeout(Duration::from_secs(10)).unwrap() };
    assert_eq!(last, Received { least: 2, total: 6 });
    drop(telling);
    assert!(told.recv().is_err(), "the thread has ended, and its channel with it");
}

#[test]
fn news_survive_the_pipe() {
    let news = Received { least: 7, total: u64::MAX };
    assert_eq!(news.to_string().parse(), Ok(news));
    assert!("7".parse::<Received>().is_err() && "joined 7".parse::<Received>().is_err());
}
