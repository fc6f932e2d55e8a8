//! The words of `#[route]`: nothing, `Lobby::sum`, or `name = "motd"`.

use proc_macro2::TokenStream;
use syn::{Ident, Path};

use crate::errors::Errors;
use crate::words::{self, Known, Word};
use crate::{names, types};

/// What the attribute says.
pub enum Words {
    /// `#[route(Lobby::sum)]`
    Contract { contract: Path, method: Ident },
    /// `#[route(name = "motd")]`
    Named(String),
    /// `#[route]`, or an attribute with mistakes.
    Bare,
}

/// Reads the attribute of a function.
pub fn read(attribute: TokenStream, errors: &mut Errors) -> Words {
    read_for(FUNCTIONS, attribute, errors)
}

/// Reads the attribute where these words are known.
pub fn read_for(known: &[Known], attribute: TokenStream, errors: &mut Errors) -> Words {
    let mut read = Words::Bare;
    for word in words::of_macro(attribute, errors) {
        let said = match of_word(&word, known, errors) {
            Some(said) => said,
            None => continue,
        };
        read = match (read, said) {
            (Words::Bare, said) => said,
            (first, Words::Bare) => first,
            (first @ Words::Contract { .. }, Words::Named(_))
            | (Words::Named(_), first @ Words::Contract { .. }) => {
                let sentence =
                    "the contract names its routes: put `#[route(name = \"...\")]` on the method there";
                errors.at(&word.path, sentence);
                first
            }
            (first, _) => {
                errors.at(&word.path, "a handler has one route: write a second function for another");
                first
            }
        };
    }
    read
}

fn of_word(word: &Word, known: &[Known], errors: &mut Errors) -> Option<Words> {
    if word.is("name") {
        let text = names::literal(word.value.as_ref(), &word.path, errors)?;
        if let Some(sentence) = names::wrong(&text) {
            errors.at(&word.value, sentence);
        }
        return Some(Words::Named(text));
    }
    let spelled = types::spelled(&word.path);
    if word.path.segments.len() < 2 || word.value.is_some() {
        errors.at(&word.path, words::unknown(&spelled, known));
        return None;
    }
    if let Some(segment) = word.path.segments.iter().find(|segment| !segment.arguments.is_none()) {
        errors.at(segment, "a contract is not generic: write `Lobby::sum`");
        return None;
    }
    let mut contract = word.path.clone();
    let method = contract.segments.pop()?.into_value().ident;
    contract.segments.pop_punct();
    Some(Words::Contract { contract, method })
}

const FUNCTIONS: &[Known] = &[
    Known { word: "name", form: "name = \"...\"" },
    Known { word: "Contract::method", form: "Contract::method" },
];

/// On a method of a service object.
pub const METHODS: &[Known] = &[
    Known { word: "name", form: "name = \"...\"" },
    Known { word: "Contract::method", form: "Contract::method" },
    Known { word: "skip", form: "skip" },
];
