//! From the function as written to the handler's model, noting every mistake.

use quote::quote;
use syn::ext::IdentExt;
use syn::{FnArg, ItemFn, Pat, PatType, ReturnType, Signature, parse_quote};

use super::attribute::Words;
use super::model::{self, Argument, Handler, Target};
use super::parameter::{self, Source};
use crate::errors::Errors;
use crate::{docs, names, types};

/// Reads the function.
pub fn parse(words: Words, function: &ItemFn, errors: &mut Errors) -> Handler {
    let signature = &function.sig;
    refuse_what_cannot_be_called(signature, errors);
    let mut handler = Handler {
        ident: signature.ident.clone(),
        target: target(words, signature, errors),
        conditions: function
            .attrs
            .iter()
            .filter(|attribute| attribute.path().is_ident("cfg"))
            .cloned()
            .collect(),
        docs: docs::text(&function.attrs),
        is_async: signature.asyncness.is_some(),
        parameters: Vec::new(),
        arguments: Vec::new(),
        answer: parse_quote!(()),
        signature: written_at(signature),
    };
    for (index, input) in signature.inputs.iter().enumerate() {
        match input {
            FnArg::Receiver(receiver) => errors.at(
                receiver,
                "a handler is a free function, there is no `self` to call it on: take `State<T>` for what it shares",
            ),
            FnArg::Typed(typed) => take(typed, index, &mut handler, errors),
        }
    }
    if handler.arguments.len() > ARGUMENTS_MAX {
        let sentence =
            format!("a route takes at most {ARGUMENTS_MAX} arguments: put them in a struct of their own");
        errors.at(&signature.inputs, sentence);
    }
    if let ReturnType::Type(_, ty) = &signature.output {
        types::check(ty, errors);
        handler.answer = (**ty).clone();
    }
    handler
}

fn refuse_what_cannot_be_called(signature: &Signature, errors: &mut Errors) {
    if let Some(unsafety) = &signature.unsafety {
        errors.at(unsafety, "a handler is not `unsafe`: any peer may call it");
    }
    if let Some(abi) = &signature.abi {
        errors.at(abi, "a handler has no ABI: it is called over a session");
    }
    if let Some(variadic) = &signature.variadic {
        errors.at(variadic, "a handler has a fixed list of arguments: take a `Vec`");
    }
    if !signature.generics.params.is_empty() {
        errors.at(&signature.generics, "a handler is not generic: the wire has one type for each argument");
    }
    if let Some(clause) = &signature.generics.where_clause {
        errors.at(clause, "a handler has no `where`: the wire has one type for each argument");
    }
}

fn target(words: Words, signature: &Signature, errors: &mut Errors) -> Target {
    match words {
        Words::Contract { contract, method } => Target::Contract { contract, method },
        Words::Named(name) => Target::Bare { name },
        Words::Bare => {
            let name = signature.ident.unraw().to_string();
            if let Some(sentence) = names::wrong(&name) {
                errors.at(&signature.ident, sentence);
            }
            Target::Bare { name }
        }
    }
}

fn take(typed: &PatType, index: usize, handler: &mut Handler, errors: &mut Errors) {
    match parameter::source(&typed.ty, index) {
        Source::NotYet(sentence) => errors.at(&typed.ty, sentence),
        Source::Ours(name) => {
            if let Some(before) = handler.arguments.first() {
                let sentence = format!(
                    "`{name}` comes before the wire's arguments: move it in front of `{}`",
                    before.name
                );
                errors.at(typed, sentence);
            }
            handler.parameters.push((*typed.ty).clone());
        }
        Source::Wire => {
            types::check(&typed.ty, errors);
            handler.arguments.push(Argument { name: name_of(&typed.pat), ty: (*typed.ty).clone() });
        }
    }
}

fn name_of(pattern: &Pat) -> String {
    match pattern {
        Pat::Ident(name) => name.ident.unraw().to_string(),
        _ => "_".into(),
    }
}

/// From the function's name to the end of its arguments and reply.
fn written_at(signature: &Signature) -> (proc_macro2::Span, proc_macro2::Span) {
    let Signature { ident, paren_token, output, .. } = signature;
    let end = model::ends(quote!(#output)).map_or(paren_token.span.close(), |(_, end)| end);
    (ident.span(), end)
}

/// The longest tuple that serde decodes.
const ARGUMENTS_MAX: usize = 16;
