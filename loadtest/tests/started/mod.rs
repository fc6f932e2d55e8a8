//! The program in the background, which ends with its test whatever becomes of that.
#![expect(clippy::unwrap_used, clippy::panic, reason = "what helps a test fails as a test does")]

use std::io::Read;
use std::ops::{Deref, DerefMut};
use std::process::{Child, Command};

use serde_json::Value;

/// A running program. Dropping it kills it.
pub struct Started(Child);

impl Started {
    /// Starts it.
    pub fn new(command: &mut Command) -> Started {
        Started(command.spawn().unwrap())
    }

    /// Interrupts it as Ctrl-C would.
    #[cfg(unix)]
    pub fn interrupt(&self) {
        assert!(Command::new("kill").args(["-INT", &self.id().to_string()]).status().unwrap().success());
    }

    /// Waits for its end: its exit code, and the report that it wrote to stdout.
    pub fn report(&mut self) -> (Option<i32>, Value) {
        let mut text = String::new();
        self.stdout.take().unwrap().read_to_string(&mut text).unwrap();
        let report = serde_json::from_str(&text).unwrap_or_else(|why| panic!("{why}: {text}"));
        (self.wait().unwrap().code(), report)
    }
}

impl Deref for Started {
    type Target = Child;

    fn deref(&self) -> &Child {
        &self.0
    }
}

impl DerefMut for Started {
    fn deref_mut(&mut self) -> &mut Child {
        &mut self.0
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        // Fails only if it has ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
