//! Pieces on their way to a connection: taken from the session, written one after the other, as far as the connection takes them.

use bytes::{Buf, Bytes};
use farcall_protocol::session::Batch;

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
