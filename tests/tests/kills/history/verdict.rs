//! Whether what callers were told is true, once everything is over and every journal has been read to its end.

use farcall_tests::victim::{Ending, flour};

use super::{History, Session};

impl History {
    /// Everything is over, and every journal has been read to its end. Sessions that ended by another code than `Restarted`
    /// have lost nothing.
    pub fn check(&mut self) {
        for number in 0..self.calls.len() {
            self.count(number);
            if let Some(why) = self.why_untrue(number) {
                let what = format!("call {number}: {why}: {:?}", self.calls[number]);
                self.finds(what);
            }
        }
        for number in 0..self.sessions.len() {
            let session = &self.sessions[number];
            let (is_lost, left) = (self.is_lost(number), session.notes.front().copied());
            if session.over.is_none() {
                self.finds(format!("session {number} never ended"));
            }
            if let (false, Some(left)) = (is_lost, left) {
                self.finds(format!("note {left} of session {number} never arrived"));
            }
        }
        self.summary.calls = self.calls.len() as u64;
        self.summary.notes = self.notes.len() as u64;
        self.summary.sessions = self.sessions.len() as u64;
    }

    fn is_lost(&self, session: Session) -> bool {
        self.sessions[session].over.as_deref() == Some("Restarted")
    }

    /// What makes a call's end a lie, if anything does (P2, P3, P4).
    fn why_untrue(&self, number: usize) -> Option<&'static str> {
        let call = &self.calls[number];
        let session = &self.sessions[call.session];
        let life = self.hooked.get(&session.name).map(|hooked| hooked.life);
        if call.started.is_some() && call.started != life {
            return Some("it started in another life than its session's");
        }
        if call.is_helped && call.started.is_none() {
            return Some("the player was asked about it, and it never started");
        }
        match &call.ending {
            None if call.is_dropped => None,
            None => Some("it never ended"),
            Some(Ending::Value(_)) if !call.is_returned => Some("it has a value, and no handler returned it"),
            Some(Ending::Value(value)) if life.map(|life| flour(life, number as u64)) != Some(*value) => {
                Some("it has a value that its handler did not give")
            }
            Some(Ending::NotExecuted) if call.started.is_some() => {
                Some("it is not executed, and has started")
            }
            Some(Ending::Unsure) if !self.is_lost(call.session) => {
                Some("unsure in a session that was not lost")
            }
            Some(Ending::Impossible(_)) => Some("no call here may end so"),
            Some(_) => None,
        }
    }

    fn count(&mut self, number: usize) {
        let call = &self.calls[number];
        let is_lost = self.is_lost(call.session);
        let summary = &mut self.summary;
        summary.started += u64::from(call.started.is_some());
        match &call.ending {
            Some(Ending::Value(_)) => summary.answered += 1,
            Some(Ending::NotExecuted) => {
                summary.not_executed += 1;
                summary.lost_definite += u64::from(is_lost);
            }
            Some(Ending::Overdue) => summary.overdue += 1,
            Some(Ending::Unsure) => {
                summary.unsure += 1;
                summary.unsure_started += u64::from(call.started.is_some());
            }
            Some(Ending::Impossible(_)) => {}
            None => summary.dropped += 1,
        }
    }
}
