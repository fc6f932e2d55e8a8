//! From the message's model to `impl Message`: one constant.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::Type;
use syn::ext::IdentExt;
use syn::spanned::Spanned;

use super::model::{Body, Fields, Message};

/// The implementation.
pub fn expand(message: &Message) -> TokenStream {
    let ident = &message.ident;
    let name = ident.unraw().to_string();
    let (parameters, arguments, clause) = message.generics.split_for_impl();
    let shape = match &message.body {
        Body::Struct(body) => {
            let body = fields(body);
            quote!(::farcall_protocol::Shape::Struct { name: #name, fields: #body })
        }
        Body::Enum(variants) => {
            let names = variants.iter().map(|variant| &variant.name);
            let bodies = variants.iter().map(|variant| fields(&variant.fields));
            quote! {
                ::farcall_protocol::Shape::Enum {
                    name: #name,
                    variants: &[#(::farcall_protocol::Variant { name: #names, fields: #bodies }),*],
                }
            }
        }
    };
    quote! {
        #[automatically_derived]
        impl #parameters ::farcall_protocol::Message for #ident #arguments #clause {
            const SHAPE: &'static ::farcall_protocol::Shape = &#shape;
        }
    }
}

fn fields(body: &Fields) -> TokenStream {
    match body {
        Fields::Unit => quote!(::farcall_protocol::Fields::Unit),
        Fields::Positional(types) => {
            let shapes = types.iter().map(shape_of);
            quote!(::farcall_protocol::Fields::Positional(&[#(#shapes),*]))
        }
        Fields::Named(named) => {
            let fields = named.iter().map(|field| {
                let (name, shape, secret) = (&field.name, shape_of(&field.ty), field.secret);
                quote!(::farcall_protocol::Field { name: #name, shape: #shape, secret: #secret })
            });
            quote!(::farcall_protocol::Fields::Named(&[#(#fields),*]))
        }
    }
}

/// Spanned on the field's type: a type that is not a `Message` is pointed at where it is written.
fn shape_of(ty: &Type) -> TokenStream {
    quote_spanned!(ty.span()=> <#ty as ::farcall_protocol::Message>::SHAPE)
}
