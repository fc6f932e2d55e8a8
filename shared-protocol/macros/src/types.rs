//! What a type on the wire cannot be, as far as its spelling shows it. What only the compiler can know
//! (whether it is a `Message`) is left to trait bounds in the expansion.

use quote::{ToTokens, quote};
use syn::visit::{self, Visit};
use syn::{Type, TypeImplTrait, TypeInfer, TypeReference};

use crate::errors::Errors;

/// Notes everything about an argument's or a reply's type that cannot travel.
pub fn check(ty: &Type, errors: &mut Errors) {
    WireType { errors }.visit_type(ty);
}

struct WireType<'e> {
    errors: &'e mut Errors,
}

impl<'ast> Visit<'ast> for WireType<'_> {
    fn visit_type_reference(&mut self, borrowed: &'ast TypeReference) {
        self.errors.at(borrowed, borrowed_sentence(borrowed));
    }

    fn visit_type_impl_trait(&mut self, ty: &'ast TypeImplTrait) {
        self.errors.at(ty, "what travels has one concrete type: name it instead of `impl Trait`");
    }

    fn visit_type_infer(&mut self, ty: &'ast TypeInfer) {
        self.errors.at(ty, "what travels has one concrete type: name it instead of `_`");
    }

    fn visit_type(&mut self, ty: &'ast Type) {
        visit::visit_type(self, ty);
    }
}

/// "`&str` is borrowed ...: take a `String`".
pub fn borrowed_sentence(borrowed: &TypeReference) -> String {
    let owned = match &*borrowed.elem {
        Type::Path(path) if path.path.is_ident("str") => quote!(String),
        Type::Slice(slice) => {
            let element = &slice.elem;
            quote!(Vec<#element>)
        }
        other => other.to_token_stream(),
    };
    format!(
        "`{}` is borrowed, and what arrives from a peer has nobody to borrow from: take a `{}`",
        spelled(borrowed),
        spelled(owned)
    )
}

/// Tokens as a person would write a type: without the spaces that token streams print.
pub fn spelled(tokens: impl ToTokens) -> String {
    let mut text = tokens.to_token_stream().to_string();
    for (spaced, tight) in [
        (" :: ", "::"),
        (" < ", "<"),
        (" <", "<"),
        ("< ", "<"),
        (" >", ">"),
        ("& ", "&"),
        (" ,", ","),
        (" ;", ";"),
    ] {
        text = text.replace(spaced, tight);
    }
    text
}

#[cfg(test)]
mod tests {
    use syn::parse_quote;

    use super::*;

    fn said(ty: &Type) -> Vec<String> {
        let mut errors = Errors::default();
        check(ty, &mut errors);
        errors.sentences()
    }

    #[test]
    fn a_borrowed_type_is_answered_with_its_owned_form() {
        assert!(said(&parse_quote!(&str))[0].ends_with("take a `String`"));
        assert!(said(&parse_quote!(&'static [u8]))[0].ends_with("take a `Vec<u8>`"));
        assert!(said(&parse_quote!(Option<&Item<u8>>))[0].ends_with("take a `Item<u8>`"));
        assert!(said(&parse_quote!(Vec<String>)).is_empty());
    }

    #[test]
    fn every_mistake_in_one_type_is_found() {
        assert_eq!(said(&parse_quote!((&str, impl Clone, Vec<_>))).len(), 3);
    }
}
