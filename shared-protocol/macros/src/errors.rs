//! Collects every mistake of one item, each on the user's own token, so that one compilation shows them all.
//! The sentences themselves are written where the mistakes are found.

use std::fmt::Display;

use proc_macro2::TokenStream;
use quote::ToTokens;

/// The mistakes found so far.
#[derive(Default)]
pub struct Errors(Option<syn::Error>);

impl Errors {
    /// Notes a mistake on the tokens it is about.
    pub fn at(&mut self, tokens: impl ToTokens, sentence: impl Display) {
        self.add(syn::Error::new_spanned(tokens, sentence));
    }

    /// Notes a mistake that was found by a parser.
    pub fn add(&mut self, error: syn::Error) {
        match &mut self.0 {
            Some(first) => first.combine(error),
            None => self.0 = Some(error),
        }
    }

    /// The mistakes as `compile_error!`s; nothing if there are none.
    pub fn into_tokens(self) -> TokenStream {
        self.0.map(|error| error.into_compile_error()).unwrap_or_default()
    }

    /// Whether nothing is wrong.
    pub const fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// Every sentence, in the order found.
    #[cfg(test)]
    pub fn sentences(self) -> Vec<String> {
        self.0.into_iter().flatten().map(|error| error.to_string()).collect()
    }
}
