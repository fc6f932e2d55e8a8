//! Texts and lists with a bound of their own, kept when they are made and when they are decoded.

use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;

use serde::de::{DeserializeOwned, Error, SeqAccess, Visitor};
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

impl<T: Measure, const MAX: usize> Bounded<T, MAX> {
    /// Takes what is short enough.
    ///
    /// # Errors
    /// [`TooLong`].
    pub fn new(value: T) -> Result<Self, TooLong> {
        match value.measure() {
            len if len > MAX => Err(TooLong { len, max: MAX, unit: T::UNIT }),
            _ => Ok(Self(value)),
        }
    }

    /// What it holds, free of the bound.
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T, const MAX: usize> Deref for Bounded<T, MAX> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: fmt::Debug, const MAX: usize> fmt::Debug for Bounded<T, MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<T: fmt::Display, const MAX: usize> fmt::Display for Bounded<T, MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<const MAX: usize> TryFrom<String> for Bounded<String, MAX> {
    type Error = TooLong;
    fn try_from(text: String) -> Result<Self, TooLong> {
        Self::new(text)
    }
}

impl<const MAX: usize> TryFrom<&str> for Bounded<String, MAX> {
    type Error = TooLong;
    fn try_from(text: &str) -> Result<Self, TooLong> {
        Self::new(text.to_owned())
    }
}

impl<T: DeserializeOwned, const MAX: usize> TryFrom<Vec<T>> for Bounded<Vec<T>, MAX> {
    type Error = TooLong;
    fn try_from(list: Vec<T>) -> Result<Self, TooLong> {
        Self::new(list)
    }
}

impl<T: Message + Measure, const MAX: usize> Message for Bounded<T, MAX> {
    const SHAPE: &'static Shape = T::SHAPE;
}

impl<T: Serialize, const MAX: usize> Serialize for Bounded<T, MAX> {
    fn serialize<S: Serializer>(&self, into: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(into)
    }
}

impl<'de, T: Measure, const MAX: usize> Deserialize<'de> for Bounded<T, MAX> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        T::read(from, MAX).map(Self)
    }
}

/// What has a length that can be bounded while it is decoded: `String` and `Vec`.
pub trait Measure: Sized {
    /// What its length counts.
    const UNIT: &'static str;
    /// Its length.
    fn measure(&self) -> usize;
    /// Reads one of at most this length.
    ///
    /// # Errors
    /// The decoder's own; and [`TooLong`] in its words.
    fn read<'de, D: Deserializer<'de>>(from: D, max: usize) -> Result<Self, D::Error>;
}

impl Measure for String {
    const UNIT: &'static str = "bytes";

    fn measure(&self) -> usize {
        self.len()
    }

    fn read<'de, D: Deserializer<'de>>(from: D, max: usize) -> Result<Self, D::Error> {
        let text = Self::deserialize(from)?;
        match text.len() {
            len if len > max => Err(D::Error::custom(TooLong { len, max, unit: Self::UNIT })),
            _ => Ok(text),
        }
    }
}

impl<T: DeserializeOwned> Measure for Vec<T> {
    const UNIT: &'static str = "elements";

    fn measure(&self) -> usize {
        self.len()
    }

    fn read<'de, D: Deserializer<'de>>(from: D, max: usize) -> Result<Self, D::Error> {
        from.deserialize_seq(ListOf { max, _element: PhantomData })
    }
}

struct ListOf<T> {
    max: usize,
    _element: PhantomData<T>,
}

impl<'de, T: DeserializeOwned> Visitor<'de> for ListOf<T> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a list of at most {}", self.max)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut from: A) -> Result<Vec<T>, A::Error> {
        let mut list = Vec::new();
        while let Some(element) = from.next_element()? {
            // One beyond the bound is enough to know: a few bytes may become a large element each.
            if list.len() == self.max {
                let sentence = format_args!("more than the {} elements that are allowed", self.max);
                return Err(A::Error::custom(sentence));
            }
            list.push(element);
        }
        Ok(list)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::Codec;

    fn bytes(value: &impl Serialize) -> Vec<u8> {
        let mut bytes = Vec::new();
        Codec::Bincode.encode(value, &mut bytes).unwrap();
        bytes
    }

    #[test]
    fn what_is_too_long_does_not_arrive_in_any_codec() {
        for &codec in Codec::ALL {
            let mut text = Vec::new();
            codec.encode("otter", &mut text).unwrap();
            assert_eq!(codec.decode::<Bounded<String, 5>>(&text).unwrap().as_str(), "otter");
            let refused = codec.decode::<Bounded<String, 4>>(&text).unwrap_err().to_string();
            assert!(refused.contains("5 bytes, at most 4 are allowed"), "{refused}");
        }
        let list = bytes(&vec![7_u16, 300, 9]);
        assert_eq!(*Codec::Bincode.decode::<Bounded<Vec<u16>, 3>>(&list).unwrap(), [7, 300, 9]);
        let refused = Codec::Bincode.decode::<Bounded<Vec<u16>, 2>>(&list).unwrap_err().to_string();
        assert!(refused.contains("more than the 2 elements"), "{refused}");
    }

    #[test]
    fn a_bound_changes_neither_bytes_nor_signature() {
        assert_eq!(Bounded::<String, 9>::SHAPE, String::SHAPE);
        assert_eq!(bytes(&Bounded::<_, 9>::new("owl".to_owned()).unwrap()), bytes(&"owl"));
    }
}
