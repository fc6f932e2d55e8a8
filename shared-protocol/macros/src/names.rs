//! Names as they travel: where they may be written and what they may be. Nothing about Rust's own names.

use syn::{Expr, ExprLit, Lit};

use crate::errors::Errors;

/// The longest wire name, contract and method together: names stand in every log line and in route tables.
pub const WIRE_NAME_BYTES_MAX: usize = 64;

/// The text of a `name = "..."`.
pub fn literal(value: Option<&Expr>, word: &syn::Path, errors: &mut Errors) -> Option<String> {
    match value {
        Some(Expr::Lit(ExprLit { lit: Lit::Str(text), .. })) => Some(text.value()),
        Some(other) => {
            errors.at(other, "a name is written as text: `name = \"...\"`");
            None
        }
        None => {
            errors.at(word, "a name needs its text: `name = \"...\"`");
            None
        }
    }
}

/// Says what is wrong with a whole wire name, if anything is.
pub fn wrong(name: &str) -> Option<String> {
    if name.is_empty() {
        return Some("a wire name cannot be empty".into());
    }
    if name.len() > WIRE_NAME_BYTES_MAX {
        return Some(format!(
            "the wire name `{name}` has {} bytes, at most {WIRE_NAME_BYTES_MAX} fit: shorten it with `name = \"...\"`",
            name.len()
        ));
    }
    if name.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Some(format!(
            "the wire name {name:?} holds a space: names stand in logs and on command lines"
        ));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wire_name_has_1_to_64_visible_bytes() {
        assert_eq!(wrong("Lobby.sum"), None);
        assert_eq!(wrong(&"a".repeat(64)), None);
        assert!(wrong(&"a".repeat(65)).is_some_and(|said| said.contains("65 bytes, at most 64 fit")));
        assert!(wrong("").is_some());
        assert!(wrong("a b").is_some());
    }
}
