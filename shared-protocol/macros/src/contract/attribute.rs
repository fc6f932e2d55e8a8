//! The words of `#[contract(served_by = server, name = "Wire")]`.

use proc_macro2::{Span, TokenStream};
use syn::ext::IdentExt;
use syn::{Expr, Ident};

use super::model::Side;
use crate::errors::Errors;
use crate::names;
use crate::words::{self, Known, Word};

/// What the attribute says.
pub struct Words {
    pub side: Side,
    pub name: String,
}

/// Reads the attribute; what it does not say, or says wrongly, is filled in so that expansion can go on.
pub fn read(attribute: TokenStream, trait_ident: &Ident, errors: &mut Errors) -> Words {
    let (mut side, mut name, mut served_by_written) = (Side::Server, trait_ident.unraw().to_string(), false);
    for word in words::of_macro(attribute, errors) {
        if word.is("served_by") {
            served_by_written = true;
            side = read_side(&word, errors).unwrap_or(side);
        } else if word.is("name") {
            if let Some(text) = names::literal(word.value.as_ref(), &word.path, errors) {
                if let Some(sentence) = names::wrong(&text) {
                    errors.at(&word.value, sentence);
                }
                name = text;
            }
        } else {
            let written = crate::types::spelled(&word.path);
            errors.at(&word.path, words::unknown(&written, KNOWN));
        }
    }
    if !served_by_written {
        let sentence = "a contract says who serves it: `#[contract(served_by = server)]` or `#[contract(served_by = client)]`";
        errors.add(syn::Error::new(Span::call_site(), sentence));
    }
    Words { side, name }
}

fn read_side(word: &Word, errors: &mut Errors) -> Option<Side> {
    let written = match &word.value {
        Some(Expr::Path(path)) => path.path.get_ident().map(Ident::to_string).unwrap_or_default(),
        _ => String::new(),
    };
    match written.as_str() {
        "server" => return Some(Side::Server),
        "client" => return Some(Side::Client),
        _ => {}
    }
    let meant = match words::nearest(&written, SIDES) {
        Some(near) => format!(": did you mean `{near}`?"),
        None => String::new(),
    };
    let sentence = format!("`served_by` is `server` or `client`{meant}");
    match &word.value {
        Some(value) => errors.at(value, sentence),
        None => errors.at(&word.path, sentence),
    }
    None
}

const KNOWN: &[Known] = &[
    Known { word: "served_by", form: "served_by = server" },
    Known { word: "name", form: "name = \"...\"" },
];

const SIDES: &[Known] = &[Known { word: "server", form: "server" }, Known { word: "client", form: "client" }];
