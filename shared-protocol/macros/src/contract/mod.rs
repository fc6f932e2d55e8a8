//! `#[contract]`: a trait of signatures becomes typed stubs, and a constant of the same name its routes.

mod attribute;
mod expand;
mod method;
mod model;
mod parse;

use proc_macro2::TokenStream;
use quote::quote;
use syn::ItemTrait;

use crate::errors::Errors;

/// Expands the attribute. With mistakes, what is right is expanded too, so that uses of it raise no more errors.
pub fn contract(attribute: TokenStream, item: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let written: ItemTrait = match syn::parse2(item.clone()) {
        Ok(written) => written,
        Err(_) => {
            errors.at(&item, "`#[contract]` stands on a trait: its methods are the routes");
            let errors = errors.into_tokens();
            return quote!(#item #errors);
        }
    };
    let words = attribute::read(attribute, &written.ident, &mut errors);
    let contract = parse::parse(words, written, &mut errors);
    let expansion = expand::expand(&contract);
    let errors = errors.into_tokens();
    quote!(#expansion #errors)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The sentences said about a contract.
    fn said(attribute: TokenStream, item: TokenStream) -> Vec<String> {
        let mut errors = Errors::default();
        let written: ItemTrait = syn::parse2(item).unwrap();
        let words = attribute::read(attribute, &written.ident, &mut errors);
        parse::parse(words, written, &mut errors);
        errors.sentences()
    }

    #[test]
    fn every_mistake_of_a_contract_is_reported() {
        let said = said(
            quote!(served_by = cleint),
            quote! {
                trait Lobby<T>: Send {
                    fn sum(x: i64) -> i64;
                    #[notify] async fn chat(line: String);
                    async fn whisper(&self, text: &str);
                    #[notify(lastet)] fn steer(x: f32) -> bool;
                    const N: u32;
                }
            },
        );
        let expected = [
            "`served_by` is `server` or `client`: did you mean `client`?",
            "a contract is not generic: two peers must mean the same types by it",
            "a contract builds on no other trait: it holds only routes",
            "`sum` must be `async fn`, or a `#[notify] fn` without reply",
            "`chat` is a notify, which nobody awaits: write `fn`, or remove `#[notify]`",
            "a contract's methods take only what travels: remove `&self`",
            "`&str` is borrowed, and what arrives from a peer has nobody to borrow from: take a `String`",
            "unknown word `lastet`: did you mean `latest`? Known here: `latest`, `droppable`",
            "`steer` is a notify, which has no reply: remove `-> bool`, or make it an `async fn`",
            "a contract holds only methods",
        ];
        assert_eq!(said, expected);
    }

    #[test]
    fn wire_names_are_unique_and_short() {
        let said = said(
            quote!(served_by = server, name = "L"),
            quote! {
                trait Lobby {
                    async fn a();
                    #[route(name = "a")] async fn b();
                    #[route(name = "0123456789012345678901234567890123456789012345678901234567890123")] async fn c();
                }
            },
        );
        assert_eq!(said.len(), 2);
        assert!(said[1].contains("two routes named `L.a`"), "{said:?}");
        assert!(said[0].contains("has 66 bytes, at most 64 fit"), "{said:?}");
    }

    #[test]
    fn the_handles_own_methods_are_reserved() {
        let said = said(
            quote!(served_by = server),
            quote!(
                trait Lobby {
                    async fn session();
                    async fn poll();
                    #[notify]
                    fn members();
                }
            ),
        );
        assert_eq!(said.len(), 3);
        assert!(said.iter().all(|said| said.contains("reserved")), "{said:?}");
    }
}
