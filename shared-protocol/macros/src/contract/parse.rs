//! From the trait as written to the contract's model, noting every mistake. Methods one by one: `method`.

use std::collections::HashMap;

use syn::{ItemTrait, TraitItem};

use super::attribute::Words;
use super::method;
use super::model::{Contract, Method};
use crate::errors::Errors;

/// Reads the trait. Methods with mistakes stay in the model as far as they can be understood.
pub fn parse(words: Words, written: ItemTrait, errors: &mut Errors) -> Contract {
    refuse_what_only_traits_have(&written, errors);
    let mut methods = Vec::new();
    for item in written.items {
        match item {
            TraitItem::Fn(item) => methods.extend(method::parse(item, &words.name, errors)),
            other => errors.at(other, "a contract holds only methods"),
        }
    }
    Contract {
        keyword: written.trait_token,
        ident: written.ident,
        visibility: written.vis,
        attributes: written.attrs,
        name: words.name,
        side: words.side,
        methods: without_duplicates(methods, errors),
    }
}

fn refuse_what_only_traits_have(written: &ItemTrait, errors: &mut Errors) {
    if let Some(unsafety) = &written.unsafety {
        errors.at(unsafety, "a contract is not `unsafe`: nobody implements it by hand");
    }
    if let Some(auto) = &written.auto_token {
        errors.at(auto, "a contract is not an auto trait");
    }
    if !written.generics.params.is_empty() {
        errors.at(&written.generics, "a contract is not generic: two peers must mean the same types by it");
    }
    if let Some(clause) = &written.generics.where_clause {
        errors.at(clause, "a contract has no `where`: it holds only routes");
    }
    if !written.supertraits.is_empty() {
        errors.at(&written.supertraits, "a contract builds on no other trait: it holds only routes");
    }
}

fn without_duplicates(methods: Vec<Method>, errors: &mut Errors) -> Vec<Method> {
    let mut seen = HashMap::new();
    let mut kept: Vec<Method> = Vec::new();
    for method in methods {
        if let Some(first) = seen.insert(method.wire_name.clone(), method.ident.to_string()) {
            errors.at(
                &method.ident,
                format!("two routes named `{}`: this one and `{first}`", method.wire_name),
            );
        }
        // Two methods of one Rust name are that mistake, too: the compiler need not say it again.
        if kept.iter().all(|other| other.ident != method.ident) {
            kept.push(method);
        }
    }
    kept
}
