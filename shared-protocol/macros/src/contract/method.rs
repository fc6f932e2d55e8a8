//! One method of a contract: its delivery, its name on the wire, its arguments and reply.

use syn::ext::IdentExt;
use syn::{Attribute, FnArg, Pat, PatType, ReturnType, Signature, TraitItemFn, Type, parse_quote};

use super::model::{Argument, Delivery, Method};
use crate::errors::Errors;
use crate::words::{self, Known};
use crate::{docs, names, types};

/// Reads a method. `None` if even its name cannot be a stub's.
pub fn parse(written: TraitItemFn, contract_name: &str, errors: &mut Errors) -> Option<Method> {
    let docs = docs::text(&written.attrs);
    let own = OwnAttributes::take(written.attrs, errors);
    let signature = written.sig;
    refuse_what_only_functions_have(&signature, errors);
    if let Some(body) = &written.default {
        errors.at(
            body,
            "a contract only states what travels: the body stands in the handler, under `#[route]`",
        );
    }
    let delivery = delivery(&own, &signature, errors);
    let wire_name = wire_name(&own, &signature, contract_name, errors);
    let arguments = arguments(&signature, errors);
    let answer = answer(&signature, delivery, errors);
    if RESERVED.contains(&signature.ident.unraw().to_string().as_str()) {
        let sentence = format!(
            "`{0}` is reserved: handles have a method of that name of their own, which would hide the stub; \
             pick another, and keep the wire name with `#[route(name = \"{0}\")]`",
            signature.ident
        );
        errors.at(&signature.ident, sentence);
        return None;
    }
    Some(Method {
        keyword: signature.fn_token,
        ident: signature.ident,
        attributes: own.forwarded,
        wire_name,
        docs,
        delivery,
        arguments,
        answer,
    })
}

/// The attributes of a method: ours, and those that the stub keeps.
#[derive(Default)]
struct OwnAttributes {
    /// `#[notify]`, with the delivery its words name.
    notify: Option<Delivery>,
    /// `#[route(name = "...")]`.
    name: Option<(Attribute, String)>,
    forwarded: Vec<Attribute>,
}

impl OwnAttributes {
    fn take(attributes: Vec<Attribute>, errors: &mut Errors) -> Self {
        let mut own = Self::default();
        for attribute in attributes {
            if attribute.path().is_ident("notify") {
                if own.notify.is_some() {
                    errors.at(&attribute, "`#[notify]` stands once on a method");
                }
                own.notify = Some(read_notify(&attribute, errors));
            } else if attribute.path().is_ident("route") {
                own.name = read_route(&attribute, errors).map(|name| (attribute, name)).or(own.name);
            } else if attribute.path().is_ident("cfg") || attribute.path().is_ident("cfg_attr") {
                errors.at(attribute, "a contract is the same in every build: remove the `cfg`");
            } else {
                own.forwarded.push(attribute);
            }
        }
        own
    }
}

fn read_notify(attribute: &Attribute, errors: &mut Errors) -> Delivery {
    let mut delivery = Delivery::Notify;
    for word in words::of_attribute(attribute, errors) {
        let named = if word.is("latest") {
            Delivery::Latest
        } else if word.is("droppable") {
            Delivery::Droppable
        } else {
            errors.at(&word.path, words::unknown(&types::spelled(&word.path), NOTIFY_WORDS));
            continue;
        };
        if let Some(value) = &word.value {
            errors.at(value, "this word takes no value");
        }
        if delivery != Delivery::Notify {
            errors.at(&word.path, "a notify is either `latest` or `droppable`");
        }
        delivery = named;
    }
    delivery
}

fn read_route(attribute: &Attribute, errors: &mut Errors) -> Option<String> {
    let mut name = None;
    let words = words::of_attribute(attribute, errors);
    if words.is_empty() {
        errors.at(attribute, "in a contract `#[route]` only renames: `#[route(name = \"...\")]`");
    }
    for word in words {
        if word.is("name") {
            name = names::literal(word.value.as_ref(), &word.path, errors);
        } else {
            errors.at(&word.path, words::unknown(&types::spelled(&word.path), ROUTE_WORDS));
        }
    }
    name
}

fn refuse_what_only_functions_have(signature: &Signature, errors: &mut Errors) {
    if let Some(unsafety) = &signature.unsafety {
        errors.at(unsafety, "a route is not `unsafe`: anyone may call it");
    }
    if let Some(abi) = &signature.abi {
        errors.at(abi, "a route has no ABI: it is called over a session");
    }
    if let Some(constness) = &signature.constness {
        errors.at(constness, "a route is not `const`: it is called over a session");
    }
    if let Some(variadic) = &signature.variadic {
        errors.at(variadic, "a route has a fixed list of arguments: take a `Vec`");
    }
    if !signature.generics.params.is_empty() {
        errors.at(&signature.generics, "a route is not generic: two peers must mean the same types by it");
    }
    if let Some(clause) = &signature.generics.where_clause {
        errors.at(clause, "a route has no `where`: two peers must mean the same types by it");
    }
}

fn delivery(own: &OwnAttributes, signature: &Signature, errors: &mut Errors) -> Delivery {
    let name = &signature.ident;
    match (own.notify, &signature.asyncness) {
        (None, Some(_)) => Delivery::Call,
        (None, None) => {
            errors.at(name, format!("`{name}` must be `async fn`, or a `#[notify] fn` without reply"));
            Delivery::Call
        }
        (Some(delivery), asyncness) => {
            if let Some(asyncness) = asyncness {
                errors.at(
                    asyncness,
                    format!("`{name}` is a notify, which nobody awaits: write `fn`, or remove `#[notify]`"),
                );
            }
            delivery
        }
    }
}

fn wire_name(own: &OwnAttributes, signature: &Signature, contract: &str, errors: &mut Errors) -> String {
    let method = match &own.name {
        Some((_, name)) => name.clone(),
        None => signature.ident.unraw().to_string(),
    };
    let whole = format!("{contract}.{method}");
    let wrong = names::wrong(&method).or_else(|| names::wrong(&whole));
    match (wrong, &own.name) {
        (Some(sentence), Some((attribute, _))) => errors.at(attribute, sentence),
        // A wrong contract name is reported once, where it stands.
        (Some(sentence), None) if names::wrong(contract).is_none() => errors.at(&signature.ident, sentence),
        _ => {}
    }
    whole
}

fn arguments(signature: &Signature, errors: &mut Errors) -> Vec<Argument> {
    let mut arguments = Vec::new();
    for input in &signature.inputs {
        match input {
            FnArg::Receiver(receiver) => {
                let written = types::spelled(receiver);
                errors
                    .at(receiver, format!("a contract's methods take only what travels: remove `{written}`"));
            }
            FnArg::Typed(typed) => arguments.extend(argument(typed, errors)),
        }
    }
    if let Some(first_too_many) = signature.inputs.iter().nth(ARGUMENTS_MAX) {
        errors.at(
            first_too_many,
            format!("a route takes at most {ARGUMENTS_MAX} arguments: put them in a struct of their own"),
        );
    }
    arguments
}

fn argument(typed: &PatType, errors: &mut Errors) -> Option<Argument> {
    types::check(&typed.ty, errors);
    let mut secret = false;
    for attribute in &typed.attrs {
        match attribute.path() {
            path if path.is_ident("secret") => secret = true,
            path => {
                errors.at(attribute, words::unknown(&types::spelled(path), ARGUMENT_WORDS));
            }
        }
    }
    match &*typed.pat {
        Pat::Ident(name) if name.by_ref.is_none() && name.mutability.is_none() && name.subpat.is_none() => {
            Some(Argument { ident: name.ident.clone(), ty: (*typed.ty).clone(), secret })
        }
        other => {
            errors.at(other, "a contract's argument is a plain name: it stands in route tables and stubs");
            None
        }
    }
}

fn answer(signature: &Signature, delivery: Delivery, errors: &mut Errors) -> Type {
    match &signature.output {
        ReturnType::Default => parse_quote!(()),
        ReturnType::Type(_, ty) if delivery == Delivery::Call => {
            types::check(ty, errors);
            (**ty).clone()
        }
        written => {
            let name = &signature.ident;
            let spelled = types::spelled(written);
            let sentence = format!(
                "`{name}` is a notify, which has no reply: remove `{spelled}`, or make it an `async fn`"
            );
            errors.at(written, sentence);
            parse_quote!(())
        }
    }
}

/// The inherent methods of the handles that stubs are called on.
const RESERVED: [&str; 3] = ["session", "members", "poll"];

/// The longest tuple that serde encodes.
const ARGUMENTS_MAX: usize = 16;

const NOTIFY_WORDS: &[Known] =
    &[Known { word: "latest", form: "latest" }, Known { word: "droppable", form: "droppable" }];

const ROUTE_WORDS: &[Known] = &[Known { word: "name", form: "name = \"...\"" }];

const ARGUMENT_WORDS: &[Known] = &[Known { word: "secret", form: "#[secret]" }];
