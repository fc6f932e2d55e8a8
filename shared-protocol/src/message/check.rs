//! Compares what serde writes for a value with the shape that its type declares: for tests of types whose shape was
//! written by hand (`#[message(as = ..)]`) or whose `Serialize` was.

use std::fmt::{self, Display};

use super::{Fields, Message, Shape};
use crate::codec::{Codec, CodecError};

mod writer;

/// Checks that a value is on the wire what its type's shape says, and that it can be read back. A derived type is
/// by itself; for a field with `#[message(as = ..)]` nobody but this can know, so call it in a test.
///
/// ```
/// use farcall_protocol::{Message, check_shape};
/// use serde::{Deserialize, Serialize};
///
/// // Of another crate: serde knows it, Farcall does not.
/// #[derive(Serialize, Deserialize)]
/// struct Color(u8, u8, u8);
///
/// #[derive(Serialize, Deserialize, Message)]
/// struct Hat {
///     #[message(as = [u8; 3])]
///     color: Color,
/// }
/// assert_eq!(check_shape(&Hat { color: Color(255, 0, 0) }), Ok(()));
///
/// #[derive(Serialize, Deserialize, Message)]
/// struct Shoe {
///     #[message(as = u32)]
///     color: Color,
/// }
/// assert_eq!(
///     check_shape(&Shoe { color: Color(255, 0, 0) }).unwrap_err().to_string(),
///     "`Shoe.color` is declared as `u32`, and serde writes a tuple of 3: change its type, or its \
///      `#[message(as = ..)]`"
/// );
/// ```
///
/// Give it a value in which no list is empty and every option is there: what is not written cannot be compared.
///
/// # Errors
/// [`ShapeMismatch`], naming the field.
pub fn check_shape<T: Message>(value: &T) -> Result<(), ShapeMismatch> {
    value.serialize(writer::Writer::at(T::SHAPE))?;
    let reads = |error: CodecError| ShapeMismatch {
        place: Vec::new(),
        of: name(T::SHAPE),
        what: What::Unreadable(error.to_string()),
    };
    let (mut bytes, mut again) = (Vec::new(), Vec::new());
    Codec::Bincode.encode(value, &mut bytes).map_err(reads)?;
    let back: T = Codec::Bincode.decode(&bytes).map_err(reads)?;
    Codec::Bincode.encode(&back, &mut again).map_err(reads)?;
    // Sets and maps may come back in another order; their bytes are then as many.
    if bytes.len() != again.len() {
        let unequal = format!("{} bytes became {}", bytes.len(), again.len());
        return Err(reads(CodecError::Malformed(unequal)));
    }
    Ok(())
}

/// Where serde writes something else than a type's shape says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShapeMismatch {
    /// The fields that lead there, the innermost first.
    place: Vec<String>,
    /// The type they are in.
    of: String,
    what: What,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum What {
    Differs {
        declared: String,
        written: String,
    },
    Unreadable(String),
    /// A type's own complaint.
    Refused(String),
}

impl ShapeMismatch {
    fn differs(declared: &Shape, written: impl Display) -> Self {
        let what = What::Differs { declared: declared.to_string(), written: written.to_string() };
        Self { place: Vec::new(), of: name(declared), what }
    }

    /// The same, seen from the type around it.
    fn within(mut self, of: &Shape, field: impl Display) -> Self {
        self.place.push(field.to_string());
        self.of = name(of);
        self
    }
}

fn name(shape: &Shape) -> String {
    shape.to_string()
}

impl Display for ShapeMismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}", self.of)?;
        for field in self.place.iter().rev() {
            write!(f, ".{field}")?;
        }
        match &self.what {
            What::Differs { declared, written } => write!(
                f,
                "` is declared as `{declared}`, and serde writes {written}: change its type, or its \
                 `#[message(as = ..)]`"
            ),
            What::Unreadable(why) => write!(
                f,
                "` cannot be read back from what serde writes ({why}): its `Serialize` and `Deserialize` differ"
            ),
            What::Refused(why) => write!(f, "` cannot be written: {why}"),
        }
    }
}

impl std::error::Error for ShapeMismatch {}

impl serde::ser::Error for ShapeMismatch {
    fn custom<T: Display>(why: T) -> Self {
        Self { place: Vec::new(), of: "value".into(), what: What::Refused(why.to_string()) }
    }
}

/// A struct of one positional part is that part on the wire.
fn peeled(mut shape: &'static Shape) -> &'static Shape {
    while let Shape::Struct { fields: Fields::Positional([only]), .. } = shape {
        shape = only;
    }
    shape
}
