//! `Message` for smol_str's text, which has no allocation up to 23 bytes; a stub takes a `&str` for it.

use smol_str::SmolStr;

use super::{Message, Shape};
use crate::Arg;

impl Message for SmolStr {
    const SHAPE: &'static Shape = &Shape::Str;
}

impl Arg<SmolStr> for &str {
    type Wire = str;
    fn wire(&self) -> &str {
        self
    }
}
