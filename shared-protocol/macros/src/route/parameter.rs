//! Tells what a handler takes from us (the frame, `Context`, `Server`, `State<T>`, `Session<T>`, `Reply<R>`) from what it
//! takes from the wire, by how the type is written.

use syn::visit::{self, Visit};
use syn::{GenericArgument, Ident, Lifetime, PathArguments, PathSegment, Type, TypeImplTrait, TypeReference};

use crate::errors::Errors;
use crate::types;

/// Where a parameter's value comes from.
pub enum Source<'t> {
    /// From the game's loop: `&mut T`, which makes a frame handler.
    Frame(&'t TypeReference),
    /// From us: the type's name.
    Ours(&'t Ident),
    /// From us: `Reply<R>`.
    Reply(&'t PathSegment),
    /// From the peer.
    Wire,
}

/// Looks at a parameter's type.
pub fn source(ty: &Type) -> Source<'_> {
    match ty {
        Type::Reference(reference) if reference.mutability.is_some() => Source::Frame(reference),
        Type::Path(path) if path.qself.is_none() => match path.path.segments.last() {
            Some(last) if last.ident == "Reply" => Source::Reply(last),
            Some(last) if OURS.iter().any(|ours| last.ident == ours) => Source::Ours(&last.ident),
            _ => Source::Wire,
        },
        _ => Source::Wire,
    }
}

/// `R` of `Reply<R>`. `None`, and a sentence, where it is not written so.
pub fn answer_of(reply: &PathSegment, errors: &mut Errors) -> Option<Type> {
    if let PathArguments::AngleBracketed(list) = &reply.arguments {
        let mut arguments = list.args.iter();
        if let (Some(GenericArgument::Type(answer)), None) = (arguments.next(), arguments.next()) {
            types::check(answer, errors);
            return Some(answer.clone());
        }
    }
    errors.at(reply, "`Reply` says what it answers with: `Reply<bool>`");
    None
}

/// Notes what is wrong with a frame's type, the `T` of `&mut T`.
pub fn check_frame(frame: &TypeReference, errors: &mut Errors) {
    if let Type::TraitObject(_) | Type::Slice(_) | Type::ImplTrait(_) = &*frame.elem {
        let written = types::spelled(frame);
        let sentence = format!(
            "`{written}` cannot be a frame, for `poll` is given a value of one concrete type: name it, as in `&mut Game`"
        );
        return errors.at(frame, sentence);
    }
    let mut look = Borrows { found: None };
    look.visit_type(&frame.elem);
    if let Some(borrow) = look.found {
        let sentence = format!(
            "a frame borrows nothing, for handlers are matched to `poll` by its type: remove `{borrow}`, and take what \
             it borrows by value"
        );
        errors.at(frame, sentence);
    }
}

/// Looks for something borrowed.
struct Borrows {
    found: Option<String>,
}

impl<'ast> Visit<'ast> for Borrows {
    fn visit_lifetime(&mut self, lifetime: &'ast Lifetime) {
        if lifetime.ident != "static" {
            self.found.get_or_insert(lifetime.to_string());
        }
    }

    fn visit_type_reference(&mut self, reference: &'ast TypeReference) {
        if reference.lifetime.is_none() {
            self.found.get_or_insert(types::spelled(reference));
        }
        visit::visit_type_reference(self, reference);
    }

    fn visit_type_impl_trait(&mut self, ty: &'ast TypeImplTrait) {
        self.found.get_or_insert(types::spelled(ty));
    }
}

/// Types whose name alone says that they do not travel.
const OURS: [&str; 4] = ["Context", "State", "Session", "Server"];
