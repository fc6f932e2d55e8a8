//! From the contract's model to code: the trait of stubs, the constant of routes, the descriptors.
//! Everything written here only calls ordinary functions of `farcall_protocol`, by full path.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::spanned::Spanned;

use super::model::{Argument, Contract, Delivery, Method, Side};

/// The whole expansion.
pub fn expand(contract: &Contract) -> TokenStream {
    let stubs = stubs(contract);
    let routes = routes(contract);
    let descriptor = descriptor(contract);
    quote!(#stubs #routes #descriptor)
}

fn stubs(contract: &Contract) -> TokenStream {
    let Contract { keyword, ident, visibility, attributes, .. } = contract;
    let side = contract.side.marker();
    let methods = contract.methods.iter().map(|method| stub(ident, method));
    quote! {
        #(#attributes)*
        // A contract states more than one peer of it calls.
        #[allow(dead_code, clippy::too_many_arguments)]
        #visibility #keyword #ident: ::farcall_protocol::Reaches<#side> {
            #(#methods)*
        }

        impl<__Handle: ::farcall_protocol::Reaches<#side>> #ident for __Handle {}
    }
}

/// One stub. `Caller`'s functions are called by path: the contract may have methods of their names.
fn stub(contract: &Ident, method: &Method) -> TokenStream {
    let Method { keyword, ident, attributes, answer, .. } = method;
    let names = method.arguments.iter().map(|argument| &argument.ident).collect::<Vec<_>>();
    let types = method.arguments.iter().map(|argument| &argument.ty).collect::<Vec<_>>();
    let arguments = quote! {
        &(#(::farcall_protocol::Arg::<#types>::wire(&#names),)*)
    };
    let (returned, function) = match method.delivery {
        Delivery::Call => {
            let returned =
                quote_spanned!(answer.span()=> <Self as ::farcall_protocol::Caller>::Call<#answer>);
            (returned, quote_spanned!(answer.span()=> call))
        }
        _ => (quote!(<Self as ::farcall_protocol::Caller>::Notified), quote!(notify)),
    };
    quote! {
        #(#attributes)*
        #keyword #ident(&self, #(#names: impl ::farcall_protocol::Arg<#types>),*) -> #returned {
            ::farcall_protocol::Caller::#function(self, #contract.#ident.descriptor(), #arguments)
        }
    }
}

/// The struct with a field for each route, and the constant of the contract's name.
fn routes(contract: &Contract) -> TokenStream {
    let Contract { ident, visibility, methods, .. } = contract;
    let struct_ident = contract.routes_ident();
    let side = contract.side.marker();
    let names = methods.iter().map(|method| &method.ident).collect::<Vec<_>>();
    let types = methods.iter().map(|method| {
        let types = method.arguments.iter().map(|argument| &argument.ty);
        let answer = &method.answer;
        quote!(::farcall_protocol::Route<fn(#(#types),*) -> #answer, #side>)
    });
    let descriptors = methods.iter().map(|method| route_descriptor(method, contract.side));
    let docs = format!("The routes of the contract [`trait@{ident}`], as values.");
    quote! {
        #[doc(hidden)]
        #[allow(dead_code)]
        #[derive(Clone, Copy, Debug)]
        #visibility struct #struct_ident {
            #(pub #names: #types,)*
        }

        #[doc = #docs]
        #[allow(dead_code, non_upper_case_globals)]
        #visibility const #ident: #struct_ident = #struct_ident {
            #(#names: ::farcall_protocol::Route::new(const { &#descriptors }),)*
        };
    }
}

fn route_descriptor(method: &Method, side: Side) -> TokenStream {
    let Method { wire_name, docs, answer, .. } = method;
    let arguments = method.arguments.iter().map(argument);
    let delivery = method.delivery.ident();
    let side = side.ident();
    let answer = quote_spanned!(answer.span()=> <#answer as ::farcall_protocol::Answer>);
    quote! {
        ::farcall_protocol::RouteDescriptor::new(
            #wire_name,
            ::farcall_protocol::Side::#side,
            ::farcall_protocol::Delivery::#delivery,
            &[#(#arguments),*],
            <#answer::Ok as ::farcall_protocol::Message>::SHAPE,
            <#answer::Err as ::farcall_protocol::RouteError>::SHAPE,
            #docs,
        )
    }
}

fn argument(argument: &Argument) -> TokenStream {
    let Argument { ident, ty, secret } = argument;
    let name = ident.unraw().to_string();
    let shape = quote_spanned!(ty.span()=> <#ty as ::farcall_protocol::Message>::SHAPE);
    quote! {
        ::farcall_protocol::Argument { name: #name, shape: #shape, secret: #secret }
    }
}

fn descriptor(contract: &Contract) -> TokenStream {
    let Contract { ident, name, .. } = contract;
    let struct_ident = contract.routes_ident();
    let side = contract.side.ident();
    let methods = contract.methods.iter().map(|method| &method.ident);
    quote! {
        impl ::farcall_protocol::Contract for #struct_ident {
            fn descriptor(&self) -> &'static ::farcall_protocol::ContractDescriptor {
                const DESCRIPTOR: &::farcall_protocol::ContractDescriptor =
                    &::farcall_protocol::ContractDescriptor {
                        name: #name,
                        side: ::farcall_protocol::Side::#side,
                        routes: &[#(#ident.#methods.descriptor()),*],
                    };
                DESCRIPTOR
            }
        }
    }
}

impl Contract {
    fn routes_ident(&self) -> Ident {
        format_ident!("__{}Routes", self.ident.unraw())
    }
}

impl Side {
    /// The type that stands for it.
    fn marker(self) -> TokenStream {
        match self {
            Self::Server => quote!(::farcall_protocol::ServedByServer),
            Self::Client => quote!(::farcall_protocol::ServedByClient),
        }
    }

    /// The variant of `farcall_protocol::Side`.
    fn ident(self) -> Ident {
        match self {
            Self::Server => format_ident!("Server"),
            Self::Client => format_ident!("Client"),
        }
    }
}

impl Delivery {
    /// The variant of `farcall_protocol::Delivery`.
    fn ident(self) -> Ident {
        match self {
            Self::Call => format_ident!("Call"),
            Self::Notify => format_ident!("Notify"),
            Self::Latest => format_ident!("Latest"),
            Self::Droppable => format_ident!("Droppable"),
        }
    }
}
