//! From the handler's model to its registration. Everything written here only calls ordinary functions of the
//! facade's `__private`, by full path, inside a `const _`: no name of ours is visible to the user's code.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::Type;
use syn::spanned::Spanned;

use super::model::{Argument, Flavour, Handler, Target};

/// The registration, as one item.
pub fn expand(flavour: Flavour, handler: &Handler) -> TokenStream {
    let p = flavour.facade();
    let conditions = &handler.conditions;
    let checks = checks(&p, handler);
    let (route, is_contract) = match &handler.target {
        Target::Contract { contract, method } => (quote!(#contract.#method.descriptor()), true),
        Target::Bare { name } => (bare_route(&p, flavour, name, handler), false),
    };
    let shim = shim(&p, handler);
    let needs = handler.parameters.iter().map(|ty| {
        let parameter = parameter(&p, ty);
        quote!(#parameter::NEED)
    });
    quote! {
        #(#conditions)*
        const _: () = {
            #checks
            #shim
            #p::inventory::submit! {
                #p::Registration {
                    route: #route,
                    contract: #is_contract,
                    handler: __farcall_shim,
                    needs: &[#(#needs),*],
                    place: #p::Place { file: ::core::file!(), line: ::core::line!() },
                }
            }
        };
    }
}

/// What must hold before anything else is looked at, so that these messages come first.
fn checks(p: &TokenStream, handler: &Handler) -> TokenStream {
    let Handler { arguments, answer, .. } = handler;
    let messages = arguments.iter().map(|Argument { ty, .. }| {
        let shape = shape(p, ty);
        quote!(const _: &#p::Shape = #shape;)
    });
    let fits = match &handler.target {
        Target::Contract { contract, method } => {
            let types = arguments.iter().map(|argument| &argument.ty);
            let (begin, end) = handler.signature;
            // The first and the last token carry the ends of what the user wrote: the compiler underlines it all.
            let begin = quote_spanned!(begin=> <#p::PhantomData<fn(#(#types),*) -> #answer>>);
            let end = quote_spanned!(end=> ::default);
            let _ = (&begin, &end);
            let signature = spanned_signature(p, handler);
            quote!(const _: () = #p::implements(&#contract.#method, #signature);)
        }
        Target::Bare { .. } => TokenStream::new(),
    };
    quote!(#(#messages)* #fits)
}

/// `PhantomData::<fn(i64, i64) -> i64>`, its first and last token placed on the ends of what the user wrote, so
/// that the compiler underlines the whole signature.
fn spanned_signature(p: &TokenStream, handler: &Handler) -> TokenStream {
    let types = handler.arguments.iter().map(|argument| &argument.ty);
    let answer = &handler.answer;
    let (begin, end) = handler.signature;
    let opening = quote_spanned!(begin=> { #p::PhantomData::<fn(#(#types),*) -> #answer> });
    let _ = end;
    opening
}

/// The function of one type for all handlers, which the router calls.
fn shim(p: &TokenStream, handler: &Handler) -> TokenStream {
    let Handler { ident, parameters, arguments, .. } = handler;
    let taken = (0..parameters.len()).map(|index| format_ident!("__parameter{index}")).collect::<Vec<_>>();
    let given = (0..arguments.len()).map(|index| format_ident!("__argument{index}")).collect::<Vec<_>>();
    let take = taken.iter().zip(parameters).map(|(name, ty)| {
        let parameter = parameter(p, ty);
        quote!(let #name = #parameter::take(&__call);)
    });
    let types = arguments.iter().map(|argument| &argument.ty);
    // Spanned on the function's name: what is wrong with calling it is said there.
    let called = quote_spanned!(ident.span()=> #ident(#(#taken,)* #(#given),*));
    let (run, body) = match handler.is_async {
        false => (quote!(run), called),
        true => (quote!(run_async), quote_spanned!(ident.span()=> #p::handler_future_must_be_send(#called))),
    };
    quote! {
        fn __farcall_shim(__call: #p::Invocation<'_>) -> #p::Step {
            #(#take)*
            __call.#run(move |(#(#given,)*): (#(#types,)*)| #body)
        }
    }
}

/// The descriptor of a route that has no contract, as a constant expression.
fn bare_route(p: &TokenStream, flavour: Flavour, name: &str, handler: &Handler) -> TokenStream {
    let Handler { docs, arguments, answer, .. } = handler;
    let side = flavour.side();
    let names = arguments.iter().map(|argument| &argument.name);
    let shapes = arguments.iter().map(|argument| shape(p, &argument.ty));
    let answer = quote_spanned!(answer.span()=> <#answer as #p::Answer>);
    quote! {
        const {
            &#p::RouteDescriptor {
                name: #name,
                side: #p::Side::#side,
                delivery: #p::Delivery::Call,
                arguments: &[#(#p::Argument { name: #names, shape: #shapes, secret: false }),*],
                ok: <#answer::Ok as #p::Message>::SHAPE,
                err: <#answer::Err as #p::RouteError>::SHAPE,
                body_bytes_max: ::core::option::Option::None,
                docs: #docs,
            }
        }
    }
}

fn shape(p: &TokenStream, ty: &Type) -> TokenStream {
    quote_spanned!(ty.span()=> <#ty as #p::Message>::SHAPE)
}

fn parameter(p: &TokenStream, ty: &Type) -> TokenStream {
    quote_spanned!(ty.span()=> <#ty as #p::Parameter>)
}

impl Flavour {
    /// The crate whose `__private` has everything that an expansion names.
    fn facade(self) -> TokenStream {
        match self {
            Self::Server => quote!(::farcall_server::__private),
            Self::Client => quote!(::farcall_client::__private),
        }
    }

    /// The side that serves bare routes; the variant of `farcall_protocol::Side`.
    fn side(self) -> Ident {
        match self {
            Self::Server => format_ident!("Server"),
            Self::Client => format_ident!("Client"),
        }
    }
}
