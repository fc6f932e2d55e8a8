//! Latest values: at most one unsent value per route, scope and key; a newer one replaces it. A value is kept
//! until the peer confirms it, so that after a resume the newest can be written again (it converges).
//! Never ahead of logged frames that were sent before it: each value remembers the log's end at its time.

use bytes::Bytes;

use super::log::Diverged;
use crate::limits::Limits;
use crate::wire::Target;

/// What a newer value replaces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct LatestKey {
    /// The route.
    pub route: crate::ids::RouteId,
    /// Which group it is sent to; 0 for the peer itself.
    pub scope: u64,
    /// The sender's own key within them.
    pub key: u64,
}

#[derive(Debug)]
struct Value {
    key: LatestKey,
    to: Target,
    body: Bytes,
    /// The log's end when this value was given: what must be written before it.
    after: u64,
    /// Its number, once written.
    number: Option<u64>,
}

/// One direction's latest values.
#[derive(Debug)]
pub(super) struct Latest {
    kept: Option<Box<Kept>>,
    /// Values written so far: the last number given.
    numbered: u64,
    /// The last number confirmed.
    confirmed: u64,
}

/// What is not confirmed. Most sessions have nothing of the kind most of the time.
#[derive(Debug, Default)]
struct Kept {
    // Few keys in practice: a scan beats a map, and keeps the order of first use.
    values: Vec<Value>,
    bytes: usize,
    unsent: usize,
}

/// No place for another key, or for this many bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Full;

impl Latest {
    pub(super) const fn new() -> Self {
        Self { kept: None, numbered: 0, confirmed: 0 }
    }

    /// Puts a value in its place, within these limits.
    pub(super) fn put(
        &mut self,
        key: LatestKey,
        to: Target,
        body: Bytes,
        after: u64,
        limits: &Limits,
    ) -> Result<(), Full> {
        let kept = self.kept.get_or_insert_default();
        let place = kept.values.iter().position(|value| value.key == key);
        let freed = place.map_or(0, |at| kept.values[at].body.len());
        if kept.bytes - freed + body.len() > limits.latest_bytes_max
            || (place.is_none() && kept.values.len() >= limits.latest_keys_max)
        {
            return Err(Full);
        }
        kept.bytes = kept.bytes - freed + body.len();
        let value = Value { key, to, body, after, number: None };
        match place {
            Some(at) => {
                kept.unsent += usize::from(kept.values[at].number.is_some());
                kept.values[at] = value;
            }
            None => {
                kept.unsent += 1;
                kept.values.push(value);
            }
        }
        Ok(())
    }

    /// Takes for writing what is unsent and whose time has come; `is_sent_up_to` speaks of log positions.
    pub(super) fn take(
        &mut self,
        is_sent_up_to: impl Fn(u64) -> bool,
        mut write: impl FnMut(u64, Target, &Bytes),
    ) {
        let Some(kept) = self.kept.as_mut().filter(|kept| kept.unsent > 0) else { return };
        for value in &mut kept.values {
            if value.number.is_none() && is_sent_up_to(value.after) {
                self.numbered += 1;
                kept.unsent -= 1;
                value.number = Some(self.numbered);
                write(self.numbered, value.to, &value.body);
            }
        }
    }

    /// Whether anything could be written now.
    pub(super) fn has_ready(&self, is_sent_up_to: impl Fn(u64) -> bool) -> bool {
        self.kept.as_ref().filter(|kept| kept.unsent > 0).is_some_and(|kept| {
            kept.values.iter().any(|value| value.number.is_none() && is_sent_up_to(value.after))
        })
    }

    /// The peer has taken every value up to this number. False if that is no news.
    pub(super) fn confirm(&mut self, number: u64) -> Result<bool, Diverged> {
        if number > self.numbered {
            return Err(Diverged);
        }
        if number <= self.confirmed {
            return Ok(false);
        }
        self.confirmed = number;
        if let Some(kept) = &mut self.kept {
            kept.forget(number);
        }
        self.kept.take_if(|kept| kept.values.is_empty());
        Ok(true)
    }

    /// The session goes on over another connection, and the peer has every value up to this number: those written
    /// after it are written again, under new numbers (they converge).
    pub(super) fn resume(&mut self, number: u64) -> Result<(), Diverged> {
        self.confirm(number)?;
        if let Some(kept) = &mut self.kept {
            kept.values.iter_mut().for_each(|value| value.number = None);
            kept.unsent = kept.values.len();
        }
        Ok(())
    }

    /// The session is over.
    pub(super) fn clear(&mut self) {
        self.kept = None;
    }

    /// The last number confirmed.
    pub(super) const fn confirmed(&self) -> u64 {
        self.confirmed
    }

    pub(super) const fn bytes(&self) -> usize {
        match &self.kept {
            Some(kept) => kept.bytes,
            None => 0,
        }
    }
}

impl Kept {
    /// The peer has what was written up to this number.
    fn forget(&mut self, number: u64) {
        let bytes = &mut self.bytes;
        self.values.retain(|value| {
            let keep = value.number.is_none_or(|written| written > number);
            if !keep {
                *bytes -= value.body.len();
            }
            keep
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{RouteId, Signature};

    fn key(key: u64) -> LatestKey {
        LatestKey { route: RouteId(1), scope: 0, key }
    }

    fn to() -> Target {
        Target { route: RouteId(1), signature: Signature(1), trace: None }
    }

    fn put(latest: &mut Latest, key: LatestKey, body: impl Into<Bytes>, after: u64) -> Result<(), Full> {
        let limits = Limits { latest_keys_max: 2, latest_bytes_max: 10, ..Limits::default() };
        latest.put(key, to(), body.into(), after, &limits)
    }

    fn take(latest: &mut Latest, sent_to: u64) -> Vec<(u64, Bytes)> {
        let mut taken = Vec::new();
        latest.take(|after| after <= sent_to, |number, _, body| taken.push((number, body.clone())));
        taken
    }

    #[test]
    fn a_newer_value_replaces_an_unsent_one() {
        let mut latest = Latest::new();
        for value in ["a", "b", "c"] {
            put(&mut latest, key(0), value, 0).unwrap();
        }
        assert_eq!(take(&mut latest, 0), [(1, Bytes::from("c"))]);
        assert_eq!(take(&mut latest, 0), []);
    }

    #[test]
    fn a_value_waits_for_what_was_logged_before_it() {
        let mut latest = Latest::new();
        put(&mut latest, key(0), "a", 5).unwrap();
        assert_eq!(take(&mut latest, 4), []);
        assert_eq!(take(&mut latest, 5).len(), 1);
    }

    #[test]
    fn a_value_is_kept_until_confirmed_and_a_replaced_one_is_not_confirmed_by_the_old_number() {
        let mut latest = Latest::new();
        put(&mut latest, key(0), "old", 0).unwrap();
        take(&mut latest, 0);
        put(&mut latest, key(0), "new", 0).unwrap();
        assert_eq!(latest.confirm(1), Ok(true));
        assert_eq!(latest.confirm(1), Ok(false));
        assert_eq!(take(&mut latest, 0), [(2, Bytes::from("new"))]);
        assert_eq!(latest.confirm(2), Ok(true));
        assert_eq!(latest.bytes(), 0);
        assert_eq!(latest.confirm(3), Err(Diverged));
    }

    #[test]
    fn keys_and_bytes_are_bounded() {
        let mut latest = Latest::new();
        put(&mut latest, key(0), "12345", 0).unwrap();
        put(&mut latest, key(1), "12345", 0).unwrap();
        assert_eq!(put(&mut latest, key(2), Bytes::new(), 0), Err(Full));
        assert_eq!(put(&mut latest, key(1), "123456", 0), Err(Full));
        assert_eq!(put(&mut latest, key(1), "1234", 0), Ok(()));
    }
}
