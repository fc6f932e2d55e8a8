//! Tells what a handler takes from us (`Context`, `State<T>`) from what it takes from the wire, by the type's name.

use syn::{Ident, Type, TypeReference};

/// Where a parameter's value comes from.
pub enum Source<'t> {
    /// From us: the type's name.
    Ours(&'t Ident),
    /// From us, later: what is not supported yet, as a sentence says it.
    NotYet(&'static str),
    /// From the peer.
    Wire,
}

/// Looks at the type of the parameter at `index`.
pub fn source(ty: &Type, index: usize) -> Source<'_> {
    match ty {
        Type::Reference(TypeReference { mutability: Some(_), .. }) if index == 0 => {
            Source::NotYet(FRAME_HANDLER)
        }
        Type::Path(path) if path.qself.is_none() => match path.path.segments.last() {
            Some(last) if last.ident == "Reply" => Source::NotYet(REPLY),
            Some(last) if OURS.iter().any(|ours| last.ident == ours) => Source::Ours(&last.ident),
            _ => Source::Wire,
        },
        _ => Source::Wire,
    }
}

/// Types whose name alone says that they do not travel.
const OURS: [&str; 3] = ["Context", "State", "Session"];

const FRAME_HANDLER: &str = "a first parameter `&mut T` makes a frame handler, run inside `poll`, which is not supported yet: take `State<T>`";

const REPLY: &str = "`Reply`, for answering later, is not supported yet: return the answer, from an `async fn` if it takes time";
