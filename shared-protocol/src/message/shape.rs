//! The shape of a message: what its bytes mean, as a constant tree; its hash and its least size.
//! Names of types and docs are kept for people and left out of the hash.

use crate::hash::Fnv64;

/// How a value looks on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the primitives' names say it all")]
pub enum Shape {
    Unit,
    Bool,
    U8,
    U16,
    U32,
    U64,
    U128,
    I8,
    I16,
    I32,
    I64,
    I128,
    F32,
    F64,
    Char,
    /// UTF-8 text.
    Str,
    /// A run of bytes, encoded as a whole.
    Bytes,
    /// A value or nothing.
    Option(&'static Shape),
    /// Any number of one shape.
    Seq(&'static Shape),
    /// A fixed number of one shape.
    Array(&'static Shape, u32),
    /// Keys and values.
    Map(&'static Shape, &'static Shape),
    /// A fixed list of shapes.
    Tuple(&'static [&'static Shape]),
    /// A struct.
    Struct {
        name: &'static str,
        fields: Fields,
    },
    /// An enum; a variant's number on the wire is its index.
    Enum {
        name: &'static str,
        variants: &'static [Variant],
    },
}

/// The fields of a struct or a variant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fields {
    /// None at all.
    Unit,
    /// By position: `Point(f32, f32)`.
    Positional(&'static [&'static Shape]),
    /// By name.
    Named(&'static [Field]),
}

/// A named field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field {
    /// Its name in Rust, which self-describing codecs write.
    pub name: &'static str,
    /// Its value's shape.
    pub shape: &'static Shape,
    /// Never shown in logs (`#[message(secret)]`).
    pub secret: bool,
}

/// A variant of an enum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Variant {
    /// Its name in Rust, which self-describing codecs write.
    pub name: &'static str,
    /// What it carries.
    pub fields: Fields,
}

impl Shape {
    /// The hash that signatures are made of (P-21): field and variant names, order and widths; neither type
    /// names nor docs. A struct of one positional field hashes as that field, as serde writes it.
    pub const fn hash(&self) -> u64 {
        self.mix(Fnv64::new()).finish()
    }

    pub(crate) const fn mix(&self, hash: Fnv64) -> Fnv64 {
        match self {
            Self::Unit => hash.byte(1),
            Self::Bool => hash.byte(2),
            Self::U8 => hash.byte(3),
            Self::U16 => hash.byte(4),
            Self::U32 => hash.byte(5),
            Self::U64 => hash.byte(6),
            Self::U128 => hash.byte(7),
            Self::I8 => hash.byte(8),
            Self::I16 => hash.byte(9),
            Self::I32 => hash.byte(10),
            Self::I64 => hash.byte(11),
            Self::I128 => hash.byte(12),
            Self::F32 => hash.byte(13),
            Self::F64 => hash.byte(14),
            Self::Char => hash.byte(15),
            Self::Str => hash.byte(16),
            Self::Bytes => hash.byte(17),
            Self::Option(inner) => inner.mix(hash.byte(18)),
            Self::Seq(inner) => inner.mix(hash.byte(19)),
            Self::Array(inner, len) => inner.mix(hash.byte(20).number(*len as u64)),
            Self::Map(key, value) => value.mix(key.mix(hash.byte(21))),
            Self::Tuple(parts) => mix_all(parts, hash.byte(22)),
            Self::Struct { fields: Fields::Positional(parts), .. } if parts.len() == 1 => parts[0].mix(hash),
            Self::Struct { fields, .. } => fields.mix(hash.byte(23)),
            Self::Enum { variants, .. } => {
                let mut hash = hash.byte(24).number(variants.len() as u64);
                let mut at = 0;
                while at < variants.len() {
                    hash = variants[at].fields.mix(hash.text(variants[at].name));
                    at += 1;
                }
                hash
            }
        }
    }

    /// The fewest bytes a value takes in the default codec. Zero means that a length alone could claim any
    /// number of them, which is why sequences refuse such elements.
    pub const fn wire_bytes_min(&self) -> usize {
        match self {
            Self::Unit => 0,
            Self::F32 => 4,
            Self::F64 => 8,
            Self::Array(inner, len) => inner.wire_bytes_min() * *len as usize,
            Self::Tuple(parts) => sum_all(parts),
            Self::Struct { fields, .. } => fields.wire_bytes_min(),
            _ => 1,
        }
    }
}

impl Fields {
    /// How many there are.
    pub(crate) const fn len(&self) -> usize {
        match self {
            Self::Unit => 0,
            Self::Positional(parts) => parts.len(),
            Self::Named(fields) => fields.len(),
        }
    }

    const fn mix(&self, hash: Fnv64) -> Fnv64 {
        match self {
            Self::Unit => hash.byte(1),
            Self::Positional(parts) => mix_all(parts, hash.byte(2)),
            Self::Named(fields) => {
                let mut hash = hash.byte(3).number(fields.len() as u64);
                let mut at = 0;
                while at < fields.len() {
                    hash = fields[at].shape.mix(hash.text(fields[at].name));
                    at += 1;
                }
                hash
            }
        }
    }

    const fn wire_bytes_min(&self) -> usize {
        match self {
            Self::Unit => 0,
            Self::Positional(parts) => sum_all(parts),
            Self::Named(fields) => {
                let (mut sum, mut at) = (0, 0);
                while at < fields.len() {
                    sum += fields[at].shape.wire_bytes_min();
                    at += 1;
                }
                sum
            }
        }
    }
}

const fn mix_all(parts: &[&Shape], hash: Fnv64) -> Fnv64 {
    let mut hash = hash.number(parts.len() as u64);
    let mut at = 0;
    while at < parts.len() {
        hash = parts[at].mix(hash);
        at += 1;
    }
    hash
}

const fn sum_all(parts: &[&Shape]) -> usize {
    let (mut sum, mut at) = (0, 0);
    while at < parts.len() {
        sum += parts[at].wire_bytes_min();
        at += 1;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn named(fields: &'static [Field]) -> Shape {
        Shape::Struct { name: "T", fields: Fields::Named(fields) }
    }

    #[test]
    fn order_names_and_widths_change_the_hash_and_type_names_do_not() {
        const AB: Shape = named(&[
            Field { name: "a", shape: &Shape::U8, secret: false },
            Field { name: "b", shape: &Shape::U8, secret: false },
        ]);
        const BA: Shape = named(&[
            Field { name: "b", shape: &Shape::U8, secret: false },
            Field { name: "a", shape: &Shape::U8, secret: false },
        ]);
        const WIDE: Shape = named(&[
            Field { name: "a", shape: &Shape::U8, secret: false },
            Field { name: "b", shape: &Shape::U16, secret: false },
        ]);
        assert_ne!(AB.hash(), BA.hash());
        assert_ne!(AB.hash(), WIDE.hash());
        let renamed = match AB {
            Shape::Struct { fields, .. } => Shape::Struct { name: "Other", fields },
            other => other,
        };
        assert_eq!(AB.hash(), renamed.hash());
    }

    #[test]
    fn hashes_are_golden() {
        // Published in PROTOCOL.md: changing one breaks every peer in the field.
        assert_eq!(Shape::U64.hash(), Fnv64::new().byte(6).finish());
        assert_eq!(Shape::Seq(&Shape::Str).hash(), Fnv64::new().byte(19).byte(16).finish());
    }
}
