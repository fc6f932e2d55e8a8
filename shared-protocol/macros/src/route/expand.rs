//! From the handler's model to its registration. Everything written here only calls ordinary functions of the
//! facade's `__private`, by full path, inside a `const _`: no name of ours is visible to the user's code.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::Type;
use syn::spanned::Spanned;

use super::model::{Flavour, Handler, Target};

/// The registration, as one item.
pub fn expand(flavour: Flavour, handler: &Handler) -> TokenStream {
    let p = flavour.facade();
    let conditions = &handler.conditions;
    // First what must hold, so that its messages come first; then the code that relies on it.
    let checks = checks(flavour, handler);
    let (route, is_contract) = match &handler.target {
        Target::Contract { contract, method } => (quote!(#contract.#method.descriptor()), true),
        Target::Bare { name } => (bare_route(&p, flavour, name, handler), false),
    };
    let shim = shim(flavour, handler);
    let needs = handler.parameters.iter().map(|ty| {
        let parameter = parameter(&p, ty);
        quote!(#parameter::NEED)
    });
    quote! {
        #(#conditions)*
        const _: () = {
            #checks
            const __FARCALL_ROUTE: &#p::RouteDescriptor = #route;
            #shim
            #p::inventory::submit! {
                #p::Registration {
                    route: __FARCALL_ROUTE,
                    contract: #is_contract,
                    handler: __farcall_shim,
                    needs: &[#(#needs),*],
                    place: #p::Place { file: ::core::file!(), line: ::core::line!() },
                }
            }
        };
    }
}

/// Arguments are messages, and the signature is the contract's. A bare route's descriptor itself says the former.
fn checks(flavour: Flavour, handler: &Handler) -> TokenStream {
    let Target::Contract { contract, method } = &handler.target else { return TokenStream::new() };
    let p = flavour.facade();
    let messages = handler.arguments.iter().map(|argument| {
        let shape = shape(&p, &argument.ty);
        quote!(const _: &#p::Shape = #shape;)
    });
    let signature = signature(flavour, handler);
    quote! {
        #(#messages)*
        const _: () = #p::implements(&#contract.#method, #signature);
    }
}

/// `PhantomData::<fn(i64, i64) -> i64>`, beginning and ending where the user's own signature does, so that the
/// compiler underlines the whole of it.
fn signature(flavour: Flavour, handler: &Handler) -> TokenStream {
    let (begin, end) = handler.signature;
    let p = flavour.facade_at(begin);
    let types = handler.arguments.iter().map(|argument| &argument.ty);
    let answer = &handler.answer;
    let opening = quote_spanned!(begin=> #p::PhantomData::<fn(#(#types),*) -> #answer);
    let closing = quote_spanned!(end=> >);
    quote!(#opening #closing)
}

/// The function of one type for all handlers, which the router calls.
fn shim(flavour: Flavour, handler: &Handler) -> TokenStream {
    let p = flavour.facade();
    let Handler { ident, parameters, arguments, .. } = handler;
    let taken = (0..parameters.len()).map(|index| format_ident!("__parameter{index}")).collect::<Vec<_>>();
    let given = (0..arguments.len()).map(|index| format_ident!("__argument{index}")).collect::<Vec<_>>();
    let take = taken.iter().zip(parameters).map(|(name, ty)| {
        let parameter = parameter(&p, ty);
        quote!(let #name = #parameter::take(&__call);)
    });
    let types = arguments.iter().map(|argument| &argument.ty);
    // Spanned on the function's name: what is wrong with calling it is said there.
    let closure = quote_spanned! {ident.span()=>
        move |(#(#given,)*): (#(#types,)*)| #ident(#(#taken,)* #(#given),*)
    };
    let run = match handler.is_async {
        // What is wrong with the answer is said at the return type.
        false => {
            let run = quote_spanned!(handler.answer.span()=> run);
            quote!(__call.#run(#closure))
        }
        // A function of its own, for its name: the compiler prints it beside a future that is not `Send`.
        true => {
            let p = flavour.facade_at(ident.span());
            quote_spanned!(ident.span()=> #p::handler_future_must_be_send(__call, #closure))
        }
    };
    quote! {
        fn __farcall_shim(__call: #p::Invocation<'_>) -> #p::Step {
            #(#take)*
            #run
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
        &#p::RouteDescriptor::new(
            #name,
            #p::Side::#side,
            #p::Delivery::Call,
            &[#(#p::Argument { name: #names, shape: #shapes, secret: false }),*],
            <#answer::Ok as #p::Message>::SHAPE,
            <#answer::Err as #p::RouteError>::SHAPE,
            #docs,
        )
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
        self.facade_at(Span::call_site())
    }

    /// The same, blamed on a place of the user's.
    fn facade_at(self, span: Span) -> TokenStream {
        match self {
            Self::Server => quote_spanned!(span=> ::farcall_server::__private),
            Self::Client => quote_spanned!(span=> ::farcall_client::__private),
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
