//! From the type as written to the message's model, noting every mistake. Fields one by one: `fields`.

use syn::ext::IdentExt;
use syn::{Attribute, Data, DataEnum, DataUnion, DeriveInput, GenericParam, Generics, parse_quote};

use super::model::{Body, Message, Variant};
use super::{fields, serde_attributes};
use crate::errors::Errors;

/// Reads the type. `None` for a type that has no shape at all.
pub fn parse(written: DeriveInput, errors: &mut Errors) -> Option<Message> {
    serde_attributes::check(&written.attrs, errors);
    refuse_our_attribute(&written.attrs, errors);
    let before = errors.is_empty();
    refuse_lifetimes(&written.generics, errors);
    let has_lifetimes = before && !errors.is_empty();
    let body = match written.data {
        Data::Struct(data) => Body::Struct(fields::parse(data.fields, &written.ident, None, errors)),
        Data::Enum(data) => Body::Enum(variants(data, &written.ident, errors)),
        Data::Union(data) => {
            refuse_union(&data, errors);
            return None;
        }
    };
    if has_lifetimes {
        return None;
    }
    Some(Message { ident: written.ident, generics: bound_by_message(written.generics), body })
}

fn variants(data: DataEnum, type_ident: &syn::Ident, errors: &mut Errors) -> Vec<Variant> {
    let read = |variant: syn::Variant| {
        serde_attributes::check(&variant.attrs, errors);
        refuse_our_attribute(&variant.attrs, errors);
        let fields = fields::parse(variant.fields, type_ident, Some(&variant.ident), errors);
        Variant { name: variant.ident.unraw().to_string(), fields }
    };
    data.variants.into_iter().map(read).collect()
}

fn refuse_our_attribute(attributes: &[Attribute], errors: &mut Errors) {
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("message")) {
        errors.at(
            attribute,
            "`#[message(..)]` stands on a field: `#[message(secret)]`, `#[message(as = Type)]`",
        );
    }
}

fn refuse_lifetimes(generics: &Generics, errors: &mut Errors) {
    for lifetime in generics.lifetimes() {
        let sentence = format!(
            "a message owns its data, for what arrives from a peer has nobody to borrow from: remove `{}`",
            lifetime.lifetime
        );
        errors.at(lifetime, sentence);
    }
}

fn refuse_union(data: &DataUnion, errors: &mut Errors) {
    errors.at(
        data.union_token,
        "a `union` cannot travel: its bytes do not say which field they are. Make it an `enum`",
    );
}

fn bound_by_message(mut generics: Generics) -> Generics {
    for parameter in &mut generics.params {
        if let GenericParam::Type(parameter) = parameter {
            parameter.bounds.push(parse_quote!(::farcall_protocol::Message));
        }
    }
    generics
}
