//! The words inside our attributes: `latest`, `name = "motd"`; and what to say to a word that is none of ours.
//! What a known word means is decided where the attribute is read.

use syn::parse::Parser;
use syn::punctuated::Punctuated;
use syn::{Attribute, Expr, Meta, Path, Token};

use crate::errors::Errors;

/// One word of an attribute, with its value if it has one.
pub struct Word {
    /// `latest`, or a path such as `Lobby::sum`.
    pub path: Path,
    /// What stands after `=`.
    pub value: Option<Expr>,
}

impl Word {
    /// Whether it is this single word.
    pub fn is(&self, word: &str) -> bool {
        self.path.is_ident(word)
    }
}

/// Reads the words of an attribute macro's own input.
pub fn of_macro(input: proc_macro2::TokenStream, errors: &mut Errors) -> Vec<Word> {
    match Punctuated::<Expr, Token![,]>::parse_terminated.parse2(input) {
        Ok(words) => words.into_iter().filter_map(|word| of_expression(word, errors)).collect(),
        Err(error) => {
            errors.add(error);
            Vec::new()
        }
    }
}

/// Reads the words of a helper attribute such as `#[notify(latest)]`; `#[notify]` has none.
pub fn of_attribute(attribute: &Attribute, errors: &mut Errors) -> Vec<Word> {
    match &attribute.meta {
        Meta::Path(_) => Vec::new(),
        Meta::List(list) => of_macro(list.tokens.clone(), errors),
        Meta::NameValue(value) => {
            errors.at(value, "expected words in parentheses");
            Vec::new()
        }
    }
}

fn of_expression(word: Expr, errors: &mut Errors) -> Option<Word> {
    match word {
        Expr::Path(word) if word.qself.is_none() => Some(Word { path: word.path, value: None }),
        Expr::Assign(assign) => match *assign.left {
            Expr::Path(word) if word.qself.is_none() => {
                Some(Word { path: word.path, value: Some(*assign.right) })
            }
            other => {
                errors.at(other, "expected a word before the `=`");
                None
            }
        },
        Expr::Field(field) => {
            errors.at(field, "a contract's route is named with `::`, as in `Lobby::sum`");
            None
        }
        other => {
            errors.at(other, "expected a word, or `word = value`");
            None
        }
    }
}

/// What we say to a word that is none of ours: every known one, and the one that was probably meant.
pub fn unknown(word: &str, known: &[Known]) -> String {
    let listed = known.iter().map(|known| format!("`{}`", known.form)).collect::<Vec<_>>().join(", ");
    match nearest(word, known) {
        Some(near) => format!("unknown word `{word}`: did you mean `{near}`? Known here: {listed}"),
        None => format!("unknown word `{word}`. Known here: {listed}"),
    }
}

/// The known word that was probably meant: at most half of its letters differ.
pub fn nearest(word: &str, known: &[Known]) -> Option<&'static str> {
    let near = known.iter().map(|known| (edits(word, known.word), known.word));
    near.filter(|&(edits, known)| edits <= known.len().min(word.len()) / 2).min().map(|(_, near)| near)
}

/// A word that an attribute understands.
pub struct Known {
    /// The word: `name`.
    pub word: &'static str,
    /// How it is written: `name = "..."`.
    pub form: &'static str,
}

/// How many insertions, removals, replacements and swaps of neighbours lead from one word to the other.
fn edits(from: &str, to: &str) -> usize {
    let (from, to) = (from.as_bytes(), to.as_bytes());
    let mut rows = vec![(0..=to.len()).collect::<Vec<_>>()];
    for i in 1..=from.len() {
        let mut row = vec![i];
        for j in 1..=to.len() {
            let replaced = rows[i - 1][j - 1] + usize::from(from[i - 1] != to[j - 1]);
            let mut best = replaced.min(rows[i - 1][j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && from[i - 1] == to[j - 2] && from[i - 2] == to[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows[from.len()][to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: &[Known] =
        &[Known { word: "latest", form: "latest" }, Known { word: "name", form: "name = \"...\"" }];

    #[test]
    fn a_near_word_is_suggested_and_a_far_one_only_listed() {
        assert_eq!(
            unknown("lastet", KNOWN),
            "unknown word `lastet`: did you mean `latest`? Known here: `latest`, `name = \"...\"`"
        );
        assert_eq!(unknown("serial", KNOWN), "unknown word `serial`. Known here: `latest`, `name = \"...\"`");
    }

    #[test]
    fn a_swap_of_neighbours_is_one_edit() {
        assert_eq!(edits("nmae", "name"), 1);
        assert_eq!(edits("", "name"), 4);
        assert_eq!(edits("name", "name"), 0);
    }
}
