//! `#[route]`: a function, or each method of an object, becomes the handler of a route, found by whoever links it. The server's and the client's
//! flavour differ in the facade that the expansion names and in the side of bare routes; nothing else.

mod attribute;
mod expand;
mod function;
mod model;
mod parameter;
mod service;

use proc_macro2::TokenStream;
use quote::quote;
use syn::{ItemFn, ItemImpl};

use crate::errors::Errors;
pub use model::Flavour;
use model::Handler;

/// Expands the attribute. What the user wrote is always written out again, whatever is wrong.
pub fn route(flavour: Flavour, attribute: TokenStream, item: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let (written, handlers) = match read(attribute, &item, &mut errors) {
        Some(read) => read,
        None => {
            errors.at(&item, "`#[route]` stands on a function or on the `impl` block of an object");
            (item, Vec::new())
        }
    };
    if !errors.is_empty() {
        let errors = errors.into_tokens();
        return quote!(#written #errors);
    }
    let registrations = handlers.iter().map(|handler| expand::expand(flavour, handler));
    quote!(#written #(#registrations)*)
}

/// The item without our markers, and its handlers. `None` where there can be none.
fn read(
    attribute: TokenStream,
    item: &TokenStream,
    errors: &mut Errors,
) -> Option<(TokenStream, Vec<Handler>)> {
    if let Ok(function) = syn::parse2::<ItemFn>(item.clone()) {
        let words = attribute::read(attribute, errors);
        let target = function::target(words, &function.sig, errors);
        let handler = function::parse(target, None, &function.attrs, &function.sig, errors);
        return Some((item.clone(), vec![handler]));
    }
    let mut block = syn::parse2::<ItemImpl>(item.clone()).ok()?;
    let handlers = service::parse(attribute, &mut block, errors);
    Some((quote!(#block), handlers))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The sentences said about a route.
    fn said(attribute: TokenStream, item: TokenStream) -> Vec<String> {
        let mut errors = Errors::default();
        super::read(attribute, &item, &mut errors).expect("a function or an impl");
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
            "there is no object here to call this on: put `#[route]` on the whole `impl` block, or take `State<T>`",
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
    fn frames_and_replies_stand_in_their_places() {
        let said = said(
            quote!(Player::ready_check),
            quote!(
                async fn f(id: u64, game: &mut Game, a: Reply<bool>, b: Reply) -> bool {}
            ),
        );
        let expected = [
            "`&mut Game` is the frame that `poll` is given, and it comes first: move it in front of `id`",
            "`Reply` comes before the wire's arguments: move it in front of `id`",
            "a call is answered once: take one `Reply`",
            "`Reply` says what it answers with: `Reply<bool>`",
            "`Reply` comes before the wire's arguments: move it in front of `id`",
            "an `async fn` answers by returning: remove the `Reply`, or remove `async` and hand the `Reply` to \
             whoever will answer",
            "`f` takes a `Reply` and returns `bool`, and a call is answered once: return nothing, or remove the `Reply`",
        ];
        assert_eq!(said, expected);
    }

    #[test]
    fn every_mistake_of_a_service_object_is_reported() {
        let said = said(
            quote!(serves = 1),
            quote!(
                impl<T> Calculate for Calculator<T> {
                    #[route(nmae = "x")]
                    fn add(&mut self, to: Self) -> i64 {}
                    fn take(self) {}
                    #[route(skip)]
                    fn left_alone<X>(&mut self, x: &X) {}
                    #[route(skip, name = "x")]
                    fn left_out(&self) {}
                    #[route(name = "new")]
                    fn new() -> Self {}
                }
            ),
        );
        let starts = [
            "`#[route]` stands on an object's own `impl`",
            "a service object is not generic",
            "unknown word `serves`. Known here: `name = \"...\"`, `Contract`",
            "unknown word `nmae`: did you mean `name`?",
            "what travels is called by its own name: write `Calculator` for `Self`",
            "a route's method takes `&self`, for several players call it at once",
            "a route's method takes `&self`, for the object serves many calls",
            "`skip` stands alone",
            "only methods with `&self` are routes here",
        ];
        assert_eq!(said.len(), starts.len(), "{said:#?}");
        for (said, start) in said.iter().zip(starts) {
            assert!(said.starts_with(start), "{said}");
        }
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
