//! What servers and clients say in their logs, kept for a test to read: `tracing_subscriber::fmt().with_writer(log.clone())`.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tracing_subscriber::fmt::MakeWriter;

/// Lines that were logged. Clones are the same log.
#[derive(Debug, Clone, Default)]
pub struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    /// The lines since the last time.
    pub fn take(&self) -> Vec<String> {
        String::from_utf8_lossy(&std::mem::take(&mut *self.bytes())).lines().map(str::to_owned).collect()
    }

    /// Whether a word stands in what was not taken yet.
    pub fn has(&self, word: &str) -> bool {
        String::from_utf8_lossy(&self.bytes()).contains(word)
    }

    fn bytes(&self) -> MutexGuard<'_, Vec<u8>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bytes().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}
