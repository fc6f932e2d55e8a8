//! Texts and lists with a bound of their own, kept when they are made and when they are decoded.

use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;

use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Message, Shape};

/// A `String` of at most `MAX` bytes or a `Vec` of at most `MAX` elements.
///
/// ```
/// use farcall_protocol::{Bounded, Message};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Serialize, Deserialize, Message)]
/// struct Rename {
///     name: Bounded<String, 24>,
///     tags: Bounded<Vec<u16>, 8>,
/// }
///
/// let name: Bounded<String, 24> = "owl".to_owned().try_into().unwrap();
/// assert_eq!(name.len(), 3); // reads like what it holds
/// assert_eq!(Bounded::<_, 3>::new("otter".to_owned()).unwrap_err().to_string(), "5 bytes, at most 3 are allowed");
/// ```
///
/// A longer one that arrives is not decoded: the call ends as `NotExecuted(BadArguments)` before its handler
/// starts, and a list is read no further than its bound. The bound is no part of the shape, so it may change without
/// breaking a peer.
///
/// A type and not an attribute on the field: serde's derive decodes, and an attribute of ours could only ask for a
/// check that somebody else must remember to write. A type is also bounded inside the program, and in an argument.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Bounded<T, const MAX: usize>(T);

/// Something longer than its bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooLong {
    /// How long it is.
    pub len: usize,
    /// How long it may be.
    pub max: usize,
    unit: &'static str,
}

impl fmt::Display for TooLong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}, at most {} are allowed", self.len, self.unit, self.max)
    }
}

impl std::error::Error for TooLong {}

/// What has a length that can be bounded while it is decoded.
pub trait Measure: Sized {
    /// What its length counts: `"bytes"`.
    const UNIT: &'static str;
    /// Its length.
    fn measure(&self) -> usize;
    /// Reads one that is at most this long.
    ///
    /// # Errors
    /// The decoder's own, and one for a longer one.
    fn read<'de, D: Deserializer<'de>>(from: D, max: usize) -> Result<Self, D::Error>
    where
        Self: Deserialize<'de>;
}

impl Measure for String {
    const UNIT: &'static str = "bytes";

    fn measure(&self) -> usize {
        self.len()
    }

    fn read<'de, D: Deserializer<'de>>(from: D, max: usize) -> Result<Self, D::Error> {
        let text = Self::deserialize(from)?;
        check(&text, max).map_err(D::Error::custom)?;
        Ok(text)
    }
}

impl<T> Measure for Vec<T> {
    const UNIT: &'static str = "elements";

    fn measure(&self) -> usize {
        self.len()
    }

    fn read<'de, D: Deserializer<'de>>(from: D, max: usize) -> Result<Self, D::Error>
    where
        Self: Deserialize<'de>,
    {
        // The element is known only through the list's own bound: a list of one is read at a time.
        from.deserialize_seq(ListVisitor { max, _list: PhantomData })
    }
}
