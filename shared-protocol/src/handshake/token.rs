//! The secret by which a client comes back to its session: handed out at the login, renewed at each return, never used
//! twice by an honest client (R8). The server keeps digests only.

use std::collections::VecDeque;
use std::fmt;

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// A token: random, 32 bytes.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(pub [u8; 32]);

impl fmt::Debug for Token {
    /// Never the secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(..)")
    }
}

/// What a server remembers of one session's tokens.
#[derive(Debug, Clone)]
pub struct Tokens {
    current: [u8; 32],
    /// The highest attempt that has succeeded (R6).
    attempt: u32,
    /// There once the client has come back: of most sessions it never does.
    others: Option<Box<Others>>,
}

/// The tokens of a session beside the one in force.
#[derive(Debug, Clone, Default)]
struct Others {
    /// Handed out and not confirmed: the client may know it or not.
    next: Option<[u8; 32]>,
    /// Those that have died; the last few.
    retired: VecDeque<[u8; 32]>,
}

/// What a token is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenVerdict {
    /// Its bearer is the session's client.
    Valid,
    /// It was the client's, and so old an attempt that a newer one has succeeded: it came late, and harms nobody.
    Late,
    /// It has died, and the attempt is new: somebody else has it, too.
    Stolen,
    /// Not one of this session's.
    Unknown,
}

/// Retired tokens that are recognised as such.
const RETIRED_MAX: usize = 8;

impl Tokens {
    /// Of a session that begins with this token.
    pub fn new(token: &Token) -> Self {
        Self { current: digest(&token.0), attempt: 0, others: None }
    }

    /// Judges what a client shows. Compares in constant time, and changes nothing.
    pub fn judge(&self, token: &[u8], attempt: u32) -> TokenVerdict {
        let shown = digest(token);
        let is_known = same(&shown, &self.current) || self.is_next(&shown);
        let mut retired = self.others.iter().flat_map(|others| &others.retired);
        let was_known = retired.any(|retired| same(&shown, retired));
        match (is_known, was_known, attempt > self.attempt) {
            (true, _, true) => TokenVerdict::Valid,
            (false, true, true) => TokenVerdict::Stolen,
            (false, false, _) => TokenVerdict::Unknown,
            (_, _, false) => TokenVerdict::Late,
        }
    }

    /// The client has come back with a valid token, and is handed the next. The one it showed lives until the next is
    /// confirmed: if that never arrives, it must be good for another attempt.
    pub fn renew(&mut self, shown: &[u8], attempt: u32, next: &Token) {
        if self.is_next(&digest(shown)) {
            self.confirm();
        }
        self.others.get_or_insert_default().next = Some(digest(&next.0));
        self.attempt = attempt;
        if cfg!(mutant = "6") {
            self.confirm();
        }
    }

    /// The client has confirmed that it knows the next token: the older one dies.
    pub fn confirm(&mut self) {
        let Some(others) = &mut self.others else { return };
        if let Some(next) = others.next.take() {
            if others.retired.len() == RETIRED_MAX {
                others.retired.pop_front();
            }
            others.retired.push_back(std::mem::replace(&mut self.current, next));
        }
    }

    fn is_next(&self, shown: &[u8; 32]) -> bool {
        let next = self.others.as_ref().and_then(|others| others.next.as_ref());
        next.is_some_and(|next| same(shown, next))
    }
}

fn digest(token: &[u8]) -> [u8; 32] {
    Sha256::digest(token).into()
}

fn same(one: &[u8; 32], other: &[u8; 32]) -> bool {
    one.ct_eq(other).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn token(n: u8) -> Token {
        Token([n; 32])
    }

    #[test]
    fn a_token_lives_until_the_next_is_confirmed() {
        let mut tokens = Tokens::new(&token(1));
        assert_eq!(tokens.judge(&[1; 32], 1), TokenVerdict::Valid);
        assert_eq!(tokens.judge(&[9; 32], 1), TokenVerdict::Unknown);
        tokens.renew(&[1; 32], 1, &token(2));
        // What carried the second was lost: the client tries again with the first.
        assert_eq!(tokens.judge(&[1; 32], 2), TokenVerdict::Valid);
        assert_eq!(tokens.judge(&[2; 32], 2), TokenVerdict::Valid);
        tokens.renew(&[1; 32], 2, &token(3));
        assert_eq!(tokens.judge(&[2; 32], 3), TokenVerdict::Unknown, "it was never confirmed and is gone");
        tokens.confirm();
        assert_eq!(tokens.judge(&[3; 32], 3), TokenVerdict::Valid);
        assert_eq!(tokens.judge(&[1; 32], 3), TokenVerdict::Stolen);
    }

    #[test]
    fn an_old_attempt_is_late_and_never_a_theft() {
        let mut tokens = Tokens::new(&token(1));
        tokens.renew(&[1; 32], 5, &token(2));
        tokens.confirm();
        assert_eq!(tokens.judge(&[1; 32], 5), TokenVerdict::Late);
        assert_eq!(tokens.judge(&[2; 32], 4), TokenVerdict::Late);
    }

    #[test]
    fn coming_back_with_the_next_token_confirms_it() {
        let mut tokens = Tokens::new(&token(1));
        tokens.renew(&[1; 32], 1, &token(2));
        tokens.renew(&[2; 32], 2, &token(3));
        assert_eq!(tokens.judge(&[1; 32], 3), TokenVerdict::Stolen);
        assert_eq!(tokens.judge(&[2; 32], 3), TokenVerdict::Valid);
        assert_eq!(tokens.judge(&[3; 32], 3), TokenVerdict::Valid);
    }

    #[test]
    fn a_token_is_not_printed() {
        assert_eq!(format!("{:?}", token(7)), "Token(..)");
    }
}
