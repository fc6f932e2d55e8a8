//! Values in words, for logs: decoded by their shape alone, secrets left out. Needs no type of the game's.

use std::fmt::{self, Write};

use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, Error, MapAccess, SeqAccess, VariantAccess, Visitor,
};

use super::{Field, Fields, Shape, Variant};
use crate::codec::Codec;
use crate::contract::Argument;

/// A call's arguments in words: `to: "owl", text: ***`. At most about `bytes_max` bytes.
pub fn show_arguments(codec: Codec, arguments: &[Argument], body: &[u8], bytes_max: usize) -> String {
    let mut words = Words::new(bytes_max);
    if codec.is_self_describing() {
        // Text is shown as it is, unless something in it is nobody's business.
        match std::str::from_utf8(body) {
            Ok(text) if !arguments.iter().any(|argument| argument.secret || has_secret(argument.shape)) => {
                words.push(text);
            }
            _ => words.push(format_args!("<{} B>", body.len())),
        }
        return words.finish();
    }
    let shown = codec.visit(Arguments { arguments, words: &mut words }, body);
    match shown {
        Ok(()) => words.finish(),
        Err(_) => format!("<{} B that do not read>", body.len()),
    }
}

/// Whether anything in a shape is marked secret.
fn has_secret(shape: &Shape) -> bool {
    let in_fields = |fields: &Fields| match fields {
        Fields::Unit => false,
        Fields::Positional(parts) => parts.iter().any(|shape| has_secret(shape)),
        Fields::Named(fields) => fields.iter().any(|field| field.secret || has_secret(field.shape)),
    };
    match shape {
        Shape::Option(inner) | Shape::Seq(inner) | Shape::Array(inner, _) => has_secret(inner),
        Shape::Map(key, value) => has_secret(key) || has_secret(value),
        Shape::Tuple(parts) => parts.iter().any(|shape| has_secret(shape)),
        Shape::Struct { fields, .. } => in_fields(fields),
        Shape::Enum { variants, .. } => variants.iter().any(|variant| in_fields(&variant.fields)),
        _ => false,
    }
}

/// A call's arguments, which travel as a tuple.
struct Arguments<'a> {
    arguments: &'a [Argument],
    words: &'a mut Words,
}

impl<'de> DeserializeSeed<'de> for Arguments<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        match self.arguments.len() {
            0 => Ok(()),
            len => from.deserialize_tuple(len, self),
        }
    }
}

impl<'de> Visitor<'de> for Arguments<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("arguments")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut from: A) -> Result<(), A::Error> {
        let Self { arguments, words } = self;
        for (at, Argument { name, shape, secret }) in arguments.iter().enumerate() {
            words.push(if at == 0 { "" } else { ", " });
            if !name.is_empty() {
                words.push(format_args!("{name}: "));
            }
            next(Show { shape, secret: *secret, words: &mut *words }, &mut from)?;
        }
        Ok(())
    }
}

/// Words for one value, as long as the line has room. What is beyond the room is decoded and not written.
struct Words {
    text: String,
    bytes_max: usize,
}

/// Decodes one value of a shape into words.
struct Show<'a> {
    shape: &'static Shape,
    /// Its value is nobody's business: stars are written instead.
    secret: bool,
    words: &'a mut Words,
}

impl Words {
    const fn new(bytes_max: usize) -> Self {
        Self { text: String::new(), bytes_max }
    }

    fn push(&mut self, words: impl fmt::Display) {
        if self.text.len() < self.bytes_max {
            // Writing to a String cannot fail.
            let _ = write!(self.text, "{words}");
        }
    }

    fn finish(mut self) -> String {
        if self.text.len() > self.bytes_max {
            let end = self.text.floor_char_boundary(self.bytes_max);
            self.text.truncate(end);
            self.text.push('…');
        }
        self.text
    }
}

impl<'de> DeserializeSeed<'de> for Show<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(mut self, from: D) -> Result<(), D::Error> {
        if self.secret {
            self.words.push("***");
            // Decoded all the same: what follows stands behind it.
            let mut unseen = Words::new(0);
            return Show { shape: self.shape, secret: false, words: &mut unseen }.deserialize(from);
        }
        self.deserialize_shape(from)
    }
}

impl Show<'_> {
    fn deserialize_shape<'de, D: Deserializer<'de>>(&mut self, from: D) -> Result<(), D::Error> {
        let visitor = Value(self.shape, self.words);
        match self.shape {
            Shape::Unit | Shape::Struct { fields: Fields::Unit, .. } => from.deserialize_unit(visitor),
            Shape::Bool => from.deserialize_bool(visitor),
            Shape::U8 => from.deserialize_u8(visitor),
            Shape::U16 => from.deserialize_u16(visitor),
            Shape::U32 => from.deserialize_u32(visitor),
            Shape::U64 => from.deserialize_u64(visitor),
            Shape::U128 => from.deserialize_u128(visitor),
            Shape::I8 => from.deserialize_i8(visitor),
            Shape::I16 => from.deserialize_i16(visitor),
            Shape::I32 => from.deserialize_i32(visitor),
            Shape::I64 => from.deserialize_i64(visitor),
            Shape::I128 => from.deserialize_i128(visitor),
            Shape::F32 => from.deserialize_f32(visitor),
            Shape::F64 => from.deserialize_f64(visitor),
            Shape::Char => from.deserialize_char(visitor),
            Shape::Str => from.deserialize_str(visitor),
            Shape::Bytes => from.deserialize_bytes(visitor),
            Shape::Option(_) => from.deserialize_option(visitor),
            Shape::Seq(_) => from.deserialize_seq(visitor),
            Shape::Array(_, len) => from.deserialize_tuple(*len as usize, visitor),
            Shape::Map(..) => from.deserialize_map(visitor),
            Shape::Tuple(parts) => from.deserialize_tuple(parts.len(), visitor),
            // Codecs that write no names read a struct as the tuple it is.
            Shape::Struct { fields, .. } => from.deserialize_tuple(fields.len(), visitor),
            Shape::Enum { name, .. } => from.deserialize_enum(name, &[], visitor),
        }
    }
}

struct Value<'a>(&'static Shape, &'a mut Words);

macro_rules! plain {
    ($($visit:ident $type:ty),*) => {
        $(fn $visit<E: Error>(self, value: $type) -> Result<(), E> {
            self.1.push(value);
            Ok(())
        })*
    };
}

impl<'de> Visitor<'de> for Value<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0)
    }

    plain!(visit_bool bool, visit_u64 u64, visit_i64 i64, visit_u128 u128, visit_i128 i128, visit_f32 f32, visit_f64 f64);

    fn visit_char<E: Error>(self, value: char) -> Result<(), E> {
        self.1.push(format_args!("{value:?}"));
        Ok(())
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<(), E> {
        self.1.push(format_args!("{value:?}"));
        Ok(())
    }

    fn visit_bytes<E: Error>(self, value: &[u8]) -> Result<(), E> {
        self.1.push(format_args!("<{} B>", value.len()));
        Ok(())
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        self.1.push("()");
        Ok(())
    }

    fn visit_none<E: Error>(self) -> Result<(), E> {
        self.1.push("None");
        Ok(())
    }

    fn visit_some<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        let Shape::Option(shape) = self.0 else { return Err(D::Error::custom("not an option")) };
        Show { shape, secret: false, words: self.1 }.deserialize(from)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut from: A) -> Result<(), A::Error> {
        let Self(shape, words) = self;
        match shape {
            Shape::Seq(element) | Shape::Array(element, _) => {
                words.push('[');
                let mut first = true;
                while from.next_element_seed(Element { shape: element, first: &mut first, words })?.is_some()
                {
                }
                words.push(']');
                Ok(())
            }
            Shape::Tuple(parts) => list(parts, &mut from, words),
            Shape::Struct { name, fields } => {
                words.push(name);
                take_fields(fields, from, words)
            }
            other => Err(A::Error::custom(format_args!("{other:?} is no sequence"))),
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut from: A) -> Result<(), A::Error> {
        let Self(Shape::Map(key, value), words) = self else { return Err(A::Error::custom("not a map")) };
        words.push('{');
        let mut first = true;
        while from.next_key_seed(Element { shape: key, first: &mut first, words })?.is_some() {
            words.push(": ");
            from.next_value_seed(Show { shape: value, secret: false, words })?;
        }
        words.push('}');
        Ok(())
    }

    fn visit_enum<A: EnumAccess<'de>>(self, from: A) -> Result<(), A::Error> {
        let Self(Shape::Enum { variants, .. }, words) = self else {
            return Err(A::Error::custom("not an enum"));
        };
        let (index, content) = from.variant_seed(std::marker::PhantomData::<u32>)?;
        let variant: &Variant =
            variants.get(index as usize).ok_or_else(|| A::Error::custom("no such variant"))?;
        words.push(variant.name);
        match &variant.fields {
            Fields::Unit => content.unit_variant(),
            Fields::Positional([shape]) => {
                words.push('(');
                content.newtype_variant_seed(Show { shape, secret: false, words })?;
                words.push(')');
                Ok(())
            }
            fields => content.tuple_variant(fields.len(), Content(fields, words)),
        }
    }
}

/// The fields of a variant with more than one.
struct Content<'a>(&'static Fields, &'a mut Words);

impl<'de> Visitor<'de> for Content<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, from: A) -> Result<(), A::Error> {
        take_fields(self.0, from, self.1)
    }
}

/// An element of a sequence, with the comma before it.
struct Element<'a> {
    shape: &'static Shape,
    first: &'a mut bool,
    words: &'a mut Words,
}

impl<'de> DeserializeSeed<'de> for Element<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        if !std::mem::take(self.first) {
            self.words.push(", ");
        }
        Show { shape: self.shape, secret: false, words: self.words }.deserialize(from)
    }
}

fn list<'de, A: SeqAccess<'de>>(
    parts: &[&'static Shape],
    from: &mut A,
    words: &mut Words,
) -> Result<(), A::Error> {
    words.push('(');
    for (at, shape) in parts.iter().copied().enumerate() {
        words.push(if at == 0 { "" } else { ", " });
        next(Show { shape, secret: false, words: &mut *words }, from)?;
    }
    words.push(')');
    Ok(())
}

fn take_fields<'de, A: SeqAccess<'de>>(
    fields: &'static Fields,
    mut from: A,
    words: &mut Words,
) -> Result<(), A::Error> {
    match fields {
        Fields::Unit => Ok(()),
        Fields::Positional(parts) => list(parts, &mut from, words),
        Fields::Named(fields) => {
            words.push(" { ");
            for (at, Field { name, shape, secret }) in fields.iter().enumerate() {
                words.push(if at == 0 { "" } else { ", " });
                words.push(format_args!("{name}: "));
                next(Show { shape, secret: *secret, words: &mut *words }, &mut from)?;
            }
            words.push(" }");
            Ok(())
        }
    }
}

fn next<'de, A: SeqAccess<'de>>(show: Show<'_>, from: &mut A) -> Result<(), A::Error> {
    from.next_element_seed(show)?.ok_or_else(|| A::Error::custom("too few fields"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::Message;

    const fn argument(name: &'static str, shape: &'static Shape, secret: bool) -> Argument {
        Argument { name, shape, secret }
    }

    const LOGIN: &Shape = &Shape::Struct {
        name: "Login",
        fields: Fields::Named(&[
            Field { name: "name", shape: &Shape::Str, secret: false },
            Field { name: "password", shape: &Shape::Str, secret: true },
        ]),
    };
    const MODE: &Shape = &Shape::Enum {
        name: "Mode",
        variants: &[
            Variant { name: "Solo", fields: Fields::Unit },
            Variant { name: "Team", fields: Fields::Positional(&[&Shape::U8]) },
            Variant { name: "Duel", fields: Fields::Positional(&[&Shape::U8, &Shape::Bool]) },
        ],
    };

    fn encoded(value: &impl serde::Serialize) -> Vec<u8> {
        let mut bytes = Vec::new();
        Codec::Bincode.encode(value, &mut bytes).unwrap();
        bytes
    }

    #[test]
    fn arguments_read_as_they_were_written_and_secrets_do_not() {
        static ARGUMENTS: &[Argument] = &[
            argument("who", LOGIN, false),
            argument("pin", &Shape::U32, true),
            argument("mode", <[Option<u8>; 2]>::SHAPE, false),
        ];
        let body = encoded(&(("ann", "hush"), 1_234_u32, [Some(3_u8), None]));
        assert_eq!(
            show_arguments(Codec::Bincode, ARGUMENTS, &body, 200),
            r#"who: Login { name: "ann", password: *** }, pin: ***, mode: [3, None]"#
        );
    }

    #[test]
    fn every_kind_of_variant() {
        static ARGUMENTS: &[Argument] =
            &[argument("", MODE, false), argument("", MODE, false), argument("", MODE, false)];
        let body = [0, 1, 7, 2, 8, 1];
        assert_eq!(show_arguments(Codec::Bincode, ARGUMENTS, &body, 200), "Solo, Team(7), Duel(8, true)");
    }

    #[test]
    fn a_long_value_is_cut_and_a_broken_one_is_named() {
        static ARGUMENTS: &[Argument] = &[argument("text", &Shape::Str, false)];
        let long = encoded(&("x".repeat(500),));
        assert_eq!(show_arguments(Codec::Bincode, ARGUMENTS, &long, 20).chars().count(), 21);
        assert_eq!(show_arguments(Codec::Bincode, ARGUMENTS, &[9], 20), "<1 B that do not read>");
    }
}
