//! `#[route]`: a function becomes the handler of a route, found by whoever links it. The server's and the client's
//! flavour differ in the facade that the expansion names and in the side of bare routes; nothing else.

mod attribute;
mod expand;
mod function;
mod model;
mod parameter;

use proc_macro2::TokenStream;
use quote::quote;
use syn::ItemFn;

use crate::errors::Errors;
pub use model::Flavour;

/// Expands the attribute. The user's function is always written out again, whatever is wrong.
pub fn route(flavour: Flavour, attribute: TokenStream, item: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let target = attribute::read(attribute, &mut errors);
    let function: ItemFn = match syn::parse2(item.clone()) {
        Ok(function) => function,
        Err(_) => {
            errors.at(&item, "`#[route]` stands on a function: `fn` or `async fn`");
            let errors = errors.into_tokens();
            return quote!(#item #errors);
        }
    };
    let handler = function::parse(target, &function, &mut errors);
    if !errors.is_empty() {
        let errors = errors.into_tokens();
        return quote!(#item #errors);
    }
    let registration = expand::expand(flavour, &handler);
    quote!(#item #registration)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The sentences said about a route.
    fn said(attribute: TokenStream, item: TokenStream) -> Vec<String> {
        let mut errors = Errors::default();
        let target = attribute::read(attribute, &mut errors);
        function::parse(target, &syn::parse2(item).unwrap(), &mut errors);
        errors.sentences()
    }

    #[test]
    fn every_mistake_of_a_handler_is_reported() {
        let said = said(
            quote!(nmae = "sum"),
            quote! {
                unsafe extern "C" fn sum<T>(self, x: &str, ctx: Context, n: impl Clone) -> impl Clone {}
            },
        );
        let expected = [
            "unknown word `nmae`: did you mean `name`? Known here: `name = \"...\"`, `Contract::method`",
            "a handler is not `unsafe`: any peer may call it",
            "a handler has no ABI: it is called over a session",
            "a handler is not generic: the wire has one type for each argument",
            "a handler is a free function, there is no `self` to call it on: take `State<T>` for what it shares",
            "`&str` is borrowed, and what arrives from a peer has nobody to borrow from: take a `String`",
            "`Context` comes before the wire's arguments: move it in front of `x`",
            "what travels has one concrete type: name it instead of `impl Trait`",
            "what travels has one concrete type: name it instead of `impl Trait`",
        ];
        assert_eq!(said, expected);
    }

    #[test]
    fn a_contracts_route_cannot_be_renamed_by_its_handler() {
        let said = said(
            quote!(Lobby::sum, name = "add"),
            quote!(
                fn sum() {}
            ),
        );
        assert_eq!(said.len(), 1);
        assert!(said[0].contains("the contract names its routes"), "{said:?}");
    }

    #[test]
    fn what_is_not_supported_yet_says_so() {
        let said = said(
            quote!(Player::ready_check),
            quote!(
                fn f(game: &mut Game, reply: Reply<bool>, id: u64) {}
            ),
        );
        assert_eq!(said.len(), 2);
        assert!(said.iter().all(|said| said.contains("not supported yet")), "{said:?}");
    }

    #[test]
    fn the_function_is_written_out_again_with_its_mistakes() {
        let item = quote!(
            fn sum(x: &str) {}
        );
        let expansion = route(Flavour::Server, quote!(), item.clone()).to_string();
        assert!(expansion.starts_with(&item.to_string()), "{expansion}");
        assert!(expansion.contains("compile_error"), "{expansion}");
    }

    #[test]
    fn every_form_of_the_attribute_is_understood() {
        for attribute in
            [quote!(), quote!(name = "motd"), quote!(Lobby::sum), quote!(game::lobby::Lobby::sum)]
        {
            assert_eq!(
                said(
                    attribute,
                    quote!(
                        fn f(ctx: Context, s: farcall_server::State<u8>, x: i64) {}
                    )
                ),
                [""; 0]
            );
        }
    }
}
