//! Doc comments as text, for route tables and tools.

use syn::{Attribute, Expr, ExprLit, Lit, Meta};

/// The doc comment of an item, line by line, without the space that `///` leaves before each.
pub fn text(attributes: &[Attribute]) -> String {
    let lines = attributes.iter().filter_map(line).collect::<Vec<_>>();
    lines.join("\n").trim().to_owned()
}

fn line(attribute: &Attribute) -> Option<String> {
    let Meta::NameValue(doc) = &attribute.meta else { return None };
    match &doc.value {
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) if doc.path.is_ident("doc") => {
            let text = text.value();
            Some(text.strip_prefix(' ').unwrap_or(&text).trim_end().to_owned())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use syn::parse_quote;

    #[test]
    fn lines_are_joined_and_other_attributes_left_out() {
        let item: syn::ItemFn = parse_quote! {
            /// Adds two numbers.
            #[inline]
            ///
            /// Exactly.
            fn sum() {}
        };
        assert_eq!(super::text(&item.attrs), "Adds two numbers.\n\nExactly.");
    }
}
