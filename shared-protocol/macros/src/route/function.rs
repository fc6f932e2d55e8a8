//! From the function as written to the handler's model, noting every mistake.

use quote::quote;
use syn::ext::IdentExt;
use syn::{Attribute, FnArg, Pat, PatType, Receiver, ReturnType, Signature, Type, parse_quote};

use super::attribute::Words;
use super::model::{self, Argument, Handler, Ours, Target};
use super::parameter::{self, Source};
use crate::errors::Errors;
use crate::{docs, names, types};

/// Reads a function, or a method of `object`.
pub fn parse(
    target: Target,
    object: Option<&Type>,
    attributes: &[Attribute],
    signature: &Signature,
    errors: &mut Errors,
) -> Handler {
    refuse_what_cannot_be_called(signature, errors);
    let mut handler = Handler {
        ident: signature.ident.clone(),
        object: object.cloned(),
        target,
        conditions: conditions(attributes),
        docs: docs::text(attributes),
        is_async: signature.asyncness.is_some(),
        frame: None,
        parameters: Vec::new(),
        arguments: Vec::new(),
        answer: parse_quote!(()),
        signature: written_at(signature),
    };
    let mut before: Option<String> = None;
    for input in &signature.inputs {
        match input {
            FnArg::Receiver(receiver) => check_receiver(receiver, object, errors),
            FnArg::Typed(typed) => {
                take(typed, before.as_deref(), &mut handler, errors);
                before.get_or_insert_with(|| name_of(&typed.pat));
            }
        }
    }
    if handler.arguments.len() > ARGUMENTS_MAX {
        let sentence =
            format!("a route takes at most {ARGUMENTS_MAX} arguments: put them in a struct of their own");
        errors.at(&signature.inputs, sentence);
    }
    check_async(signature, &handler, errors);
    returned(signature, &mut handler, errors);
    handler
}

/// Which route a function's attribute names.
pub fn target(words: Words, signature: &Signature, errors: &mut Errors) -> Target {
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

/// The `#[cfg]`s among attributes.
pub fn conditions(attributes: &[Attribute]) -> Vec<Attribute> {
    attributes.iter().filter(|attribute| attribute.path().is_ident("cfg")).cloned().collect()
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

fn check_receiver(receiver: &Receiver, object: Option<&Type>, errors: &mut Errors) {
    let is_shared = receiver.reference.is_some() && receiver.mutability.is_none();
    match object {
        None => errors.at(
            receiver,
            "there is no object here to call this on: put `#[route]` on the whole `impl` block, or take `State<T>`",
        ),
        Some(_) if is_shared => {}
        Some(_) if receiver.reference.is_some() => errors.at(
            receiver,
            "a route's method takes `&self`, for several players call it at once: keep what changes behind a lock, or \
             in the frame (`&mut T` as the first parameter)",
        ),
        Some(_) => errors.at(
            receiver,
            "a route's method takes `&self`, for the object serves many calls; leave it out with `#[route(skip)]`",
        ),
    }
}

/// Reads one parameter; `before` is the name of the first one.
fn take(typed: &PatType, before: Option<&str>, handler: &mut Handler, errors: &mut Errors) {
    let ours = match parameter::source(&typed.ty) {
        Source::Wire => {
            types::check(&typed.ty, errors);
            handler.arguments.push(Argument { name: name_of(&typed.pat), ty: (*typed.ty).clone() });
            return;
        }
        Source::Frame(frame) => {
            let written = types::spelled(frame);
            let sentence = match (before, &handler.frame) {
                (None, _) => {
                    parameter::check_frame(frame, errors);
                    handler.frame = Some((*frame.elem).clone());
                    return;
                }
                (_, Some(_)) => format!(
                    "`{written}` is a second frame, and `poll` is given one value: put both into one struct"
                ),
                (Some(first), None) => format!(
                    "`{written}` is the frame that `poll` is given, and it comes first: move it in front of `{first}`"
                ),
            };
            return errors.at(typed, sentence);
        }
        Source::Ours(name) => (name.to_string(), Ours::Taken(typed.ty.clone())),
        Source::Reply(segment) => {
            if handler.replies() {
                errors.at(typed, "a call is answered once: take one `Reply`");
            }
            if let Some(answer) = parameter::answer_of(segment, errors) {
                handler.answer = answer;
            }
            ("Reply".to_owned(), Ours::Reply)
        }
    };
    let (name, ours) = ours;
    if let Some(first) = handler.arguments.first() {
        let sentence =
            format!("`{name}` comes before the wire's arguments: move it in front of `{}`", first.name);
        errors.at(typed, sentence);
    }
    handler.parameters.push(ours);
}

/// What cannot be an `async fn`, because it does not wait where it runs.
fn check_async(signature: &Signature, handler: &Handler, errors: &mut Errors) {
    let Some(asyncness) = &signature.asyncness else { return };
    if handler.frame.is_some() {
        errors.at(
            asyncness,
            "a frame handler runs to its end within `poll` and cannot wait: remove `async`, and take `Reply<R>` to \
             answer later",
        );
    } else if handler.replies() {
        errors.at(
            asyncness,
            "an `async fn` answers by returning: remove the `Reply`, or remove `async` and hand the `Reply` to \
             whoever will answer",
        );
    }
}

fn returned(signature: &Signature, handler: &mut Handler, errors: &mut Errors) {
    let ReturnType::Type(_, ty) = &signature.output else { return };
    if !handler.replies() {
        types::check(ty, errors);
        handler.answer = (**ty).clone();
    } else if !matches!(&**ty, Type::Tuple(tuple) if tuple.elems.is_empty()) {
        let sentence = format!(
            "`{}` takes a `Reply` and returns `{}`, and a call is answered once: return nothing, or remove the `Reply`",
            signature.ident,
            types::spelled(ty)
        );
        errors.at(ty, sentence);
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
