//! `#[derive(Message)]`: a type's shape as a constant, and a refusal of what cannot travel safely.

mod expand;
mod fields;
mod model;
mod parse;
mod serde_attributes;

use proc_macro2::TokenStream;
use quote::quote;
use syn::DeriveInput;

use crate::errors::Errors;

/// Expands the derive. With mistakes, an implementation is written all the same where one is possible, so that
/// uses of the type raise no more errors.
pub fn message(item: TokenStream) -> TokenStream {
    let written: DeriveInput = match syn::parse2(item) {
        Ok(written) => written,
        Err(error) => return error.into_compile_error(),
    };
    let mut errors = Errors::default();
    let implementation = parse::parse(written, &mut errors).map(|message| expand::expand(&message));
    let errors = errors.into_tokens();
    quote!(#implementation #errors)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The sentences said about a type.
    fn said(item: TokenStream) -> Vec<String> {
        let mut errors = Errors::default();
        parse::parse(syn::parse2(item).unwrap(), &mut errors);
        errors.sentences()
    }

    #[test]
    fn a_type_that_contains_itself_is_refused_however_deep() {
        let said = said(quote! {
            enum Tree { Leaf, Node(Box<Tree>, Vec<Option<Self>>), Of { parent: Option<Box<Tree>> } }
        });
        assert_eq!(said.len(), 3);
        assert!(said[0].contains("field `0` of `Node` contains `Tree` itself"), "{said:?}");
        assert!(said[2].contains("field `parent` of `Of` contains `Tree` itself"), "{said:?}");
    }

    #[test]
    fn machine_words_borrows_and_lifetimes_are_refused() {
        let said = said(quote! {
            struct Item<'a> { count: usize, offsets: Vec<isize>, name: &'a str }
        });
        assert_eq!(said.len(), 4);
        assert!(said[0].contains("`'a`"), "{said:?}");
        assert!(said[1].contains("field `count`") && said[1].contains("`u32` or `u64`"), "{said:?}");
        assert!(said[2].contains("field `offsets`") && said[2].contains("`i32` or `i64`"), "{said:?}");
        assert!(said[3].contains("take a `String`"), "{said:?}");
    }

    #[test]
    fn serde_attributes_that_change_the_wire_are_refused() {
        let said = said(quote! {
            #[serde(tag = "type", deny_unknown_fields, rename_all = "camelCase")]
            enum Mode {
                #[serde(rename = "duel", alias = "one")]
                Duel { #[serde(default, skip_serializing_if = "Option::is_none")] map: Option<u8> },
            }
        });
        assert_eq!(said.len(), 4);
        for (said, word) in said.iter().zip(["tag", "rename_all", "rename", "skip_serializing_if"]) {
            assert!(said.starts_with(&format!("`#[serde({word})]` changes")), "{said}");
        }
    }

    #[test]
    fn attributes_that_leave_the_wire_alone_are_fine() {
        let said = said(quote! {
            #[derive(Debug)]
            #[repr(u8)]
            #[serde(deny_unknown_fields, crate = "serde", bound = "", expecting = "a mode")]
            struct Mode { #[serde(default = "map", alias = "m")] map: u8 }
        });
        assert_eq!(said, Vec::<String>::new());
    }

    #[test]
    fn unknown_words_of_our_own_are_named() {
        let said = said(quote! {
            #[message(secret)]
            struct Login {
                #[message(secert)] password: String,
                #[message(secret)] token: String,
                #[message(as = [f32; 3])] at: Vec3,
            }
        });
        assert_eq!(said.len(), 2);
        assert!(said[0].contains("stands on a field"), "{said:?}");
        assert!(said[1].contains("did you mean `secret`?"), "{said:?}");
    }
}
