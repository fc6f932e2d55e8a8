//! What reaches a terminal: colours where they are wanted, and nothing a server sends that could move the cursor.

use std::ffi::OsStr;
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

fn is_wanted(is_terminal: bool) -> bool {
    let [no_color, term] = ["NO_COLOR", "TERM"].map(std::env::var_os);
    is_terminal && allows_colour(no_color.as_deref(), term.as_deref())
}

/// Unless the person has said no (no-color.org) or the terminal has no colours. Windows sets no `TERM`.
fn allows_colour(no_color: Option<&OsStr>, term: Option<&OsStr>) -> bool {
    no_color.is_none_or(OsStr::is_empty) && term.map_or(cfg!(windows), |term| term != "dumb")
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

/// Writes lines to standard error. Whether anybody reads them changes nothing.
pub fn complain(lines: &str) {
    let _ = io::stderr().write_all(lines.as_bytes());
}

/// Text padded to a width in characters.
pub fn padded(text: &str, width: usize) -> String {
    format!("{text}{}", " ".repeat(width.saturating_sub(text.chars().count())))
}

/// Text in lines of at most that many characters, broken between words; a longer word has a line of its own.
pub fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// What layouts are made for. The terminal's own width is not asked for: the same output everywhere.
pub const TERMINAL_COLUMNS: usize = 80;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_can_be_declined() {
        let allows = |no_color: Option<&str>, term: Option<&str>| {
            allows_colour(no_color.map(OsStr::new), term.map(OsStr::new))
        };
        assert!(allows(None, Some("xterm")) && allows(Some(""), Some("xterm")));
        assert!(!allows(Some("1"), Some("xterm")) && !allows(None, Some("dumb")));
        assert_eq!(allows(None, None), cfg!(windows));
    }

    #[test]
    fn a_server_cannot_write_to_the_terminal() {
        assert_eq!(clean("a\x1b[2Jb\u{9b}c\r"), "a\\u{1b}[2Jb\\u{9b}c\\u{d}");
        assert_eq!(clean("héllo ✓"), "héllo ✓");
        assert_eq!(clean("\u{202e}evil"), "\\u{202e}evil");
    }

    #[test]
    fn long_texts_are_broken_between_words() {
        assert_eq!(wrapped("one two  three\nfour", 9), ["one two", "three", "four"]);
        assert_eq!(wrapped("a pneumonoultramicroscopic word", 9), ["a", "pneumonoultramicroscopic", "word"]);
        assert!(wrapped(" ", 9).is_empty());
    }
}
