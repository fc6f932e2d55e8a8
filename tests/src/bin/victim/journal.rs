//! The journal on stdout: each entry one line, each line one `write(2)`. A pipe takes so few bytes in one piece or not at
//! all (POSIX, `PIPE_BUF`), whatever kills the writer and however many threads write.

use std::fs::File;
use std::io::{self, Write};

use farcall_tests::victim::Entry;

/// Where entries go. Nothing stands between it and the pipe.
#[derive(Debug)]
pub struct Journal(File);

/// POSIX promises no more (`_POSIX_PIPE_BUF`).
const LINE_BYTES_MAX: usize = 512;

impl Journal {
    /// This process's.
    pub fn on_stdout() -> io::Result<Self> {
        #[cfg(unix)]
        let stdout = std::os::fd::AsFd::as_fd(&io::stdout()).try_clone_to_owned()?;
        #[cfg(windows)]
        let stdout = std::os::windows::io::AsHandle::as_handle(&io::stdout()).try_clone_to_owned()?;
        Ok(Self(File::from(stdout)))
    }

    /// Writes one entry. What goes on without its entry would be a lie, so a pipe that nobody reads ends the process.
    pub fn write(&self, entry: &Entry) {
        if let Err(error) = self.try_write(entry) {
            eprintln!("the journal cannot be written: {error}");
            std::process::abort();
        }
    }

    fn try_write(&self, entry: &Entry) -> io::Result<()> {
        let mut line = serde_json::to_vec(entry)?;
        line.push(b'\n');
        let written = if line.len() <= LINE_BYTES_MAX { (&self.0).write(&line)? } else { 0 };
        if written == line.len() { Ok(()) } else { Err(io::ErrorKind::WriteZero.into()) }
    }
}
