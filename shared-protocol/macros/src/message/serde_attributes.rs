//! Which of serde's attributes a message may carry. An allow list: an attribute that serde adds later is
//! refused until somebody has looked at what it does to the bytes.

use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{Attribute, Ident, Meta, Token, token};

use crate::errors::Errors;

/// Notes every `#[serde(..)]` attribute that changes the wire.
pub fn check(attributes: &[Attribute], errors: &mut Errors) {
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("serde")) {
        let Meta::List(list) = &attribute.meta else { continue };
        // What is not even well formed is serde's own to report.
        let Ok(words) = list.parse_args_with(Punctuated::<Word, Token![,]>::parse_terminated) else {
            continue;
        };
        for Word(word) in words {
            if !LEAVES_THE_WIRE_ALONE.contains(&word.to_string().as_str()) {
                errors.at(&word, sentence(&word));
            }
        }
    }
}

fn sentence(word: &Ident) -> String {
    format!(
        "`#[serde({word})]` changes the bytes without changing the shape that peers compare: \
         remove it, and write the type as it shall travel"
    )
}

/// A word of `#[serde(..)]`, whatever follows it.
struct Word(Ident);

impl Parse for Word {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let word = input.call(Ident::parse_any)?;
        if input.parse::<Option<Token![=]>>()?.is_some() {
            input.parse::<syn::Expr>()?;
        } else if input.peek(token::Paren) {
            input.parse::<proc_macro2::Group>()?;
        }
        Ok(Self(word))
    }
}

/// `default` and `alias` only widen what is accepted; the others concern the generated code.
const LEAVES_THE_WIRE_ALONE: [&str; 6] =
    ["default", "alias", "bound", "crate", "deny_unknown_fields", "expecting"];
