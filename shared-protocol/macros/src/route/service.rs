//! `#[route] impl Calculator { .. }`: every method with `&self` becomes a handler on `State<Calculator>`. Reads the
//! block and the markers on its methods; a method's parameters are `function`'s.

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::visit::{self, Visit};
use syn::{Attribute, ImplItem, ImplItemFn, ItemImpl, Path, Signature, Type};

use super::attribute::{self, Words};
use super::function;
use super::model::{Handler, Target};
use crate::errors::Errors;
use crate::words::{self, Known};
use crate::{names, types};

/// Reads the block and takes our markers off its methods; what remains is the user's own.
pub fn parse(attribute: TokenStream, block: &mut ItemImpl, errors: &mut Errors) -> Vec<Handler> {
    refuse_what_is_no_object(block, errors);
    let named = name_of(&block.self_ty);
    if named.is_none() {
        errors
            .at(&block.self_ty, "a service object is a type with a name: `#[route] impl Calculator { .. }`");
    }
    let named = named.unwrap_or_default();
    let service = read(attribute, &named, errors);
    let conditions = function::conditions(&block.attrs);
    let object = &block.self_ty;
    let methods = block.items.iter_mut().filter_map(|item| match item {
        ImplItem::Fn(method) => Some(method),
        _ => None,
    });
    let mut handlers = Vec::new();
    for method in methods {
        let marker = take_marker(method, errors);
        let Some(target) = target(&service, marker, &method.sig, errors) else { continue };
        refuse_self(&method.sig, &named, errors);
        let mut handler = function::parse(target, Some(object), &method.attrs, &method.sig, errors);
        handler.conditions.extend(conditions.iter().cloned());
        handlers.push(handler);
    }
    if handlers.is_empty() && errors.is_empty() {
        errors.at(&block.self_ty, "no method here takes `&self`: none of them is a route");
    }
    handlers
}

fn refuse_what_is_no_object(block: &ItemImpl, errors: &mut Errors) {
    if let Some((_, implemented, _)) = &block.trait_ {
        errors.at(
            implemented,
            "`#[route]` stands on an object's own `impl`: write the routes there, and let them call the trait's methods",
        );
    }
    if !block.generics.params.is_empty() {
        let sentence = "a service object is not generic: its routes are registered once, for one type";
        errors.at(&block.generics, sentence);
    }
}

/// `Calculator` of `game::Calculator`.
fn name_of(object: &Type) -> Option<String> {
    let Type::Path(path) = object else { return None };
    path.path.segments.last().map(|last| last.ident.unraw().to_string())
}

/// What the block's own attribute says.
enum Service {
    /// The methods implement the contract's routes of their names.
    Contract(Path),
    /// The methods are routes of their own, under this name and a dot.
    Named(String),
}

fn read(attribute: TokenStream, named: &str, errors: &mut Errors) -> Service {
    let mut service = Service::Named(named.to_owned());
    for word in words::of_macro(attribute, errors) {
        if word.is("name") {
            if let Some(text) = names::literal(word.value.as_ref(), &word.path, errors) {
                service = Service::Named(text);
            }
        } else if word.value.is_none() && is_a_type(&word.path) {
            service = Service::Contract(word.path);
        } else {
            errors.at(&word.path, words::unknown(&types::spelled(&word.path), OF_BLOCKS));
        }
    }
    service
}

/// Written like a type, `Lobby`: a word of ours that is only misspelt is not.
fn is_a_type(path: &Path) -> bool {
    path.segments.last().is_some_and(|last| last.ident.unraw().to_string().starts_with(char::is_uppercase))
}

/// What a method's own `#[route(..)]` says.
enum Marker {
    Skip,
    Words(Box<(Words, Attribute)>),
}

/// Takes the markers off a method.
fn take_marker(method: &mut ImplItemFn, errors: &mut Errors) -> Option<Marker> {
    let is_ours =
        |attribute: &Attribute| attribute.path().segments.last().is_some_and(|last| last.ident == "route");
    let (ours, theirs) = method.attrs.drain(..).partition(is_ours);
    method.attrs = theirs;
    let mut ours: Vec<Attribute> = ours;
    if let Some(second) = ours.get(1) {
        errors.at(second, "a method has one route: write a second method for another");
    }
    let marker = ours.drain(..).next()?;
    let written = marker.meta.require_list().map(|list| list.tokens.clone()).unwrap_or_default();
    let mut words = written.clone().into_iter().map(|word| word.to_string());
    if words.any(|word| word == "skip") {
        if written.to_string() != "skip" {
            errors.at(&marker, "`skip` stands alone: a method that is left out has no route to speak of");
        }
        return Some(Marker::Skip);
    }
    let words = attribute::read_for(attribute::METHODS, written, errors);
    Some(Marker::Words(Box::new((words, marker))))
}

/// Which route a method handles; `None` for one that is left alone.
fn target(
    service: &Service,
    marker: Option<Marker>,
    signature: &Signature,
    errors: &mut Errors,
) -> Option<Target> {
    let (words, marker) = match marker {
        Some(Marker::Skip) => return None,
        Some(Marker::Words(said)) => (said.0, Some(said.1)),
        None => (Words::Bare, None),
    };
    if signature.receiver().is_none() {
        if let Some(marker) = marker {
            errors.at(
                marker,
                "only methods with `&self` are routes here: take `&self`, or move this out of the `impl`",
            );
        }
        return None;
    }
    let method = signature.ident.unraw().to_string();
    Some(match (words, service) {
        (Words::Contract { contract, method }, _) => Target::Contract { contract, method },
        (Words::Bare, Service::Contract(contract)) => {
            Target::Contract { contract: contract.clone(), method: signature.ident.clone() }
        }
        (Words::Named(name), Service::Contract(contract)) => {
            let spelled = types::spelled(contract);
            let sentence = format!(
                "the contract names its routes: put `#[route(name = \"{name}\")]` on the method there; here \
                 `#[route({spelled}::other)]` says which of them this is"
            );
            errors.at(marker, sentence);
            Target::Bare { name }
        }
        (Words::Bare, Service::Named(service)) => bare(format!("{service}.{method}"), signature, errors),
        (Words::Named(name), Service::Named(service)) => bare(format!("{service}.{name}"), signature, errors),
    })
}

fn bare(name: String, signature: &Signature, errors: &mut Errors) -> Target {
    if let Some(sentence) = names::wrong(&name) {
        errors.at(&signature.ident, sentence);
    }
    Target::Bare { name }
}

/// The registration stands beside the block, where nobody knows what `Self` is.
fn refuse_self(signature: &Signature, named: &str, errors: &mut Errors) {
    struct FindSelf<'e> {
        named: &'e str,
        errors: &'e mut Errors,
    }
    impl<'ast> Visit<'ast> for FindSelf<'_> {
        fn visit_receiver(&mut self, _: &'ast syn::Receiver) {}

        fn visit_path(&mut self, path: &'ast Path) {
            let is_self = path.segments.first().is_some_and(|first| first.ident == "Self");
            if is_self {
                let sentence =
                    format!("what travels is called by its own name: write `{}` for `Self`", self.named);
                self.errors.at(path.to_token_stream(), sentence);
            }
            visit::visit_path(self, path);
        }
    }
    FindSelf { named, errors }.visit_signature(signature);
}

const OF_BLOCKS: &[Known] =
    &[Known { word: "name", form: "name = \"...\"" }, Known { word: "Contract", form: "Contract" }];
