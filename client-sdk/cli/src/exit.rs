//! How the command ends: the exit codes that scripts read, and what people are told.

use crate::paint::{Paint, clean};

/// The exit code. The table stands in `farcall --help`, too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    Done = 0,
    /// The handler's own error.
    Refused = 1,
    /// Wrong command line, JSON or arguments; clap's own code for it.
    Usage = 2,
    /// Unreachable, or the login was refused.
    NoServer = 3,
    NoRoute = 4,
    /// Any other ending of a call or a session.
    Ended = 5,
}

impl Exit {
    const fn name(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Refused => "refused",
            Self::Usage => "usage",
            Self::NoServer => "no server",
            Self::NoRoute => "no route",
            Self::Ended => "ended",
        }
    }
}

/// Why the command did not do what it was asked.
#[derive(Debug, PartialEq, Eq)]
pub struct Trouble {
    pub exit: Exit,
    /// One sentence.
    pub message: String,
    /// What to do about it, one line each.
    pub hints: Vec<String>,
    /// The handler's own error, as JSON.
    pub value: Option<String>,
}

impl Trouble {
    pub fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, message: message.into(), hints: Vec::new(), value: None }
    }

    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// For standard error. What came from the server is cleaned: it cannot move the cursor.
    pub fn text(&self, paint: Paint) -> String {
        let mut text = format!("{} {}\n", paint.bad("farcall:"), clean(&self.message));
        for line in self.hints.iter().flat_map(|hint| hint.lines()) {
            text += &format!("  {}\n", clean(line));
        }
        text
    }

    /// For standard error of scripts: one object on one line.
    pub fn json(&self) -> String {
        let mut object = serde_json::json!({
            "error": self.exit.name(),
            "exit": self.exit as u8,
            "message": self.message,
            "hints": self.hints,
        });
        if let Some(value) = self.value.as_deref().and_then(|value| serde_json::from_str(value).ok()) {
            object["value"] = value;
        }
        format!("{object}\n")
    }
}

/// Whoever read our output has gone: there is nobody left to tell.
impl From<std::io::Error> for Trouble {
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::BrokenPipe => Self::new(Exit::Done, ""),
            _ => Self::new(Exit::Ended, format!("cannot write: {error}")),
        }
    }
}
