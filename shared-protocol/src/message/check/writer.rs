//! A serializer that writes nothing and follows the declared shape instead.

use serde::{Serialize, Serializer, ser};

use super::super::{Field, Fields, Shape};
use super::{ShapeMismatch, peeled};

/// Where in the shape the next value stands.
#[derive(Clone, Copy)]
pub struct Writer(&'static Shape);

type Checked<T = ()> = Result<T, ShapeMismatch>;

impl Writer {
    /// At a shape.
    pub fn at(shape: &'static Shape) -> Self {
        Self(peeled(shape))
    }

    fn is(self, shape: &Shape, written: &str) -> Checked {
        if self.0 == shape { Ok(()) } else { Err(ShapeMismatch::differs(self.0, written)) }
    }

    fn other<T>(self, written: impl std::fmt::Display) -> Checked<T> {
        Err(ShapeMismatch::differs(self.0, written))
    }

    /// The parts of a tuple of this length.
    fn tuple(self, len: usize) -> Checked<Parts> {
        let (fields, array) = match self.0 {
            Shape::Array(element, array) if *array as usize == len => (Fields::Unit, Some(*element)),
            Shape::Tuple(parts) if parts.len() == len => (Fields::Positional(parts), None),
            Shape::Struct { fields: fields @ Fields::Positional(parts), .. } if parts.len() == len => {
                (*fields, None)
            }
            _ => return self.other(format_args!("a tuple of {len}")),
        };
        Ok(Parts { of: self.0, fields, element: array, at: 0, variant: None })
    }

    /// The fields of the variant of this number and name.
    fn variant(self, index: u32, name: &'static str) -> Checked<Fields> {
        match self.0 {
            Shape::Enum { variants, .. } => match variants.get(index as usize) {
                Some(variant) if variant.name == name => Ok(variant.fields),
                _ => self.other(format_args!("variant {index} `{name}`")),
            },
            _ => self.other(format_args!("the variant `{name}` of an enum")),
        }
    }

    fn parts_of(self, index: u32, name: &'static str) -> Checked<Parts> {
        let fields = self.variant(index, name)?;
        Ok(Parts { of: self.0, fields, element: None, at: 0, variant: Some(name) })
    }
}

macro_rules! scalars {
    ($($function:ident $type:ty = $shape:ident),* $(,)?) => {
        $(fn $function(self, _: $type) -> Checked {
            self.is(&Shape::$shape, concat!("a `", stringify!($type), "`"))
        })*
    };
}

impl Serializer for Writer {
    type Ok = ();
    type Error = ShapeMismatch;
    type SerializeSeq = Parts;
    type SerializeTuple = Parts;
    type SerializeTupleStruct = Parts;
    type SerializeTupleVariant = Parts;
    type SerializeMap = Parts;
    type SerializeStruct = Parts;
    type SerializeStructVariant = Parts;

    scalars! {
        serialize_bool bool = Bool, serialize_char char = Char, serialize_str &str = Str,
        serialize_u8 u8 = U8, serialize_u16 u16 = U16, serialize_u32 u32 = U32, serialize_u64 u64 = U64,
        serialize_u128 u128 = U128, serialize_i8 i8 = I8, serialize_i16 i16 = I16, serialize_i32 i32 = I32,
        serialize_i64 i64 = I64, serialize_i128 i128 = I128, serialize_f32 f32 = F32, serialize_f64 f64 = F64,
    }

    fn is_human_readable(&self) -> bool {
        // Shapes describe the default codec.
        false
    }

    fn serialize_bytes(self, _: &[u8]) -> Checked {
        self.is(&Shape::Bytes, "a run of bytes")
    }

    fn serialize_unit(self) -> Checked {
        match self.0 {
            Shape::Struct { fields: Fields::Unit, .. } => Ok(()),
            _ => self.is(&Shape::Unit, "a unit"),
        }
    }

    fn serialize_unit_struct(self, _: &'static str) -> Checked {
        self.serialize_unit()
    }

    fn serialize_none(self) -> Checked {
        match self.0 {
            Shape::Option(_) => Ok(()),
            _ => self.other("an `Option`"),
        }
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Checked {
        match self.0 {
            Shape::Option(inner) => value.serialize(Self::at(inner)),
            _ => self.other("an `Option`"),
        }
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Checked {
        value.serialize(self)
    }

    fn serialize_unit_variant(self, _: &'static str, index: u32, name: &'static str) -> Checked {
        match self.variant(index, name)? {
            Fields::Unit => Ok(()),
            _ => self.other(format_args!("the variant `{name}` without fields")),
        }
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        index: u32,
        name: &'static str,
        value: &T,
    ) -> Checked {
        match self.variant(index, name)? {
            Fields::Positional([only]) => {
                value.serialize(Self::at(only)).map_err(|error| error.within(self.0, name))
            }
            _ => self.other(format_args!("the variant `{name}` with one field")),
        }
    }

    fn serialize_seq(self, _: Option<usize>) -> Checked<Parts> {
        match self.0 {
            Shape::Seq(element) => {
                Ok(Parts { of: self.0, fields: Fields::Unit, element: Some(element), at: 0, variant: None })
            }
            _ => self.other("a list"),
        }
    }

    fn serialize_tuple(self, len: usize) -> Checked<Parts> {
        self.tuple(len)
    }

    fn serialize_tuple_struct(self, _: &'static str, len: usize) -> Checked<Parts> {
        self.tuple(len)
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        index: u32,
        name: &'static str,
        _: usize,
    ) -> Checked<Parts> {
        self.parts_of(index, name)
    }

    fn serialize_map(self, _: Option<usize>) -> Checked<Parts> {
        match self.0 {
            Shape::Map(..) => {
                Ok(Parts { of: self.0, fields: Fields::Unit, element: None, at: 0, variant: None })
            }
            _ => self.other("a map"),
        }
    }

    fn serialize_struct(self, name: &'static str, len: usize) -> Checked<Parts> {
        match self.0 {
            Shape::Struct { fields: fields @ Fields::Named(named), .. } if named.len() == len => {
                Ok(Parts { of: self.0, fields: *fields, element: None, at: 0, variant: None })
            }
            _ => self.other(format_args!("`{name}`, a struct of {len} named fields")),
        }
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        index: u32,
        name: &'static str,
        _: usize,
    ) -> Checked<Parts> {
        self.parts_of(index, name)
    }
}

/// Where in something of several parts the next one stands.
pub struct Parts {
    of: &'static Shape,
    fields: Fields,
    /// The shape of every part, where they are alike.
    element: Option<&'static Shape>,
    at: usize,
    variant: Option<&'static str>,
}

impl Parts {
    fn part<T: Serialize + ?Sized>(&mut self, value: &T) -> Checked {
        let at = self.at;
        self.at += 1;
        let shape = match (&self.fields, self.element) {
            (_, Some(element)) => Some(element),
            (Fields::Positional(parts), None) => parts.get(at).copied(),
            _ => None,
        };
        let Some(shape) = shape else { return Err(self.differs(format_args!("a part {at} without a name"))) };
        let place = self.place(at);
        value.serialize(Writer::at(shape)).map_err(|error| error.within(self.of, place))
    }

    fn field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Checked {
        let at = self.at;
        self.at += 1;
        let found = match &self.fields {
            Fields::Named(fields) => fields.get(at),
            _ => None,
        };
        match found {
            Some(Field { name: declared, shape, .. }) if *declared == name => {
                let place = self.place(name);
                value.serialize(Writer::at(shape)).map_err(|error| error.within(self.of, place))
            }
            _ => Err(self.differs(format_args!("`{name}` as field {at}"))),
        }
    }

    fn place(&self, part: impl std::fmt::Display) -> String {
        self.variant.map_or_else(|| part.to_string(), |variant| format!("{variant}.{part}"))
    }

    fn differs(&self, written: impl std::fmt::Display) -> ShapeMismatch {
        ShapeMismatch::differs(self.of, written)
    }

    /// Everything that was declared has been written.
    fn whole(self) -> Checked {
        let declared = match (&self.fields, self.element) {
            (Fields::Positional(parts), None) => parts.len(),
            (Fields::Named(fields), None) => fields.len(),
            _ => return Ok(()),
        };
        if self.at == declared {
            return Ok(());
        }
        Err(self.differs(format_args!("{} of its {declared} fields", self.at)))
    }
}

macro_rules! parts {
    ($($of:ident { $($function:ident($($name:ident)?) => $way:ident),* })*) => {
        $(impl ser::$of for Parts {
            type Ok = ();
            type Error = ShapeMismatch;
            $(fn $function<T: Serialize + ?Sized>(&mut self, $($name: &'static str,)? value: &T) -> Checked {
                self.$way($($name,)? value)
            })*
            fn end(self) -> Checked {
                self.whole()
            }
        })*
    };
}

parts! {
    SerializeSeq { serialize_element() => part }
    SerializeTuple { serialize_element() => part }
    SerializeTupleStruct { serialize_field() => part }
    SerializeTupleVariant { serialize_field() => part }
    SerializeStruct { serialize_field(name) => field }
    SerializeStructVariant { serialize_field(name) => field }
}

impl ser::SerializeMap for Parts {
    type Ok = ();
    type Error = ShapeMismatch;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Checked {
        let Shape::Map(shape, _) = self.of else { return Err(self.differs("a map")) };
        key.serialize(Writer::at(shape)).map_err(|error| error.within(self.of, "key"))
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Checked {
        let Shape::Map(_, shape) = self.of else { return Err(self.differs("a map")) };
        value.serialize(Writer::at(shape)).map_err(|error| error.within(self.of, "value"))
    }

    fn end(self) -> Checked {
        Ok(())
    }
}
