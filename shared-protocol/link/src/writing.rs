//! Pieces on their way to a connection: taken from the session, written one after the other, as far as the connection takes them.

use bytes::{Buf, Bytes};
use farcall_protocol::session::Batch;
use smallvec::SmallVec;

/// Up to this, copying pieces into one costs less than what a system call takes for writing several: 1.03 times the calls with
/// 64 connections and 16 in flight on each, whose answers go with an acknowledgement; no more with 16 KiB.
const JOINED_BYTES_MAX: usize = 4 << 10;

/// Pieces joined, on the stack.
pub(crate) type Joined = SmallVec<[u8; JOINED_BYTES_MAX]>;

/// A batch, and how much of it has been written.
#[derive(Debug, Default)]
pub(crate) struct Writing {
    pub(crate) pieces: Batch,
    /// Pieces written in full.
    done: usize,
}

impl Writing {
    /// Whether all is written.
    pub(crate) fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    /// What is left.
    pub(crate) fn rest(&self) -> &[Bytes] {
        &self.pieces[self.done..]
    }

    /// What is left as one piece: if it is one, or so little that it is copied into `joined`. Not returned by value: that would
    /// copy all of the space.
    pub(crate) fn in_one<'a>(&'a self, joined: &'a mut Joined) -> Option<&'a [u8]> {
        match self.rest() {
            [only] => Some(only),
            rest if rest.iter().map(Bytes::len).sum::<usize>() <= JOINED_BYTES_MAX => {
                rest.iter().for_each(|piece| joined.extend_from_slice(piece));
                Some(joined)
            }
            _ => None,
        }
    }

    /// So many bytes more have been written.
    pub(crate) fn advance(&mut self, mut bytes: usize) {
        while let Some(piece) = self.pieces.get_mut(self.done) {
            let taken = bytes.min(piece.len());
            bytes -= taken;
            if taken < piece.len() {
                return piece.advance(taken);
            }
            self.done += 1;
        }
        self.clear();
    }

    /// Moves what is left to the end of another batch.
    pub(crate) fn move_to(&mut self, batch: &mut Batch) {
        batch.extend(self.pieces.drain(self.done..));
        self.clear();
    }

    pub(crate) fn clear(&mut self) {
        self.pieces.clear();
        self.done = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_little_is_copied_into_one() {
        for (more, is_joined) in [(0, true), (1, false)] {
            let mut writing = Writing::default();
            writing
                .pieces
                .extend([vec![1; 4], vec![2; 8], vec![3; JOINED_BYTES_MAX - 8 + more]].map(Bytes::from));
            writing.advance(4);
            let expected = is_joined.then(|| writing.rest().concat());
            assert!(writing.in_one(&mut Joined::new()) == expected.as_deref(), "{more}");
            writing.advance(8);
            assert!(
                writing.in_one(&mut Joined::new()) == Some(&writing.rest()[0][..]),
                "one piece is not copied"
            );
        }
    }

    #[test]
    fn what_is_left_is_what_was_not_written() {
        let whole = b"one, two and three";
        for written in 0..=whole.len() {
            let mut writing = Writing::default();
            writing.pieces.extend([&b"one, "[..], b"", b"two ", b"and three"].map(Bytes::from_static));
            writing.advance(written);
            assert_eq!(writing.rest().concat(), whole[written..], "{written}");
            assert_eq!(writing.is_empty(), written == whole.len());
            let mut batch = Batch::from_iter([Bytes::from_static(b"zero, ")]);
            writing.move_to(&mut batch);
            assert_eq!(batch.concat(), [b"zero, ", &whole[written..]].concat());
            assert!(writing.is_empty());
        }
    }
}
