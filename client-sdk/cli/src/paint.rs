//! What reaches a terminal: colours where they are wanted, and nothing a server sends that could move the cursor.

use std::io::{self, IsTerminal, Write};

/// Whether to colour.
#[derive(Debug, Clone, Copy)]
pub struct Paint(bool);

impl Paint {
    /// For standard output.
    pub fn out() -> Self {
        Self(is_wanted(io::stdout().is_terminal()))
    }

    /// For standard error.
    pub fn err() -> Self {
        Self(is_wanted(io::stderr().is_terminal()))
    }

    /// No colours.
    pub const fn none() -> Self {
        Self(false)
    }

    pub fn bold(self, text: &str) -> String {
        self.with("1", text)
    }

    pub fn dim(self, text: &str) -> String {
        self.with("2", text)
    }

    /// Names of routes and fields.
    pub fn name(self, text: &str) -> String {
        self.with("36", text)
    }

    /// Values.
    pub fn good(self, text: &str) -> String {
        self.with("32", text)
    }

    pub fn bad(self, text: &str) -> String {
        self.with("1;31", text)
    }

    fn with(self, code: &str, text: &str) -> String {
        if self.0 && !text.is_empty() { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }
}

/// On a terminal, unless the person has said no (no-color.org) or it has no colours.
fn is_wanted(is_terminal: bool) -> bool {
    let said_no = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    is_terminal && !said_no && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
}

/// A text with everything that a terminal would obey written out: control characters, and those that reverse the
/// direction of writing.
pub fn clean(text: &str) -> String {
    let obeyed = |c: char| c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let mut cleaned = String::with_capacity(text.len());
    for c in text.chars() {
        if obeyed(c) { cleaned.extend(c.escape_unicode()) } else { cleaned.push(c) }
    }
    cleaned
}

/// Writes a line to standard output.
///
/// # Errors
/// Nobody reads it any more, mostly.
pub fn say(line: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(line.as_bytes())?;
    out.write_all(b"\n")?;
    out.flush()
}

/// Text padded to a width in characters.
pub fn padded(text: &str, width: usize) -> String {
    format!("{text}{}", " ".repeat(width.saturating_sub(text.chars().count())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_cannot_write_to_the_terminal() {
        assert_eq!(clean("a\x1b[2Jb\u{9b}c\r"), "a\\u{1b}[2Jb\\u{9b}c\\u{d}");
        assert_eq!(clean("héllo ✓"), "héllo ✓");
        assert_eq!(clean("\u{202e}evil"), "\\u{202e}evil");
    }
}
