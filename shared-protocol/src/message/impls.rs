//! `Message` for the standard library's types.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::hash::{BuildHasher, Hash};
use std::time::Duration;

use super::{Field, Fields, Message, Shape};
use crate::ids::Uid;

macro_rules! primitives {
    ($($type:ty => $shape:ident),* $(,)?) => {
        $(impl Message for $type { const SHAPE: &'static Shape = &Shape::$shape; })*
    };
}

primitives! {
    () => Unit, bool => Bool,
    bytes::Bytes => Bytes,
    u8 => U8, u16 => U16, u32 => U32, u64 => U64, u128 => U128,
    i8 => I8, i16 => I16, i32 => I32, i64 => I64, i128 => I128,
    f32 => F32, f64 => F64, char => Char, String => Str, Uid => Str,
}

/// Refuses at compile time an element without bytes of its own.
const fn element<T: Message>() -> &'static Shape {
    assert!(
        T::SHAPE.wire_bytes_min() > 0,
        "a sequence's element must take at least one byte on the wire: a peer could claim billions of empty ones"
    );
    T::SHAPE
}

impl<T: Message> Message for Option<T> {
    const SHAPE: &'static Shape = &Shape::Option(T::SHAPE);
}

impl<T: Message> Message for Box<T> {
    const SHAPE: &'static Shape = T::SHAPE;
}

impl<T: Message> Message for Vec<T> {
    const SHAPE: &'static Shape = &Shape::Seq(element::<T>());
}

impl<T: Message> Message for VecDeque<T> {
    const SHAPE: &'static Shape = &Shape::Seq(element::<T>());
}

impl<T: Message + Ord> Message for BTreeSet<T> {
    const SHAPE: &'static Shape = &Shape::Seq(element::<T>());
}

impl<T: Message + Eq + Hash, H: BuildHasher + Default + Send + 'static> Message for HashSet<T, H> {
    const SHAPE: &'static Shape = &Shape::Seq(element::<T>());
}

impl<K: Message + Ord, V: Message> Message for BTreeMap<K, V> {
    const SHAPE: &'static Shape = &Shape::Map(element::<K>(), V::SHAPE);
}

impl<K: Message + Eq + Hash, V: Message, H: BuildHasher + Default + Send + 'static> Message
    for HashMap<K, V, H>
{
    const SHAPE: &'static Shape = &Shape::Map(element::<K>(), V::SHAPE);
}

impl Message for Duration {
    const SHAPE: &'static Shape = &Shape::Struct {
        name: "Duration",
        fields: Fields::Named(&[
            Field { name: "secs", shape: &Shape::U64, secret: false },
            Field { name: "nanos", shape: &Shape::U32, secret: false },
        ]),
    };
}

macro_rules! tuples {
    ($($($name:ident)+;)*) => {
        $(impl<$($name: Message),+> Message for ($($name,)+) {
            const SHAPE: &'static Shape = &Shape::Tuple(&[$($name::SHAPE),+]);
        })*
    };
}

tuples! {
    A;
    A B;
    A B C;
    A B C D;
    A B C D E;
    A B C D E F;
    A B C D E F G;
    A B C D E F G H;
}

macro_rules! arrays {
    ($($len:literal)*) => {
        $(impl<T: Message> Message for [T; $len] {
            const SHAPE: &'static Shape = &Shape::Array(T::SHAPE, $len);
        })*
    };
}

// The lengths for which serde itself encodes arrays.
arrays! { 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32 }
