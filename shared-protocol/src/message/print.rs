//! Shapes as people read them: on one line as a type (`Vec<Item>`), spelled out as a definition
//! (`struct Item { .. }`), and as an example in JSON. Only text: nothing here reads it back.

use std::fmt::{self, Display, Formatter, Write};

use super::{Fields, Shape};

impl Display for Shape {
    /// The type on one line; structs and enums by their names.
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unit => f.write_str("()"),
            Self::Bool => f.write_str("bool"),
            Self::U8 => f.write_str("u8"),
            Self::U16 => f.write_str("u16"),
            Self::U32 => f.write_str("u32"),
            Self::U64 => f.write_str("u64"),
            Self::U128 => f.write_str("u128"),
            Self::I8 => f.write_str("i8"),
            Self::I16 => f.write_str("i16"),
            Self::I32 => f.write_str("i32"),
            Self::I64 => f.write_str("i64"),
            Self::I128 => f.write_str("i128"),
            Self::F32 => f.write_str("f32"),
            Self::F64 => f.write_str("f64"),
            Self::Char => f.write_str("char"),
            Self::Str => f.write_str("String"),
            Self::Bytes => f.write_str("Bytes"),
            Self::Option(inner) => write!(f, "Option<{inner}>"),
            Self::Seq(inner) => write!(f, "Vec<{inner}>"),
            Self::Array(inner, len) => write!(f, "[{inner}; {len}]"),
            Self::Map(key, value) => write!(f, "Map<{key}, {value}>"),
            // As Rust writes them: a comma makes one of a single part.
            Self::Tuple([only]) => write!(f, "({only},)"),
            Self::Tuple(parts) => {
                f.write_char('(')?;
                list(f, parts, |f, part| part.fmt(f))?;
                f.write_char(')')
            }
            Self::Struct { name, .. } | Self::Enum { name, .. } => f.write_str(name),
        }
    }
}

impl Shape {
    /// A struct or an enum spelled out: `struct Item { id: u32, name: String }`; over several lines where it is
    /// longer than a line. Any other shape as its type.
    pub fn definition(&self) -> String {
        let line = Definition { shape: self, lines: false }.to_string();
        if line.chars().count() <= LINE_CHARS {
            line
        } else {
            Definition { shape: self, lines: true }.to_string()
        }
    }

    /// Every struct and enum that this shape consists of, itself included: each once, what uses it first.
    pub fn named(&'static self) -> Vec<&'static Self> {
        let mut found = Vec::new();
        self.name_into(&mut found);
        found
    }

    fn name_into(&'static self, found: &mut Vec<&'static Self>) {
        match self {
            Self::Option(inner) | Self::Seq(inner) | Self::Array(inner, _) => inner.name_into(found),
            Self::Map(key, value) => {
                key.name_into(found);
                value.name_into(found);
            }
            Self::Tuple(parts) => parts.iter().for_each(|part| part.name_into(found)),
            Self::Struct { .. } | Self::Enum { .. } if found.contains(&self) => {}
            Self::Struct { fields, .. } => {
                found.push(self);
                fields.shapes().for_each(|field| field.name_into(found));
            }
            Self::Enum { variants, .. } => {
                found.push(self);
                let fields = variants.iter().flat_map(|variant| variant.fields.shapes());
                fields.for_each(|field| field.name_into(found));
            }
            _ => {}
        }
    }

    /// A value in JSON (P-24), to be changed and sent: numbers are 0, an enum is its first variant.
    pub fn example(&self) -> impl Display {
        Example(self)
    }
}

impl Fields {
    fn shapes(&self) -> impl Iterator<Item = &'static Shape> + use<> {
        let (parts, fields): (&'static [&'static Shape], &'static [super::Field]) = match *self {
            Self::Unit => (&[], &[]),
            Self::Positional(parts) => (parts, &[]),
            Self::Named(fields) => (&[], fields),
        };
        parts.iter().copied().chain(fields.iter().map(|field| field.shape))
    }
}

/// A definition longer than this is spread over lines.
const LINE_CHARS: usize = 90;

struct Definition<'a> {
    shape: &'a Shape,
    lines: bool,
}

impl Display for Definition<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.shape {
            Shape::Struct { name, fields } => {
                write!(f, "struct {name}")?;
                self.fields(f, fields, self.lines)
            }
            Shape::Enum { name, variants: [] } => write!(f, "enum {name} {{}}"),
            Shape::Enum { name, variants } => {
                write!(f, "enum {name} {{")?;
                self.items(f, variants, self.lines, |f, variant| {
                    f.write_str(variant.name)?;
                    self.fields(f, &variant.fields, false)
                })?;
                f.write_char('}')
            }
            other => other.fmt(f),
        }
    }
}

impl Definition<'_> {
    fn fields(&self, f: &mut Formatter<'_>, fields: &Fields, lines: bool) -> fmt::Result {
        match fields {
            Fields::Unit => Ok(()),
            Fields::Positional(parts) => {
                f.write_char('(')?;
                list(f, parts, |f, part| part.fmt(f))?;
                f.write_char(')')
            }
            Fields::Named([]) => f.write_str(" {}"),
            Fields::Named(fields) => {
                f.write_str(" {")?;
                self.items(f, fields, lines, |f, field| write!(f, "{}: {}", field.name, field.shape))?;
                f.write_char('}')
            }
        }
    }

    /// ` a, b ` or each on a line of its own.
    fn items<T>(
        &self,
        f: &mut Formatter<'_>,
        items: &[T],
        lines: bool,
        mut item: impl FnMut(&mut Formatter<'_>, &T) -> fmt::Result,
    ) -> fmt::Result {
        if !lines {
            f.write_char(' ')?;
            list(f, items, item)?;
            return f.write_char(' ');
        }
        for one in items {
            f.write_str("\n    ")?;
            item(f, one)?;
            f.write_char(',')?;
        }
        f.write_char('\n')
    }
}

struct Example<'a>(&'a Shape);

impl Display for Example<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.0 {
            Shape::Unit | Shape::Option(_) => f.write_str("null"),
            Shape::Bool => f.write_str("true"),
            Shape::F32 | Shape::F64 => f.write_str("0.0"),
            Shape::Char => f.write_str("\"a\""),
            Shape::Str => f.write_str("\"text\""),
            Shape::Bytes => f.write_str("[0]"),
            Shape::Seq(inner) => write!(f, "[{}]", inner.example()),
            Shape::Array(inner, len) => {
                f.write_char('[')?;
                list(f, &vec![inner; *len as usize], |f, inner| Example(inner).fmt(f))?;
                f.write_char(']')
            }
            Shape::Map(key, value) => {
                let key = key.example().to_string();
                let quoted = if key.starts_with('"') { key } else { format!("\"{key}\"") };
                write!(f, "{{{quoted}: {}}}", value.example())
            }
            Shape::Tuple(parts) => {
                f.write_char('[')?;
                list(f, parts, |f, part| Example(part).fmt(f))?;
                f.write_char(']')
            }
            Shape::Struct { fields, .. } => example_of_fields(f, fields),
            Shape::Enum { variants: [], .. } => f.write_str("null"),
            Shape::Enum { variants: [first, ..], .. } => match first.fields {
                Fields::Unit => write!(f, "\"{}\"", first.name),
                ref fields => {
                    write!(f, "{{\"{}\": ", first.name)?;
                    example_of_fields(f, fields)?;
                    f.write_char('}')
                }
            },
            // What is left are integers.
            _ => f.write_char('0'),
        }
    }
}

fn example_of_fields(f: &mut Formatter<'_>, fields: &Fields) -> fmt::Result {
    match fields {
        Fields::Unit => f.write_str("null"),
        Fields::Positional([only]) => Example(only).fmt(f),
        Fields::Positional(parts) => {
            f.write_char('[')?;
            list(f, parts, |f, part| Example(part).fmt(f))?;
            f.write_char(']')
        }
        Fields::Named(fields) => {
            f.write_char('{')?;
            list(f, fields, |f, field| write!(f, "\"{}\": {}", field.name, field.shape.example()))?;
            f.write_char('}')
        }
    }
}

/// Items with commas between.
fn list<T>(
    f: &mut Formatter<'_>,
    items: &[T],
    mut item: impl FnMut(&mut Formatter<'_>, &T) -> fmt::Result,
) -> fmt::Result {
    for (at, one) in items.iter().enumerate() {
        if at > 0 {
            f.write_str(", ")?;
        }
        item(f, one)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
