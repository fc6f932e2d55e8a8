//! The fields of a struct or of a variant: their shapes' types, `#[message(..)]`, and types that cannot travel.

use quote::ToTokens;
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::visit::{self, Visit};
use syn::{Attribute, Expr, Ident, Meta, Token, Type, TypePath, TypeReference, parse_quote};

use super::model::{Field, Fields};
use super::serde_attributes;
use crate::errors::Errors;
use crate::types;
use crate::words::{self, Known};

/// Reads the fields of `of`, or of its `variant`.
pub fn parse(written: syn::Fields, of: &Ident, variant: Option<&Ident>, errors: &mut Errors) -> Fields {
    match written {
        syn::Fields::Unit => Fields::Unit,
        syn::Fields::Named(fields) => Fields::Named(
            fields
                .named
                .into_iter()
                .filter_map(|field| {
                    let name = field.ident.as_ref()?.unraw().to_string();
                    let own = read(&field, &name, of, variant, errors);
                    Some(Field { name, ty: own.shape_of.unwrap_or(field.ty), secret: own.secret.is_some() })
                })
                .collect(),
        ),
        syn::Fields::Unnamed(fields) => Fields::Positional(
            fields
                .unnamed
                .into_iter()
                .enumerate()
                .map(|(index, field)| {
                    let own = read(&field, &index.to_string(), of, variant, errors);
                    if let Some(secret) = own.secret {
                        errors.at(secret, "a secret field needs a name: `{ password: String }`");
                    }
                    own.shape_of.unwrap_or(field.ty)
                })
                .collect(),
        ),
    }
}

/// Notes what is wrong with a field, and gives the words of its `#[message(..)]`.
fn read(field: &syn::Field, name: &str, of: &Ident, variant: Option<&Ident>, errors: &mut Errors) -> Own {
    serde_attributes::check(&field.attrs, errors);
    let mut own = Own::read(&field.attrs, errors);
    let place = match variant {
        Some(variant) => format!("field `{name}` of `{variant}`"),
        None => format!("field `{name}`"),
    };
    if let Some((word, len)) = &own.max_len {
        let (ty, len) = (types::spelled(&field.ty), types::spelled(len));
        let sentence = format!(
            "{place}: a bound is part of the type, which keeps it while it is decoded and in the program: \
             `Bounded<{ty}, {len}>`"
        );
        errors.at(word, sentence);
    }
    let ty = own.shape_of.as_ref().unwrap_or(&field.ty);
    let mut look = FieldType { place, of, errors, refused: false };
    look.visit_type(ty);
    if look.refused {
        // So that the compiler does not say in its own words what we have said in ours.
        own.shape_of = Some(parse_quote!(()));
    }
    own
}

/// What `#[message(..)]` says on a field.
#[derive(Default)]
struct Own {
    /// The word `secret`, where it stands.
    secret: Option<Ident>,
    /// The type whose shape the field has, where it is not the field's own.
    shape_of: Option<Type>,
    /// The word `max_len`, which is none of ours but is looked for, with its value.
    max_len: Option<(Ident, Expr)>,
}

impl Own {
    fn read(attributes: &[Attribute], errors: &mut Errors) -> Self {
        let mut own = Self::default();
        for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("message")) {
            let words = match &attribute.meta {
                Meta::List(list) => list.parse_args_with(Punctuated::<Word, Token![,]>::parse_terminated),
                other => Err(syn::Error::new_spanned(
                    other,
                    "expected `#[message(secret)]` or `#[message(as = Type)]`",
                )),
            };
            match words {
                Ok(words) => words.into_iter().for_each(|word| own.take(word, errors)),
                Err(error) => errors.add(error),
            }
        }
        own
    }

    fn take(&mut self, word: Word, errors: &mut Errors) {
        match word {
            Word::Secret(at) => self.secret = Some(at),
            Word::As(ty) => self.shape_of = Some(*ty),
            Word::MaxLen(at, len) => self.max_len = Some((at, *len)),
            Word::Unknown(at) => errors.at(&at, words::unknown(&at.to_string(), KNOWN)),
        }
    }
}

enum Word {
    Secret(Ident),
    As(Box<Type>),
    MaxLen(Ident, Box<Expr>),
    Unknown(Ident),
}

impl Parse for Word {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let word = input.call(Ident::parse_any)?;
        if word == "secret" {
            return Ok(Self::Secret(word));
        }
        if word == "as" {
            input.parse::<Token![=]>()?;
            return Ok(Self::As(input.parse()?));
        }
        if input.parse::<Option<Token![=]>>()?.is_some() {
            let value = input.parse::<Expr>()?;
            if word == "max_len" {
                return Ok(Self::MaxLen(word, Box::new(value)));
            }
        }
        Ok(Self::Unknown(word))
    }
}

const KNOWN: &[Known] = &[Known { word: "secret", form: "secret" }, Known { word: "as", form: "as = Type" }];

/// Looks through a field's type for what cannot travel.
struct FieldType<'e> {
    /// The field, as a sentence names it.
    place: String,
    of: &'e Ident,
    errors: &'e mut Errors,
    refused: bool,
}

impl<'ast> Visit<'ast> for FieldType<'_> {
    fn visit_type_path(&mut self, ty: &'ast TypePath) {
        let place = &self.place;
        if ty.path.is_ident("usize") || ty.path.is_ident("isize") {
            let written = ty.to_token_stream().to_string();
            let way_out = if written == "usize" { "`u32` or `u64`" } else { "`i32` or `i64`" };
            let sentence =
                format!("{place} holds `{written}`, whose width differs between machines: use {way_out}");
            self.refuse(ty, &sentence);
        } else if self.is_the_type_itself(ty) {
            let sentence = format!(
                "{place} contains `{}` itself, and a few hostile bytes could nest it until the stack overflows: \
                 send a flat list whose items name each other by index",
                self.of
            );
            self.refuse(ty, &sentence);
        } else {
            visit::visit_type_path(self, ty);
        }
    }

    fn visit_type_reference(&mut self, ty: &'ast TypeReference) {
        let sentence = format!("{}: {}", self.place, types::borrowed_sentence(ty));
        self.refuse(ty, &sentence);
    }
}

impl FieldType<'_> {
    fn refuse(&mut self, ty: impl ToTokens, sentence: &str) {
        self.refused = true;
        self.errors.at(ty, sentence);
    }

    /// `Tree`, `Self` or `self::Tree`; another path to the same type is caught by the compiler as a cycle.
    fn is_the_type_itself(&self, ty: &TypePath) -> bool {
        let mut segments = ty.path.segments.iter().map(|segment| &segment.ident);
        ty.qself.is_none()
            && match (segments.next(), segments.next(), segments.next()) {
                (Some(only), None, None) => only == self.of || only == "Self",
                (Some(first), Some(second), None) => first == "self" && second == self.of,
                _ => false,
            }
    }
}
