//! From the handler's model to its registration. Everything written here only calls ordinary functions of the
//! facade's `__private`, by full path, inside a `const _`: no name of ours is visible to the user's code.

use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::Type;
use syn::spanned::Spanned;

use super::model::{Flavour, Handler, Ours, Target};

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
    let needs = needs(&p, handler);
    let line = line(handler.ident.span());
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
                    module: ::core::module_path!(),
                    place: #p::Place { file: ::core::file!(), line: #line },
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
    let object = handler.object.iter().map(|ty| {
        let parameter = state_of(&p, ty);
        quote!(let #OBJECT = #parameter::take(&#CALL);)
    });
    let taken = handler.parameters.iter().enumerate().filter_map(|(index, ours)| {
        let Ours::Taken(ty) = ours else { return None };
        let (name, parameter) = (format_ident!("__parameter{index}"), parameter(&p, ty));
        Some(quote!(let #name = #parameter::take(&#CALL);))
    });
    let run = run(flavour, handler);
    quote! {
        fn __farcall_shim(#CALL: #p::Invocation<'_>) -> #p::Step {
            #(#object)*
            #(#taken)*
            #run
        }
    }
}

/// Hands the user's function to the way of running it that its parameters ask for.
fn run(flavour: Flavour, handler: &Handler) -> TokenStream {
    let Handler { ident, arguments, answer, .. } = handler;
    let types = arguments.iter().map(|argument| &argument.ty).collect::<Vec<_>>();
    let closure = closure(flavour, handler);
    if handler.is_async {
        // A function of its own, for its name: the compiler prints it beside a future that is not `Send`.
        let p = flavour.facade_at(ident.span());
        return quote_spanned!(ident.span()=> #p::handler_future_must_be_send(#CALL, #closure));
    }
    // What is wrong with the answer is said where it stands.
    let at = answer.span();
    match (&handler.frame, handler.replies()) {
        (None, false) => {
            let run = quote_spanned!(at=> run);
            quote!(#CALL.#run(#closure))
        }
        (None, true) => {
            let run = quote_spanned!(at=> run_replying);
            quote!(#CALL.#run(#closure))
        }
        (Some(frame), false) => {
            let run = quote_spanned!(at=> run_on_frame);
            quote!(#CALL.#run::<#frame, (#(#types,)*), #answer>(#closure))
        }
        (Some(frame), true) => {
            let run = quote_spanned!(at=> run_on_frame_replying);
            quote!(#CALL.#run::<#frame, (#(#types,)*), #answer>(#closure))
        }
    }
}

/// From the frame, the reply and the tuple of arguments to the user's function.
fn closure(flavour: Flavour, handler: &Handler) -> TokenStream {
    let Handler { ident, arguments, answer, .. } = handler;
    let given = (0..arguments.len()).map(|index| format_ident!("__argument{index}")).collect::<Vec<_>>();
    let types = arguments.iter().map(|argument| &argument.ty);
    let frame = handler.frame.iter().map(|ty| quote!(#FRAME: &mut #ty,));
    let reply = handler.replies().then(|| {
        let p = flavour.facade_at(answer.span());
        quote_spanned!(answer.span()=> #REPLY: #p::Reply<#answer>,)
    });
    let called = call(handler, &given);
    // Spanned on the function's name: what is wrong with calling it is said there.
    quote_spanned! {ident.span()=>
        move |#(#frame)* #reply (#(#given,)*): (#(#types,)*)| #called
    }
}

/// The call of the user's function itself.
fn call(handler: &Handler, arguments: &[Ident]) -> TokenStream {
    let Handler { ident, object, frame, parameters, .. } = handler;
    let frame = frame.iter().map(|_| quote!(#FRAME,));
    let parameters = parameters.iter().enumerate().map(|(index, ours)| match ours {
        Ours::Taken(_) => format_ident!("__parameter{index}").into_token_stream(),
        Ours::Reply => REPLY.into_token_stream(),
    });
    let passed = quote!(#(#frame)* #(#parameters,)* #(#arguments),*);
    match object {
        None => quote_spanned!(ident.span()=> #ident(#passed)),
        // Its future borrows the object, which therefore lives in the future.
        Some(ty) if handler.is_async => {
            quote_spanned!(ident.span()=> async move { <#ty>::#ident(&*#OBJECT, #passed).await })
        }
        Some(ty) => quote_spanned!(ident.span()=> <#ty>::#ident(&*#OBJECT, #passed)),
    }
}

/// The types that must be there before the route is served.
fn needs(p: &TokenStream, handler: &Handler) -> Vec<TokenStream> {
    let object = handler.object.iter().map(|ty| state_of(p, ty));
    let taken = handler.parameters.iter().filter_map(|ours| match ours {
        Ours::Taken(ty) => Some(parameter(p, ty)),
        Ours::Reply => None,
    });
    let needs = object.chain(taken).map(|parameter| quote!(#parameter::NEED));
    let frame = handler
        .frame
        .iter()
        .map(|ty| quote_spanned!(ty.span()=> ::core::option::Option::Some(#p::Need::frame::<#ty>())));
    needs.chain(frame).collect()
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

/// The parameter that gives a service object.
fn state_of(p: &TokenStream, ty: &Type) -> TokenStream {
    quote_spanned!(ty.span()=> <#p::State<#ty> as #p::Parameter>)
}

/// The line of the function's own name: `line!()` would be that of the attribute, one for all methods of an `impl`.
fn line(span: Span) -> TokenStream {
    if !proc_macro::is_available() {
        return quote!(::core::line!());
    }
    let line = Literal::u32_unsuffixed(u32::try_from(span.unwrap().line()).unwrap_or_default());
    quote!(#line)
}

/// A name in the expansion: the same one wherever it is written, whatever the tokens around it are blamed on.
struct Name(&'static str);

impl ToTokens for Name {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        Ident::new(self.0, Span::call_site()).to_tokens(tokens);
    }
}

const CALL: Name = Name("__call");
const OBJECT: Name = Name("__object");
const FRAME: Name = Name("__frame");
const REPLY: Name = Name("__reply");

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
