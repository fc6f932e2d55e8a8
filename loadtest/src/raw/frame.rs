//! The raw frame and the buffer that frames are read into. Arithmetic on bytes: owns no socket.
//!
//! ```text
//! 0..4  length of the body, little endian
//! 4..8  id, little endian; the answer bears its call's, and what wants no answer bears PUSH
//! 8..   body
//! ```

use crate::failure::Failure;

/// Appends one frame.
pub(super) fn put(out: &mut Vec<u8>, id: u32, body: &[u8]) -> Result<(), Failure> {
    let length = u32::try_from(body.len()).ok().filter(|_| body.len() <= BODY_BYTES_MAX);
    let length = length.ok_or(Failure::TooLarge)?;
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(&id.to_le_bytes());
    out.extend_from_slice(body);
    Ok(())
}

/// Bytes that have arrived and were not taken yet.
#[derive(Debug)]
pub(super) struct Inbox {
    bytes: Vec<u8>,
    /// Before it, everything was taken.
    taken: usize,
    /// Behind it, nothing has arrived.
    filled: usize,
}

impl Inbox {
    /// Room for 64 KiB, which one read of a busy loopback socket fills (design.md, section 5).
    pub(super) fn new() -> Inbox {
        Inbox { bytes: vec![0; READ_BYTES], taken: 0, filled: 0 }
    }

    /// Where the next read goes; never empty. Moves what is partial to the front and grows only for a frame that
    /// does not fit otherwise.
    pub(super) fn room(&mut self) -> &mut [u8] {
        self.bytes.copy_within(self.taken..self.filled, 0);
        self.filled -= self.taken;
        self.taken = 0;
        if self.filled == self.bytes.len() {
            let doubled = self.bytes.len() * 2;
            self.bytes.resize(doubled, 0);
        }
        &mut self.bytes[self.filled..]
    }

    /// The last read put `bytes` into the room.
    pub(super) fn arrived(&mut self, bytes: usize) {
        self.filled += bytes;
    }

    /// The next whole frame: its id and body.
    pub(super) fn next(&mut self) -> Result<Option<(u32, &[u8])>, Failure> {
        let Some(frame_bytes) = self.whole_at(self.taken)? else { return Ok(None) };
        let frame = &self.bytes[self.taken..self.taken + frame_bytes];
        self.taken += frame_bytes;
        Ok(Some((word(frame, 4), &frame[HEADER_BYTES..])))
    }

    /// The whole calls that come next, up to a push, as they lie, header and all: an echo's answer is its call.
    pub(super) fn calls(&mut self) -> Result<&[u8], Failure> {
        let start = self.taken;
        self.skip(|id| id != PUSH)?;
        Ok(&self.bytes[start..self.taken])
    }

    /// Takes the whole pushes that come next, up to a call, and says how many.
    pub(super) fn pushes(&mut self) -> Result<u64, Failure> {
        self.skip(|id| id == PUSH)
    }

    /// Takes whole frames as long as their ids are `wanted`, and says how many.
    fn skip(&mut self, wanted: impl Fn(u32) -> bool) -> Result<u64, Failure> {
        let mut frames = 0;
        while let Some(frame_bytes) = self.whole_at(self.taken)? {
            if !wanted(word(&self.bytes[self.taken..], 4)) {
                break;
            }
            self.taken += frame_bytes;
            frames += 1;
        }
        Ok(frames)
    }

    /// Size of the frame that starts at `at`, if all of it has arrived.
    fn whole_at(&self, at: usize) -> Result<Option<usize>, Failure> {
        let arrived = &self.bytes[at..self.filled];
        if arrived.len() < HEADER_BYTES {
            return Ok(None);
        }
        let body_bytes = word(arrived, 0) as usize;
        if body_bytes > BODY_BYTES_MAX {
            return Err(Failure::Malformed);
        }
        let frame_bytes = HEADER_BYTES + body_bytes;
        Ok((arrived.len() >= frame_bytes).then_some(frame_bytes))
    }
}

/// The little-endian word at `at`.
fn word(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

/// The id of what wants no answer. Calls count from 0 and never come so far.
pub(super) const PUSH: u32 = u32::MAX;
const HEADER_BYTES: usize = 8;
const READ_BYTES: usize = 64 * 1024;
/// What a peer can make us hold for one frame.
const BODY_BYTES_MAX: usize = 16 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    /// `bytes` arrive `piece` at a time; what frames come out of it.
    fn cut(bytes: &[u8], piece: usize) -> Vec<(u32, Vec<u8>)> {
        let mut inbox = Inbox::new();
        let mut frames = Vec::new();
        for part in bytes.chunks(piece) {
            inbox.room()[..part.len()].copy_from_slice(part);
            inbox.arrived(part.len());
            while let Some((id, body)) = inbox.next().unwrap() {
                frames.push((id, body.to_vec()));
            }
        }
        frames
    }

    #[test]
    fn frames_survive_every_cut() {
        let sent = [(1, vec![1; 5]), (2, vec![]), (PUSH - 1, vec![3; 40])];
        let mut bytes = Vec::new();
        for (id, body) in &sent {
            put(&mut bytes, *id, body).unwrap();
        }
        for piece in 1..=bytes.len() {
            assert_eq!(cut(&bytes, piece), sent, "cut every {piece} bytes");
        }
    }

    #[test]
    fn calls_and_pushes_are_told_apart_in_any_order() {
        let mut inbox = Inbox::new();
        let mut bytes = Vec::new();
        for id in [PUSH, PUSH, 7, PUSH, 8, PUSH] {
            put(&mut bytes, id, b"body").unwrap();
        }
        inbox.room()[..bytes.len()].copy_from_slice(&bytes);
        inbox.arrived(bytes.len() - 1);
        assert_eq!(inbox.pushes(), Ok(2));
        assert_eq!(inbox.calls(), Ok(&bytes[24..36]));
        assert_eq!(inbox.pushes(), Ok(1));
        assert_eq!(inbox.calls(), Ok(&bytes[48..60]));
        assert_eq!(inbox.pushes(), Ok(0), "the last is not whole yet");
        inbox.arrived(1);
        assert_eq!(inbox.pushes(), Ok(1));
    }

    #[test]
    fn an_absurd_length_reserves_nothing() {
        let mut inbox = Inbox::new();
        inbox.room()[..8].copy_from_slice(&[0xff; 8]);
        inbox.arrived(8);
        assert_eq!(inbox.next(), Err(Failure::Malformed));
        assert_eq!(inbox.bytes.len(), READ_BYTES);
    }
}
