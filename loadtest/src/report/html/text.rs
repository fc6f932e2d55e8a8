//! Text in markup.

use std::fmt::{self, Display, Formatter, Write as _};

/// Shows as itself in an element or a quoted attribute, whatever it contains.
#[derive(Debug)]
pub(crate) struct Escaped<'a>(pub(crate) &'a str);

impl Display for Escaped<'_> {
    fn fmt(&self, to: &mut Formatter<'_>) -> fmt::Result {
        for character in self.0.chars() {
            match character {
                '<' => to.write_str("&lt;")?,
                '>' => to.write_str("&gt;")?,
                '&' => to.write_str("&amp;")?,
                '"' => to.write_str("&quot;")?,
                '\'' => to.write_str("&#39;")?,
                plain => to.write_char(plain)?,
            }
        }
        Ok(())
    }
}
